"""Which profile teaches a model: a named one must fit, the default one need not."""

from pathlib import Path

import pytest

from emotiond.errors import InputError, ProfileError
from emotiond.model.profile import new_profile
from emotiond.model.profile_file import write_profile
from emotiond.model.voices import chosen_profile, profile_file
from emotiond.testing import fake_contract
from tests.daemon.voices import CONTRACT, EMBEDDING, profile_of

OTHER_MODEL = fake_contract(**EMBEDDING, sha256="f" * 64)


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the default profile, which is not there yet."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "emotiond" / "voices.json"


def test_the_default_profile_is_used_where_it_is_there_and_fits(default: Path) -> None:
    said: list[str] = []
    assert chosen_profile(CONTRACT, None, said.append) is None
    write_profile(default, profile_of(["calm"]))
    assert chosen_profile(CONTRACT, None, said.append) == profile_of(["calm"])
    assert chosen_profile(CONTRACT, "none", said.append) is None
    assert said == []


@pytest.mark.parametrize("contract", [OTHER_MODEL, fake_contract()])
def test_a_default_profile_of_another_model_is_said_and_left_out(default: Path, contract) -> None:
    said: list[str] = []
    write_profile(default, profile_of(["calm"]))
    assert chosen_profile(contract, None, said.append) is None
    [sentence] = said
    assert sentence.endswith("goes on untaught")


def test_a_named_profile_must_be_there_and_fit(default: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    write_profile(path, profile_of(["calm"]))
    assert chosen_profile(CONTRACT, path, pytest.fail) == profile_of(["calm"])
    with pytest.raises(ProfileError, match="another model"):
        chosen_profile(OTHER_MODEL, str(path), pytest.fail)
    with pytest.raises(ProfileError, match="no such file"):
        chosen_profile(CONTRACT, "missing.json", pytest.fail)


def test_a_profile_without_examples_is_no_profile(tmp_path: Path) -> None:
    write_profile(tmp_path / "mine.json", new_profile(CONTRACT))
    assert chosen_profile(CONTRACT, tmp_path / "mine.json", pytest.fail) is None


def test_a_system_service_has_its_profile_in_its_state_folder(
    default: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert profile_file(None) == default
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/emotiond:/var/lib/more")
    assert profile_file(None) == Path("/var/lib/emotiond/voices.json")
    assert profile_file("none") is None
    assert profile_file("./none") == Path("none")


def test_without_a_home_nothing_is_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise InputError("this user has no home folder")

    monkeypatch.setattr("emotiond.model.voices.voices_file", homeless)
    assert chosen_profile(CONTRACT, None, pytest.fail) is None
