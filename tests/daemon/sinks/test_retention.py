"""How much of the log is kept, whatever the clock says."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emotiond.record import encode
from emotiond.sinks.log import LogSink
from tests.daemon.logs import NOON, Clock, fill, messages, opened, status


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


def test_the_oldest_files_are_deleted_also_as_today_grows(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    log = LogSink(tmp_path, max_bytes=450, now=Clock())
    line = len(encode(status("x"))) + 1
    for number in range(1, 12):
        log.write(status("x"))
        room = 450 - (number - 1) * line
        assert len(kept(tmp_path)) >= 1 + min(3, max(0, room // 100))
    assert kept(tmp_path) == ["2026-02-28"]
    assert len(messages(log.path)) == 11


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
    log = opened(tmp_path, clock, keep_days=2)
    for _ in range(5):
        log.write(status("x"))
        clock.go_on(hours=11)
        log.write(status("y"))
        clock.go_on(hours=13)
    assert kept(tmp_path) == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]


@pytest.mark.parametrize("wrong", [-20_000, -100, -1, 4, 40, 20_000])
def test_a_clock_that_was_wrong_at_the_start_deletes_nothing(tmp_path: Path, wrong: int) -> None:
    days = fill(tmp_path, 20)
    clock = Clock(NOON + timedelta(days=wrong))
    log = opened(tmp_path, clock, keep_days=10)
    log.write(status("before"))
    clock.go_on(minutes=5)
    log.write(status("too"))
    clock.now -= timedelta(days=wrong)  # the network has told the time
    log.write(status("after"))
    early = (NOON + timedelta(days=wrong)).date().isoformat()
    assert set(kept(tmp_path)) >= {*days[-10:], "2026-02-28", early}
    assert len(kept(tmp_path)) <= 22
    clock.go_on(hours=1)
    log.write(status("an hour later"))
    # What was written this hour is not old, whatever day it is filed under.
    assert kept(tmp_path) == sorted({*days[-10:], "2026-02-28", early})
    assert messages(tmp_path / "predictions-2026-02-28.jsonl") == ["after", "an hour later"]
    assert messages(tmp_path / f"predictions-{early}.jsonl")[-2:] == ["before", "too"]


def test_a_file_whose_torn_line_was_cut_off_is_as_old_as_it_was(tmp_path: Path) -> None:
    days = fill(tmp_path, 2)
    torn = tmp_path / f"predictions-{days[-1]}.jsonl"
    left = torn.stat().st_mtime
    with torn.open("ab") as file:
        file.write(b'{"type": "pred')
    os.utime(torn, (left, left))
    clock = Clock(NOON - timedelta(days=100))  # until the network tells the time
    log = opened(tmp_path, clock, keep_days=10)
    clock.now += timedelta(days=100)
    log.write(status("x"))
    clock.go_on(hours=1)
    log.write(status("y"))
    assert set(kept(tmp_path)) >= set(days)
    assert torn.stat().st_mtime == left


def test_a_clock_that_jumps_about_makes_no_more_files_than_days(tmp_path: Path) -> None:
    days = fill(tmp_path, 5)
    clock = Clock()
    log = opened(tmp_path, clock, keep_days=3)
    for i in range(100):
        clock.go_on(seconds=0.5)
        clock.now += timedelta(days=400 if i % 2 else -400)
        log.write(status(f"{i}"))
    assert len(kept(tmp_path)) == len(days) + 2 - 2  # two of the old were too old at the start
    assert set(kept(tmp_path)) >= set(days[-3:])


def test_after_a_long_pause_old_files_go_when_the_clock_has_proved_itself(tmp_path: Path) -> None:
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


def test_a_file_is_as_old_as_its_last_line(tmp_path: Path) -> None:
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


def test_what_is_kept_can_be_changed(tmp_path: Path) -> None:
    days = fill(tmp_path, 10)
    log = opened(tmp_path, Clock())
    assert kept(tmp_path) == [*days, "2026-02-28"]
    log.retain(keep_days=4, max_bytes=10**6)
    assert kept(tmp_path) == [*days[-4:], "2026-02-28"]
    log.retain(keep_days=4, max_bytes=250)
    assert kept(tmp_path) == [*days[-2:], "2026-02-28"]


def test_a_file_that_can_not_be_deleted_is_no_reason_to_log_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 3)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", refuse)
    log = opened(tmp_path, Clock(), keep_days=1)
    log.write(status("x"))
    assert messages(log.path) == ["x"]
