"""Paths: home folders, folders and files that can't be made or written to, new files in place."""

import os
import pwd
from pathlib import Path

import pytest

from emotiond.errors import EmotiondError, InputError
from emotiond.paths import (
    nearest_folder,
    replacement,
    state_folder,
    try_file,
    try_folder,
    user_path,
)


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this user one whom the system does not know, as with ``docker run -u 1234``."""

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert user_path("~/a") == Path("/home/me/a")
    assert user_path("~root/a") == Path(pwd.getpwnam("root").pw_dir, "a")
    assert user_path("a/~") == Path("a/~")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("~nobody-9/a", "~nobody-9/a: there is no user nobody-9"),
        ("~a\0", "~a\\x00: there is no user a\\x00"),
        ("~/a", "~/a: this user has no home folder; set HOME"),
        ("~", "~: this user has no home folder; set HOME"),
    ],
)
def test_an_unknown_home_folder_is_one_sentence(no_home: None, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        user_path(text)
    assert str(caught.value) == message


def test_the_state_folder_needs_a_home_or_a_variable(
    no_home: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="no home folder"):
        state_folder()
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert state_folder() == Path("/state/emotiond")


def test_a_folder_that_can_be_made_passes_and_is_not_made(tmp_path: Path) -> None:
    try_folder(tmp_path)
    try_folder(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    assert nearest_folder(tmp_path / "a" / "b") == tmp_path
    assert nearest_folder(Path("no-such-folder")) == Path()


@pytest.mark.parametrize("name", ["file", "file/logs", "dangling", "dangling/logs", "x" * 300])
def test_a_folder_that_can_not_be_made_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(OSError, match=r"\[Errno"):
        try_folder(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_file_is_tried_without_a_change(tmp_path: Path) -> None:
    try_file(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("mine")
    try_file(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")  # nobody reads it: a plain open would wait for ever
    for name in ("folder", "pipe", "file/inside"):
        with pytest.raises(OSError, match=r"\[Errno"):
            try_file(tmp_path / name)


def test_a_file_is_replaced_only_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def interrupted() -> None:
        with replacement(path) as new:
            new.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    with replacement(path) as new:
        new.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_that_a_link_leads_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("file")
    with replacement(link) as new:
        new.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_a_device_is_written_to_directly() -> None:
    with replacement(Path(os.devnull)) as new:
        assert new == Path(os.devnull)


def test_a_file_that_can_not_be_written_is_named_as_the_user_named_it(tmp_path: Path) -> None:
    path = tmp_path / "no" / "folder.csv"
    with (
        pytest.raises(EmotiondError, match=r"no/folder\.csv can't be written: no such file"),
        replacement(path) as new,
    ):
        new.write_text("")
