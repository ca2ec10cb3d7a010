"""How long log files are kept, with a clock that may be wrong."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emotiond.record import encode
from emotiond.sinks.log import LogSink
from emotiond.sinks.retention import Retention, SteadyClock
from tests.daemon.logs import NOON, Clock, fill, messages, opened, status

TODAY = "predictions-2026-02-28.jsonl"


def steady_clock(clock: Clock) -> SteadyClock:
    return SteadyClock(clock, lambda: clock.elapsed)


def pruned(
    folder: Path, *, keep_days: int = 36_500, max_bytes: int = 10**6, clock: Clock | None = None
) -> Retention:
    """Prune a folder on the day of NOON, and return the retention that did so."""
    found = Retention(folder, steady_clock(clock or Clock()), keep_days, max_bytes)
    found.prune(folder / TODAY)
    return found


def kept(folder: Path) -> list[str]:
    """Return the days whose files are left, in order."""
    return sorted(
        each.name.removeprefix("predictions-").removesuffix(".jsonl")
        for each in folder.glob("predictions-*.jsonl")
    )


@pytest.mark.parametrize("keep_days", [1, 3, 30, 36_500])
def test_files_are_kept_for_keep_days(tmp_path: Path, keep_days: int) -> None:
    days = fill(tmp_path, 10)
    pruned(tmp_path, keep_days=keep_days)
    assert kept(tmp_path) == days[-keep_days:]


@pytest.mark.parametrize(("max_bytes", "left"), [(2000, 10), (1999, 9), (700, 3), (200, 1), (1, 0)])
def test_the_oldest_files_are_deleted_while_all_are_too_large(
    tmp_path: Path, max_bytes: int, left: int
) -> None:
    days = fill(tmp_path, 10)
    pruned(tmp_path, max_bytes=max_bytes)
    assert kept(tmp_path) == days[10 - left :]


def test_pruning_is_due_when_the_room_that_was_left_is_used_up(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    retention = pruned(tmp_path, max_bytes=900)
    retention.wrote(300)
    assert not retention.due
    retention.wrote(1)
    assert retention.due


def test_pruning_is_not_due_again_while_the_current_file_alone_is_too_large(tmp_path: Path) -> None:
    (tmp_path / TODAY).write_bytes(b"x" * 1000)
    retention = pruned(tmp_path, max_bytes=100)
    retention.wrote(1000)
    assert not retention.due


def test_pruning_is_due_once_when_the_clock_becomes_steady(tmp_path: Path) -> None:
    clock = Clock()
    steady = steady_clock(clock)
    retention = Retention(tmp_path, steady, 30, 10**6)
    retention.prune(tmp_path / TODAY)
    clock.go_on(hours=1)
    assert not retention.due  # nobody has read the clock
    steady.read()
    assert retention.due
    retention.prune(tmp_path / TODAY)
    assert not retention.due


def test_a_clock_is_steady_an_hour_after_it_was_last_set() -> None:
    clock = Clock()
    steady = steady_clock(clock)
    for set_by in (0, 61, -61):  # the start counts as setting it
        clock.now += timedelta(seconds=set_by)
        steady.read()
        clock.go_on(seconds=3599)
        clock.now += timedelta(seconds=59)  # small corrections are not settings
        steady.read()
        assert not steady.steady
        clock.go_on(seconds=1)
        assert steady.read() == clock.now
        assert steady.steady


@pytest.mark.parametrize(
    ("ago", "trusted"),
    [
        (timedelta(0), True),
        (timedelta(days=3), True),
        (timedelta(days=3, seconds=1), False),
        (timedelta(seconds=-1), False),
    ],
)
def test_a_clock_is_trusted_from_the_start_if_a_file_is_recent(
    ago: timedelta, trusted: bool
) -> None:
    steady = steady_clock(Clock())
    steady.trust((NOON - ago).timestamp())
    assert steady.steady == trusted


def test_the_oldest_files_are_deleted_as_todays_grows(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    log = LogSink(tmp_path, max_bytes=900, now=Clock())
    line = len(encode(status("x"))) + 1
    for number in range(1, 12):
        log.write(status("x"))
        room = 900 - (number - 1) * line
        assert len(kept(tmp_path)) >= 1 + min(3, max(0, room // 200))
    assert kept(tmp_path) == ["2026-02-28"]
    assert len(messages(log.path)) == 11


def test_todays_file_and_files_of_others_are_never_deleted(tmp_path: Path) -> None:
    today = tmp_path / TODAY
    today.write_bytes(encode(status("x" * 1000)) + b"\n")
    others = ["notes.txt", "predictions-old.jsonl", "predictions-2020-01-01.jsonl.gz"]
    for name in others:
        (tmp_path / name).write_text("mine")
    pruned(tmp_path, keep_days=1, max_bytes=1)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([*others, today.name])
    assert messages(today) == ["x" * 1000]


def test_old_files_are_deleted_at_midnight(tmp_path: Path) -> None:
    clock = Clock()
    log = opened(tmp_path, clock, keep_days=2)
    for _ in range(5):
        log.write(status("x"))
        clock.go_on(hours=11)
        log.write(status("y"))
        clock.go_on(hours=13)
    assert kept(tmp_path) == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]


@pytest.mark.parametrize("wrong", [-20_000, -100, -1, 4, 40, 20_000])
def test_nothing_is_deleted_while_the_clock_may_be_wrong(tmp_path: Path, wrong: int) -> None:
    days = fill(tmp_path, 20)
    clock = Clock(NOON + timedelta(days=wrong))
    log = opened(tmp_path, clock, keep_days=10)
    log.write(status("before"))
    clock.go_on(minutes=5)
    log.write(status("too"))
    clock.now -= timedelta(days=wrong)  # the network sets the clock
    log.write(status("after"))
    early = (NOON + timedelta(days=wrong)).date().isoformat()
    assert set(kept(tmp_path)) >= {*days[-10:], "2026-02-28", early}
    assert len(kept(tmp_path)) <= 22
    clock.go_on(hours=1)
    log.write(status("an hour later"))
    # A file that was written this hour is not old, though the day in its name may be.
    assert kept(tmp_path) == sorted({*days[-10:], "2026-02-28", early})
    assert messages(tmp_path / "predictions-2026-02-28.jsonl") == ["after", "an hour later"]
    assert messages(tmp_path / f"predictions-{early}.jsonl")[-2:] == ["before", "too"]


def test_cutting_off_a_torn_line_does_not_make_a_file_younger(tmp_path: Path) -> None:
    days = fill(tmp_path, 2)
    torn = tmp_path / f"predictions-{days[-1]}.jsonl"
    left = torn.stat().st_mtime
    with torn.open("ab") as file:
        file.write(b'{"type": "pred')
    os.utime(torn, (left, left))
    clock = Clock(NOON - timedelta(days=100))  # until the network sets it
    log = opened(tmp_path, clock, keep_days=10)
    clock.now += timedelta(days=100)
    log.write(status("x"))
    clock.go_on(hours=1)
    log.write(status("y"))
    assert set(kept(tmp_path)) >= set(days)
    assert torn.stat().st_mtime == left


def test_a_clock_that_jumps_to_and_fro_makes_no_more_files_than_days(tmp_path: Path) -> None:
    days = fill(tmp_path, 5)
    clock = Clock()
    log = opened(tmp_path, clock, keep_days=3)
    for i in range(100):
        clock.go_on(seconds=0.5)
        clock.now += timedelta(days=400 if i % 2 else -400)
        log.write(status(f"{i}"))
    assert len(kept(tmp_path)) == len(days) + 2 - 2  # two were too old at the start, two are new
    assert set(kept(tmp_path)) >= set(days[-3:])


def test_after_a_long_pause_old_files_are_deleted_once_the_clock_is_steady(tmp_path: Path) -> None:
    days = fill(tmp_path, 5)
    clock = Clock(NOON + timedelta(days=60))
    log = opened(tmp_path, clock, keep_days=30)
    log.write(status("x"))
    assert set(kept(tmp_path)) >= set(days)
    clock.go_on(minutes=59)
    log.write(status("x"))
    assert set(kept(tmp_path)) >= set(days)
    clock.go_on(minutes=1)
    log.write(status("x"))
    assert kept(tmp_path) == ["2026-04-29"]


def test_the_age_of_a_file_is_counted_from_its_last_line(tmp_path: Path) -> None:
    clock = Clock(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    log = opened(tmp_path, clock, keep_days=2)
    log.write(status("at boot"))
    clock.now = NOON
    log.write(status("now"))
    log.close()
    for _ in range(3):
        clock.go_on(hours=20)
        log = opened(tmp_path, clock, keep_days=2)
        log.write(status("later"))
        log.close()
        there = tmp_path / "predictions-1970-01-01.jsonl" in tmp_path.iterdir()
        assert there == (clock.now - NOON < timedelta(days=2, hours=12))


def test_the_limits_can_be_changed(tmp_path: Path) -> None:
    days = fill(tmp_path, 10)
    log = opened(tmp_path, Clock())
    assert kept(tmp_path) == [*days, "2026-02-28"]
    log.retain(keep_days=4, max_bytes=10**6)
    log.write(status("x"))
    assert kept(tmp_path) == [*days[-4:], "2026-02-28"]
    log.retain(keep_days=4, max_bytes=500 + log.path.stat().st_size)
    log.write(status("x"))
    assert kept(tmp_path) == [*days[-2:], "2026-02-28"]


def test_records_are_logged_though_old_files_can_not_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 3)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", refuse)
    log = opened(tmp_path, Clock(), keep_days=1)
    log.write(status("x"))
    assert messages(log.path) == ["x"]


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def circular(path: Path) -> None:
    path.symlink_to(path.name)


def unreadable(path: Path) -> None:
    path.write_text("mine")
    path.chmod(0)


def of_the_far_future(path: Path) -> None:
    path.touch()
    os.utime(path, (2**33, 2**33))


def not_utf_8(path: Path) -> None:
    Path(os.fsdecode(os.fsencode(path.parent) + b"/predictions-20\xe9\xe9-01-01.jsonl")).touch()


ODD = [dangling, circular, Path.mkdir, os.mkfifo, unreadable, of_the_far_future, not_utf_8]


@pytest.mark.parametrize("make", ODD)
def test_an_odd_name_in_the_folder_neither_stops_the_start_nor_turns_retention_off(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    days = fill(tmp_path, 10)
    make(tmp_path / "predictions-2001-01-01.jsonl")
    clock = Clock()
    log = opened(tmp_path, clock, keep_days=4)
    log.write(status("x"))
    clock.go_on(hours=1)  # a file of the future makes the clock suspect
    log.write(status("y"))
    assert set(kept(tmp_path)) & {*days} == {*days[-4:]}
    log.retain(keep_days=4, max_bytes=500 + log.path.stat().st_size)
    log.write(status("z"))
    assert set(kept(tmp_path)) & {*days} == {*days[-2:]}
    assert messages(log.path) == ["x", "y", "z"]


def test_a_file_that_another_daemon_deletes_meanwhile_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = fill(tmp_path, 10)
    look = Path.stat

    def deleted_first(path: Path, **options: bool) -> os.stat_result:
        if path.name == f"predictions-{days[0]}.jsonl":
            path.unlink(missing_ok=True)
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", deleted_first)
    log = opened(tmp_path, Clock(), keep_days=4)
    log.write(status("x"))
    assert kept(tmp_path) == [*days[-4:], "2026-02-28"]


def test_one_file_that_can_not_be_deleted_does_not_keep_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = fill(tmp_path, 10)
    delete = Path.unlink

    def refuse_one(path: Path, missing_ok: bool = False) -> None:
        if path.name == f"predictions-{days[0]}.jsonl":
            raise PermissionError(1, "Operation not permitted")
        delete(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse_one)
    pruned(tmp_path, max_bytes=700)
    assert kept(tmp_path) == [days[0], *days[-2:]]
