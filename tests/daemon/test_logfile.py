"""The log: whole lines only, a file a day, no more of it than was asked for."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond import logfile
from emotiond.errors import InputError
from emotiond.logfile import LogSink, repair
from emotiond.record import Status, decode, encode

NOON = datetime(2026, 2, 28, 12, 0, 0, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def status(message: str) -> Status:
    return Status(model="abcd", event="started", message=message)


def messages(path: Path) -> list[str]:
    """Return the messages of a file, all lines of which must be whole records."""
    content = path.read_bytes()
    assert content == b"" or content.endswith(b"\n")
    return [decode(line).message for line in content.splitlines()]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file grow over a size, as a full disk does; Python ignores the signal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_line_is_in_the_file_as_soon_as_it_is_written(tmp_path: Path) -> None:
    log = LogSink(tmp_path / "deep" / "down", now=Clock())
    assert log.path == tmp_path / "deep" / "down" / "predictions-2026-02-28.jsonl"
    for i in range(3):
        log.write(status(f"{i}"))
        assert messages(log.path) == [f"{j}" for j in range(i + 1)]


def test_what_is_there_is_kept_and_lines_follow_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        log = LogSink(tmp_path, now=Clock())
        log.write(status(name))
        log.close()
        log.close()
    log.write(status("after closing"))
    assert messages(log.path) == ["one", "two", "after closing"]


def test_a_new_file_begins_at_midnight_in_utc(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC))
    log = LogSink(tmp_path, now=clock)
    log.write(status("last"))
    clock.now += timedelta(microseconds=1)
    log.write(status("first"))
    assert messages(tmp_path / "predictions-2026-02-28.jsonl") == ["last"]
    assert messages(tmp_path / "predictions-2026-03-01.jsonl") == ["first"]
    assert log.path.name == "predictions-2026-03-01.jsonl"


def test_a_clock_that_is_set_back_goes_on_in_the_file_of_that_day(tmp_path: Path) -> None:
    clock = Clock()
    log = LogSink(tmp_path, now=clock)
    log.write(status("one"))
    clock.now += timedelta(days=1)
    log.write(status("two"))
    clock.now = NOON
    log.write(status("three"))
    assert messages(tmp_path / "predictions-2026-02-28.jsonl") == ["one", "three"]
    assert messages(tmp_path / "predictions-2026-03-01.jsonl") == ["two"]


def fill(folder: Path, days: int, size: int = 100) -> list[str]:
    """Make files of the days before today, and return their days, oldest first."""
    names = []
    for i in range(days, 0, -1):
        name = (NOON - timedelta(days=i)).date().isoformat()
        line = encode(status("x" * (size - len(encode(status(""))) - 1))) + b"\n"
        (folder / f"predictions-{name}.jsonl").write_bytes(line)
        names.append(name)
    return names


def kept(folder: Path) -> list[str]:
    return sorted(
        each.name.removeprefix("predictions-").removesuffix(".jsonl")
        for each in folder.glob("predictions-*.jsonl")
    )


@pytest.mark.parametrize("keep_days", [1, 3, 30, 36_500])
def test_files_are_kept_for_so_many_days(tmp_path: Path, keep_days: int) -> None:
    days = fill(tmp_path, 10)
    LogSink(tmp_path, keep_days=keep_days, now=Clock())
    assert kept(tmp_path) == [*days[-keep_days:], "2026-02-28"]


@pytest.mark.parametrize(("max_bytes", "left"), [(1000, 10), (999, 9), (350, 3), (100, 1), (1, 0)])
def test_the_oldest_files_are_deleted_while_there_is_too_much(
    tmp_path: Path, max_bytes: int, left: int
) -> None:
    days = fill(tmp_path, 10)
    LogSink(tmp_path, max_bytes=max_bytes, now=Clock())
    assert kept(tmp_path) == [*days[10 - left :], "2026-02-28"]


def test_todays_file_is_never_deleted_and_nothing_that_is_not_ours(tmp_path: Path) -> None:
    today = tmp_path / "predictions-2026-02-28.jsonl"
    today.write_bytes(encode(status("x" * 1000)) + b"\n")
    others = ["notes.txt", "predictions-old.jsonl", "predictions-2020-01-01.jsonl.gz"]
    for name in others:
        (tmp_path / name).write_text("mine")
    LogSink(tmp_path, max_bytes=1, keep_days=1, now=Clock())
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([*others, today.name])
    assert messages(today) == ["x" * 1000]


def test_old_files_are_deleted_also_at_midnight(tmp_path: Path) -> None:
    clock = Clock()
    log = LogSink(tmp_path, keep_days=2, now=clock)
    for _ in range(5):
        log.write(status("x"))
        clock.now += timedelta(days=1)
    assert kept(tmp_path) == ["2026-03-02", "2026-03-03", "2026-03-04"]


@given(
    texts=st.lists(st.text(max_size=30), max_size=5),
    cut_off=st.integers(0, 400),
)
def test_a_torn_line_is_cut_off_wherever_it_was_torn(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cut_off: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = LogSink(folder, now=Clock())
    for text in texts:
        log.write(status(text.encode(errors="replace").decode()))
    log.close()
    content = log.path.read_bytes()
    torn = content[: max(0, len(content) - cut_off)]
    log.path.write_bytes(torn)
    log = LogSink(folder, now=Clock())
    assert log.path.read_bytes() == torn[: torn.rfind(b"\n") + 1]
    log.write(status("next"))
    log.close()
    assert messages(log.path)[-1] == "next"
    assert len(messages(log.path)) == torn.count(b"\n") + 1


@pytest.mark.parametrize("whole", [b"", b"{}\n", b"{}\n" * 50_000])
@pytest.mark.parametrize("torn", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_repair_cuts_a_torn_line_of_any_length(tmp_path: Path, whole: bytes, torn: int) -> None:
    path = tmp_path / "log"
    path.write_bytes(whole + b"x" * torn)
    repair(path)
    assert path.read_bytes() == whole


def test_repair_of_no_file_makes_none(tmp_path: Path) -> None:
    repair(tmp_path / "log")
    assert list(tmp_path.iterdir()) == []


@given(room=st.integers(0, 200))
def test_a_disk_that_fills_up_keeps_whole_lines_and_goes_on_when_there_is_room(
    tmp_path_factory: pytest.TempPathFactory, room: int
) -> None:
    log = LogSink(tmp_path_factory.mktemp("log"), now=Clock())
    log.write(status("before"))
    lost = []
    with file_size_limit(log.path.stat().st_size + room):
        for i in range(4):
            try:
                log.write(status(f"{i}"))
            except OSError:
                lost.append(f"{i}")
            assert "before" in messages(log.path)
    log.write(status("after"))
    log.close()
    assert lost
    there = [f"{i}" for i in range(4) if f"{i}" not in lost]
    assert messages(log.path) == ["before", *there, "after"]


def test_a_write_that_takes_part_of_a_line_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogSink(tmp_path, now=Clock())
    log.write(status("whole"))
    write = os.write
    monkeypatch.setattr(logfile.os, "write", lambda file, data: write(file, data[:7]))
    with pytest.raises(OSError, match="No space"):
        log.write(status("half"))
    monkeypatch.undo()
    assert messages(log.path) == ["whole"]
    log.write(status("next"))
    assert messages(log.path) == ["whole", "next"]


def test_a_device_without_room_raises_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "predictions-2026-02-28.jsonl").symlink_to("/dev/full")
    log = LogSink(tmp_path, now=Clock())
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            log.write(status("x"))
    log.close()


def test_a_folder_that_has_gone_is_an_error_until_it_is_back(tmp_path: Path) -> None:
    clock = Clock()
    folder = tmp_path / "logs"
    log = LogSink(folder, now=clock)
    folder.rename(tmp_path / "away")
    clock.now += timedelta(days=1)
    for _ in range(2):
        with pytest.raises(OSError, match="No such file"):
            log.write(status("lost"))
    folder.mkdir()
    log.write(status("back"))
    assert messages(log.path) == ["back"]


@pytest.mark.parametrize("below", ["file", "file/deeper"])
def test_a_folder_that_can_not_be_made_is_one_sentence(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match=r"can't be written to \(.*\); choose another") as caught:
        LogSink(tmp_path / below)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="permission denied"):
        LogSink(tmp_path)
