"""What tests of the log work with: clocks that are set by hand, and records."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from emotiond.record import Status, decode, encode
from emotiond.sinks.log import LogSink

NOON = datetime(2026, 2, 28, 12, 0, 0, tzinfo=UTC)


class Clock:
    """A wall clock that is set by hand, and one beside it that only goes on."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now
        self.elapsed = 1000.0

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)
        self.elapsed += timedelta(**time).total_seconds()


def opened(folder: Path, clock: Clock, **options: int) -> LogSink:
    """Return a log by both clocks."""
    return LogSink(folder, now=clock, elapsed=lambda: clock.elapsed, **options)


def status(message: str) -> Status:
    return Status(model="abcd", event="started", message=message)


def messages(path: Path) -> list[str]:
    """Return the messages of a file, all lines of which must be whole records."""
    content = path.read_bytes()
    assert content == b"" or content.endswith(b"\n")
    return [decode(line).message for line in content.splitlines()]


def fill(folder: Path, days: int, size: int = 100) -> list[str]:
    """Make files of the days before today, and return their days, oldest first."""
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
