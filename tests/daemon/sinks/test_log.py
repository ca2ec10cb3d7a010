"""The log: whole lines only, one file a day."""

import contextlib
import errno
import itertools
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.errors import InputError
from emotiond.record import decode
from emotiond.sinks.log import LogSink, repair
from tests.conftest import LIKE_ANY_USER
from tests.daemon.logs import NOON, Clock, fill, messages, status


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes, as on a full disk; Python ignores the signal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_each_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    log = LogSink(tmp_path / "deep" / "down", now=Clock())
    assert log.path == tmp_path / "deep" / "down" / "predictions-2026-02-28.jsonl"
    for i in range(3):
        log.write(status(f"{i}"))
        assert messages(log.path) == [f"{j}" for j in range(i + 1)]


def test_new_lines_follow_those_of_an_earlier_run(tmp_path: Path) -> None:
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


def test_after_the_clock_is_set_back_lines_go_to_the_file_of_that_day(tmp_path: Path) -> None:
    clock = Clock()
    log = LogSink(tmp_path, now=clock)
    log.write(status("one"))
    clock.now += timedelta(days=1)
    log.write(status("two"))
    clock.now = NOON
    log.write(status("three"))
    assert messages(tmp_path / "predictions-2026-02-28.jsonl") == ["one", "three"]
    assert messages(tmp_path / "predictions-2026-03-01.jsonl") == ["two"]


def test_only_user_and_group_may_read_the_log(tmp_path: Path) -> None:
    log = LogSink(tmp_path, now=Clock())
    assert log.path.stat().st_mode & 0o777 == 0o640


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


def test_repair_makes_no_file(tmp_path: Path) -> None:
    repair(tmp_path / "log")
    assert list(tmp_path.iterdir()) == []


@given(room=st.integers(0, 200))
def test_a_full_disk_keeps_whole_lines_and_logging_goes_on_when_there_is_room(
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


def test_a_line_that_was_written_in_part_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogSink(tmp_path, now=Clock())
    log.write(status("whole"))
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    with pytest.raises(OSError, match="No space"):
        log.write(status("half"))
    monkeypatch.undo()
    assert messages(log.path) == ["whole"]
    log.write(status("next"))
    assert messages(log.path) == ["whole", "next"]


def test_a_device_without_room_raises_at_every_record(tmp_path: Path) -> None:
    (tmp_path / "predictions-2026-02-28.jsonl").symlink_to("/dev/full")
    log = LogSink(tmp_path, now=Clock())
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            log.write(status("x"))
    log.close()


NEW_LOG = "the log file was deleted or moved away; this is a new one"


@pytest.mark.parametrize("what", ["file", "folder", "all"])
@pytest.mark.parametrize("how", ["deleted", "moved"])
def test_a_log_that_was_deleted_or_moved_begins_again_with_the_next_record(
    tmp_path: Path, what: str, how: str
) -> None:
    folder = tmp_path / "deep" / "logs"
    log = LogSink(folder, now=Clock())
    log.write(status("before"))
    gone = {"file": log.path, "folder": folder, "all": folder.parent}[what]
    gone.rename(tmp_path / "away")
    if how == "deleted":
        shutil.rmtree(tmp_path / "away", ignore_errors=True)
        (tmp_path / "away").unlink(missing_ok=True)
    log.write(status("one"))
    log.write(status("two"))
    assert messages(log.path) == [NEW_LOG, "one", "two"]
    assert decode(log.path.read_bytes().splitlines()[0]).subject == log.path.name
    moved = [messages(each) for each in tmp_path.glob("away/**/*.jsonl")]
    assert moved in ([], [["before"]])


def test_a_folder_that_is_gone_at_midnight_is_made_again(tmp_path: Path) -> None:
    clock = Clock()
    log = LogSink(tmp_path / "logs", now=clock)
    (tmp_path / "logs").rename(tmp_path / "away")
    clock.now += timedelta(days=1)
    log.write(status("next day"))
    assert messages(log.path) == [NEW_LOG, "next day"]


def test_a_file_in_place_of_the_folder_is_an_error_until_it_is_gone(tmp_path: Path) -> None:
    log = LogSink(tmp_path / "logs", now=Clock())
    (tmp_path / "logs").rename(tmp_path / "away")
    (tmp_path / "logs").write_text("mine")
    for _ in range(2):
        with pytest.raises(OSError, match=r"File exists|Not a directory"):
            log.write(status("lost"))
    (tmp_path / "logs").unlink()
    log.write(status("back"))
    assert messages(log.path)[-1] == "back"


def test_torn_lines_of_earlier_days_are_cut_off_at_the_start(tmp_path: Path) -> None:
    days = fill(tmp_path, 3)
    for day in days:
        with (tmp_path / f"predictions-{day}.jsonl").open("ab") as file:
            file.write(b'{"type":"status","ev')
    LogSink(tmp_path, now=Clock())
    for day in days:
        assert len(messages(tmp_path / f"predictions-{day}.jsonl")) == 1


def test_after_a_disk_error_the_next_line_follows_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogSink(tmp_path, now=Clock())
    log.write(status("whole"))

    def half_then_fail(file: int, data: bytes) -> int:
        write(file, data[:7])
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    write = os.write
    monkeypatch.setattr(os, "write", half_then_fail)
    with pytest.raises(OSError, match="Input/output"):
        log.write(status("half"))
    monkeypatch.undo()
    log.write(status("next"))
    assert messages(log.path) == ["whole", "next"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with a small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if not mounted or mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def write_all(log: LogSink, names: list[str]) -> list[str]:
    """Write messages; return those that raised OSError."""
    lost = []
    for name in names:
        try:
            log.write(status(name))
        except OSError:
            lost.append(name)
    return lost


def test_a_file_system_that_is_full_keeps_every_line_that_it_took(disk: Path) -> None:
    log = LogSink(disk / "logs", now=Clock())
    names = [f"{i} {'x' * (i % 200)}" for i in range(1000)]
    lost = write_all(log, names)
    assert lost
    assert messages(log.path) == [each for each in names if each not in lost]
    remount(disk, "size=1m")
    assert write_all(log, ["again"]) == []
    assert messages(log.path)[-1] == "again"


def test_logging_survives_midnight_on_a_full_disk(disk: Path) -> None:
    clock = Clock()
    log = LogSink(disk / "logs", now=clock)
    (disk / "others").write_bytes(b"x" * 40_000)
    lost = write_all(log, [f"{i} {'x' * 200}" for i in range(200)])
    clock.now += timedelta(days=1)
    assert write_all(log, ["midnight"]) == ["midnight"]
    (disk / "others").unlink()
    assert write_all(log, ["morning"]) == []
    assert messages(log.path) == ["morning"]
    assert len(lost) + len(messages(disk / "logs" / "predictions-2026-02-28.jsonl")) == 200


def test_logging_survives_a_disk_that_turns_read_only(disk: Path) -> None:
    log = LogSink(disk / "logs", now=Clock())
    log.write(status("before"))
    log.close()
    remount(disk, "ro")
    assert write_all(log, ["one", "two"]) == ["one", "two"]
    with pytest.raises(InputError, match="read-only"):
        LogSink(disk / "other")
    remount(disk, "rw")
    assert write_all(log, ["after"]) == []
    assert messages(log.path) == ["before", "after"]


def write_until_killed(folder: Path, first: int, done: Connection) -> None:
    """Write numbered records for ever, and send the number of each one that was written."""
    log = LogSink(folder, now=Clock())
    for number in itertools.count(first):
        log.write(status(f"{number} {'x' * (number % 400)}"))
        done.send_bytes(b"%d" % number)


def test_a_daemon_killed_hundreds_of_times_loses_and_tears_no_line(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    random = np.random.default_rng(0)
    written = []
    for _ in range(300):
        ours, theirs = processes.Pipe(duplex=False)
        first = written[-1] + 1 if written else 0
        writer = processes.Process(target=write_until_killed, args=(tmp_path, first, theirs))
        writer.start()
        theirs.close()
        assert ours.poll(30.0)
        time.sleep(random.uniform(0.0, 0.01))  # at any moment
        writer.kill()
        writer.join()
        with contextlib.suppress(EOFError):
            while True:
                written.append(int(ours.recv_bytes()))
        ours.close()
    LogSink(tmp_path, now=Clock()).close()  # cuts off a line that the last kill may have torn
    there = [int(each.split()[0]) for each in messages(tmp_path / "predictions-2026-02-28.jsonl")]
    # A writer may be killed after it wrote a record and before it sent the number.
    assert set(written) <= set(there)
    assert len(set(there) - set(written)) <= 300
    assert len(written) > 3000


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Path.mkdir, r"\(predictions-2026-02-28\.jsonl: is a directory\)"),
        (os.mkfifo, "seekable"),
    ],
)
def test_a_start_where_todays_file_can_not_be_one_says_why(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    make(tmp_path / "predictions-2026-02-28.jsonl")
    with pytest.raises(InputError, match=why):
        LogSink(tmp_path, now=Clock())


@pytest.mark.parametrize("below", ["file", "file/deeper"])
def test_a_folder_that_can_not_be_made_is_reported_in_one_sentence(
    tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match=r"can't be written to \(.*\); choose another") as caught:
        LogSink(tmp_path / below)
    assert "\n" not in str(caught.value)
    assert "predictions-" not in str(caught.value)  # the trouble is the folder, not a file
    assert caught.value.exit_code == 2


def test_a_folder_without_permission_is_reported_in_one_sentence(
    environment: dict[str, str], sample_path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(0o500)
    program = (sys.executable, "-m", "emotiond", "run", "--input", sample_path, "--fast")
    ended = subprocess.run(
        [*LIKE_ANY_USER, *program, "--headless", "--log-dir", folder],
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr.count(b"\n")) == (2, 1)
    assert b"permission denied" in ended.stderr
    assert str(folder).encode() in ended.stderr
