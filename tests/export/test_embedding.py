"""A model file that was exported without an embedding gets one, and stays the same otherwise."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from emotiond.errors import ModelError
from emotiond.model.contract import Contract
from emotiond.model.file import read_contract
from emotiond.model.runtime import Classifier
from emotiond_export.embedding import add_embedding


def test_logits_and_contract_stay_and_the_embedding_is_the_input_of_the_last_layer(
    plain_path: Path, tmp_path: Path, contract: Contract
) -> None:
    path = Path(shutil.copy(plain_path, tmp_path / "changed.tflite"))
    add_embedding(path)
    before, after = Classifier(plain_path), Classifier(path)
    assert after.contract.sha256 != before.contract.sha256
    # The shipped small model was made so.
    assert after.contract == contract
    random = np.random.default_rng(1)
    shape = (contract.window_frames, contract.mfcc.n_mfcc)
    windows = random.normal(0.0, 20.0, (6, *shape)).astype(np.float32)
    found = [after.run(each) for each in windows]
    for window, output in zip(windows, found, strict=True):
        np.testing.assert_array_equal(output.logits, before.run(window).logits)
        assert output.embedding is not None
        assert output.embedding.shape == (360,)
    # The last layer is linear in it, but for the rounding of int8.
    embeddings = np.array([each.embedding for each in found])
    assert np.linalg.matrix_rank(embeddings) == len(windows)


def test_a_file_with_an_embedding_is_refused_in_one_sentence(embedding_path: Path) -> None:
    before = embedding_path.read_bytes()
    with pytest.raises(ModelError, match="has an embedding already"):
        add_embedding(embedding_path)
    assert embedding_path.read_bytes() == before
    assert read_contract(embedding_path).embedding_size == 360
