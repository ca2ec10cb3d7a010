"""The token: made once, kept from others, and refused where others could know it."""

import stat
from pathlib import Path

import pytest

from emotiond.errors import EmotiondError, InputError
from emotiond.hub.token import token_of


def test_a_token_is_made_once_and_only_its_user_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "hub-token"
    token, new = token_of(path)
    assert new
    assert len(token) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_of(path) == (token, False)
    path.unlink()
    assert token_of(path)[0] != token


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ("x" * 40, 0o640, "others may read the hub's token; run: chmod 600"),
        ("x" * 40, 0o604, "others may read the hub's token; run: chmod 600"),
        ("", 0o600, "not a token of the hub; delete the file"),
        ("short", 0o600, "not a token of the hub; delete the file"),
        ("two words that are long enough to be one", 0o600, "not a token of the hub"),
    ],
)
def test_a_file_that_is_no_secret_is_refused(
    tmp_path: Path, content: str, mode: int, words: str
) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(InputError) as caught:
        token_of(path)
    assert str(caught.value).startswith(f"{path}: {words}")


def test_a_place_where_no_file_can_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "token"
    with pytest.raises(EmotiondError) as caught:
        token_of(path)
    assert str(caught.value).startswith(f"the hub's token can't be kept in {path}: not a directory")
