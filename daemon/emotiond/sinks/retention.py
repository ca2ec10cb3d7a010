"""How long logs are kept: by age, where the clock can be believed, and by size."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

JUMP_SECONDS: Final = 60.0
"""A wall clock that moves by so much more or less than time did was set."""
STEADY_SECONDS: Final = 3600.0
"""How long a clock that was set must have run before files are deleted by their age."""
BELIEVABLE: Final = timedelta(days=3)
"""A daemon that last wrote so long ago may believe the clock at its start."""


def since_boot() -> float:
    """Return seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """The wall clock, and whether it can be believed."""

    def __init__(self, now: Callable[[], datetime], elapsed: Callable[[], float]) -> None:
        self._now = now
        self._elapsed = elapsed
        self._last = now(), elapsed()
        self._set_at: float | None = self._last[1]
        """When it was last set; None if it may be believed since the start."""

    @property
    def steady(self) -> bool:
        """Whether it has not been set for long enough, as of the last reading."""
        return self._set_at is None or self._last[1] - self._set_at >= STEADY_SECONDS

    def believe(self, last_written: float) -> None:
        """Believe it from the start, if it goes on from when something was last written."""
        before = self._last[0].timestamp() - last_written
        if 0.0 <= before <= BELIEVABLE.total_seconds():
            self._set_at = None

    def read(self) -> datetime:
        """Return the time."""
        now, elapsed = self._now(), self._elapsed()
        moved = (now - self._last[0]).total_seconds() - (elapsed - self._last[1])
        if abs(moved) > JUMP_SECONDS:
            self._set_at = elapsed
        self._last = now, elapsed
        return now


def last_written(path: Path) -> float:
    """Return when a file was last written to (seconds since 1970)."""
    return path.stat().st_mtime


def day_of(timestamp: float) -> str:
    """Return the day of a time (seconds since 1970), in UTC."""
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()


def repair(path: Path) -> None:
    """Cut off a torn last line: what stands behind the last end of line."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        left = os.fstat(file.fileno())
        end = file.seek(0, os.SEEK_END)
        start = end
        tail = b""
        while start > 0 and b"\n" not in tail:
            start = max(0, start - 65536)
            file.seek(start)
            tail = file.read(65536)
        whole = start + tail.rfind(b"\n") + 1
        if whole < end:
            file.truncate(whole)
            # It is as old as its last line.
            os.utime(file.fileno(), ns=(left.st_atime_ns, left.st_mtime_ns))
