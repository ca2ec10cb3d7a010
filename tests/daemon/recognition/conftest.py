"""Fixtures of the tests of recognition."""

import pytest

from emotiond.model.runtime import Classifier


@pytest.fixture(scope="module")
def classifier(model_path) -> Classifier:
    return Classifier(model_path)
