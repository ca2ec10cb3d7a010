"""How long log files are kept: by their age, once the clock can be trusted, and by their size."""

import contextlib
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

PREFIX: Final = "predictions-"
SUFFIX: Final = ".jsonl"
JUMP_SECONDS: Final = 60.0
"""Somebody set the wall clock if it advanced by this much more or less than time did."""
STEADY_SECONDS: Final = 3600.0
"""A clock that was set is trusted again after running for this long."""
TRUSTED: Final = timedelta(days=3)
"""The clock is trusted from the start if the last line was written no longer ago than this."""


def since_boot() -> float:
    """Return seconds of a clock that nobody sets; it also runs while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """The wall clock, and whether it is steady enough to delete files by their age.

    Many machines start with a wrong clock, until the network sets it. The clock is steady once
    nobody has set it for ``STEADY_SECONDS``; a start counts as setting it. Between two readings,
    the wall clock and a clock that nobody sets must advance by the same time; otherwise somebody
    has set the wall clock.

    Parameters
    ----------
    now : callable
        Wall clock, in UTC.
    elapsed : callable
        Seconds of a clock that nobody sets.
    """

    def __init__(self, now: Callable[[], datetime], elapsed: Callable[[], float]) -> None:
        self._now = now
        self._elapsed = elapsed
        self._last = now(), elapsed()
        self._set_at: float | None = self._last[1]
        """When it was last set (seconds of ``elapsed``); None if it is trusted since the start."""

    @property
    def steady(self) -> bool:
        """Whether, at the last reading, nobody had set the clock for long enough."""
        return self._set_at is None or self._last[1] - self._set_at >= STEADY_SECONDS

    def trust(self, last_written: float) -> None:
        """Trust the clock from the start, if a file was last written shortly before.

        Parameters
        ----------
        last_written : float
            Modification time of that file (seconds since 1970).
        """
        before = self._last[0].timestamp() - last_written
        if 0.0 <= before <= TRUSTED.total_seconds():
            self._set_at = None

    def read(self) -> datetime:
        """Return the time, in UTC."""
        now, elapsed = self._now(), self._elapsed()
        moved = (now - self._last[0]).total_seconds() - (elapsed - self._last[1])
        if abs(moved) > JUMP_SECONDS:
            self._set_at = elapsed
        self._last = now, elapsed
        return now


class Retention:
    """Deletes log files that are too old, and the oldest while all together are too large.

    The age of a file counts from its modification time, not from the day in its name. Nothing is
    deleted for its age until the clock is steady.

    Parameters
    ----------
    folder : Path
        Folder of the log; must exist.
    clock : SteadyClock
        Clock that ages are counted by; trusted at once if the newest file is recent.
    keep_days : int
        Days after which a file is deleted, counted from its last line.
    max_bytes : int
        Most bytes that all files together may have. The current file is never deleted.

    Raises
    ------
    OSError
        If the folder can't be read.
    """

    def __init__(self, folder: Path, clock: SteadyClock, keep_days: int, max_bytes: int) -> None:
        self._folder = folder
        self._clock = clock
        self._keep_days = keep_days
        self._max_bytes = max_bytes
        self._steady = False
        """Whether the clock was steady at the last pruning."""
        self._room = math.inf
        """Bytes that may be written before the next pruning."""
        clock.trust(max((_last_written(each) for each in log_files(folder)), default=0.0))

    @property
    def due(self) -> bool:
        """Whether there may be something to delete: the clock has become steady, or room is out."""
        return (self._clock.steady and not self._steady) or self._room < 0.0

    def change(self, keep_days: int, max_bytes: int) -> None:
        """Change the limits; the next pruning keeps to them."""
        self._keep_days = keep_days
        self._max_bytes = max_bytes

    def wrote(self, size: int) -> None:
        """Count bytes that were written to the current file."""
        self._room -= size

    def prune(self, current: Path) -> None:
        """Delete what is too old or too much; ignore files that can't be deleted.

        Parameters
        ----------
        current : Path
            File that is being written; it is kept.
        """
        now = self._clock.read()
        self._steady = self._clock.steady
        self._room = math.inf
        oldest = _day_of(now - timedelta(days=self._keep_days))
        with contextlib.suppress(OSError):
            sizes = {each: each.stat().st_size for each in log_files(self._folder)}
            for each in list(sizes):
                written = datetime.fromtimestamp(_last_written(each), UTC)
                too_old = self._steady and _day_of(written) < oldest
                if each != current and (too_old or sum(sizes.values()) > self._max_bytes):
                    each.unlink(missing_ok=True)
                    del sizes[each]
            if (used := sum(sizes.values())) <= self._max_bytes:
                self._room = self._max_bytes - used


def log_file(folder: Path, now: datetime) -> Path:
    """Return the log file of a day: ``predictions-YYYY-MM-DD.jsonl``."""
    return folder / f"{PREFIX}{_day_of(now)}{SUFFIX}"


def log_files(folder: Path) -> list[Path]:
    """Return all log files of a folder, oldest first."""
    return sorted(folder.glob(f"{PREFIX}????-??-??{SUFFIX}"))


def _last_written(path: Path) -> float:
    """Return the modification time of a file (seconds since 1970)."""
    return path.stat().st_mtime


def _day_of(time: datetime) -> str:
    return time.date().isoformat()
