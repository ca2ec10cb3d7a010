"""Helpers of the log's tests: clocks that are set by hand, records, and files of past days."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from emotiond.record import Correction, Prediction, Record, Status, Utterance, decode, encode
from emotiond.sinks.log import LogSink

NOON = datetime(2026, 2, 28, 12, 0, 0, tzinfo=UTC)


class Clock:
    """A wall clock that is set by hand, and the seconds of a clock that nobody sets."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now
        self.elapsed = 1000.0

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **time: float) -> None:
        """Let time pass on both clocks; arguments as for timedelta."""
        self.now += timedelta(**time)
        self.elapsed += timedelta(**time).total_seconds()


def opened(folder: Path, clock: Clock, **options: int) -> LogSink:
    """Return a log that reads both clocks."""
    return LogSink(folder, now=clock, elapsed=lambda: clock.elapsed, **options)


def status(message: str) -> Status:
    return Status(model="abcd", event="started", message=message)


def messages(path: Path) -> list[str]:
    """Return the messages of a log file; fail if a line is not a whole record."""
    content = path.read_bytes()
    assert content == b"" or content.endswith(b"\n")
    return [decode(line).message for line in content.splitlines()]


def so_far(folder: Path) -> list[Record]:
    """Return the records of a log that is still written; leave out a line that has no end yet."""
    content = b"".join(each.read_bytes() for each in sorted(folder.glob("*.jsonl")))
    return [decode(line) for line in content.splitlines(keepends=True) if line.endswith(b"\n")]


def unstamped(records: Iterable[Record]) -> list[Record]:
    """Return predictions and utterances as the engine made them, before they were stamped."""
    added: dict[type, dict[str, object]] = {Prediction: {"latency_ms": 0.0}, Utterance: {"id": ""}}
    return [
        msgspec.structs.replace(each, time="", source="", **added[type(each)])
        for each in records
        if not isinstance(each, Status | Correction)
    ]


def fill(folder: Path, days: int, size: int = 200) -> list[str]:
    """Make a file of ``size`` bytes for each day before NOON; return the days, oldest first."""
    names = []
    for i in range(days, 0, -1):
        then = NOON - timedelta(days=i)
        name = then.date().isoformat()
        line = encode(status("x" * (size - len(encode(status(""))) - 1))) + b"\n"
        path = folder / f"predictions-{name}.jsonl"
        path.write_bytes(line)
        os.utime(path, (then.timestamp(), then.timestamp()))
        names.append(name)
    return names
