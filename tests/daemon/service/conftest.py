"""What tests of the service share."""

from pathlib import Path

import pytest

from tests.daemon.service.taught_daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return Daemon(tmp_path / "state" / "voices.json")
