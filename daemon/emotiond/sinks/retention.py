"""How long log files are kept: by their age, once the clock can be trusted, and by their size."""

import contextlib
import math
import os
import re
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

NAME: Final = re.compile(r"predictions-[0-9]{4}-[0-9]{2}-[0-9]{2}\.jsonl")
"""Names of log files; the program never touches other files of the folder."""
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
        self._limits = keep_days, max_bytes
        self._changed = False
        """Whether the limits have changed since the last pruning."""
        self._steady = False
        """Whether the clock was steady at the last pruning."""
        self._room = math.inf
        """Bytes that may be written before the next pruning."""
        clock.trust(max((each.st_mtime for each in log_files(folder).values()), default=0.0))

    @property
    def due(self) -> bool:
        """Whether there may be something to delete.

        The limits have changed, the clock has become steady, or room is out.
        """
        return self._changed or (self._clock.steady and not self._steady) or self._room < 0.0

    def change(self, keep_days: int, max_bytes: int) -> None:
        """Change the limits, from any thread; pruning is due then."""
        self._limits = keep_days, max_bytes
        self._changed = True

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
        self._changed = False  # before the limits are read: another thread may change them now
        keep_days, max_bytes = self._limits
        self._room = math.inf
        oldest = _midnight(now - timedelta(days=keep_days)).timestamp()
        with contextlib.suppress(OSError):
            found = log_files(self._folder)
            used = sum(each.st_size for each in found.values())
            for path, file in found.items():
                too_old = self._steady and file.st_mtime < oldest
                if path != current and (too_old or used > max_bytes) and _deleted(path):
                    used -= file.st_size
            if used <= max_bytes:
                self._room = max_bytes - used


def log_file(folder: Path, now: datetime) -> Path:
    """Return the log file of a day: ``predictions-YYYY-MM-DD.jsonl``."""
    return folder / f"predictions-{now.date().isoformat()}.jsonl"


def log_files(folder: Path) -> dict[Path, os.stat_result]:
    """Return the log files of a folder with their sizes and times, oldest day first.

    Folders, links that lead nowhere and files that somebody deletes meanwhile are left out.
    """
    found = {}
    for each in sorted(folder.glob("predictions-*.jsonl")):
        if not NAME.fullmatch(each.name):
            continue
        with contextlib.suppress(OSError):
            file = each.stat()
            if stat.S_ISREG(file.st_mode):
                found[each] = file
    return found


def _deleted(path: Path) -> bool:
    """Delete a file; say whether it is gone."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _midnight(time: datetime) -> datetime:
    """Return the beginning of a day, in UTC."""
    return datetime(time.year, time.month, time.day, tzinfo=UTC)
