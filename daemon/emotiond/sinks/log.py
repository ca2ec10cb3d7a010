"""The log: one file a day, one record a line, whole lines only."""

import contextlib
import errno
import math
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec

from emotiond.errors import InputError, reason
from emotiond.paths import state_folder
from emotiond.record import Record, Status, encode, utc_now
from emotiond.sinks.retention import SteadyClock, day_of, last_written, repair, since_boot

PREFIX: Final = "predictions-"
SUFFIX: Final = ".jsonl"
MEGABYTE: Final = 1_000_000


class LogSink:
    """Appends records to ``predictions-YYYY-MM-DD.jsonl`` (the date in UTC).

    A record is one ``write`` of one line to a file opened for appending, so a killed daemon leaves
    at most one torn line, at the end; that line is cut off when the log is next opened. A file that
    is deleted or moved away meanwhile is begun anew.

    Many a machine starts with a wrong clock, until the network has told it the time. So the age of
    a file is that of its last line, by the clock of when it was left, and nothing is deleted for
    its age before the clock has proved to be steady.

    Parameters
    ----------
    folder : Path
        Made if missing.
    keep_days : int
        Files to which nothing was written for so long are deleted.
    max_bytes : int
        The oldest files are deleted while all together are larger; today's never is.
    now : callable
        The wall clock, in UTC.
    elapsed : callable
        Seconds of a clock that is never set.

    Raises
    ------
    InputError
        If the folder can't be made or written to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep_days: int = 30,
        max_bytes: int = 200 * MEGABYTE,
        now: Callable[[], datetime] = utc_now,
        elapsed: Callable[[], float] = since_boot,
    ) -> None:
        self._folder = folder
        self._keep_days = keep_days
        self._max_bytes = max_bytes
        self._clock = SteadyClock(now, elapsed)
        self._day = ""
        self._file: int | None = None
        self._steady = False
        """Whether the clock was when files were last deleted."""
        self._room = math.inf
        """Bytes that may be written before files are to be deleted again."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files = self._files()
            for each in files:
                with contextlib.suppress(OSError):  # what can't be mended can still be followed
                    repair(each)
            self._clock.believe(max((last_written(each) for each in files), default=0.0))
            self._file = self._turn_over(self._clock.read())
        except OSError as error:
            raise InputError(
                f"log folder {folder} can't be written to ({reason(error)}); "
                "choose another with --log-dir"
            ) from error

    @property
    def path(self) -> Path:
        """Today's file."""
        return self._folder / f"{PREFIX}{self._day}{SUFFIX}"

    def retain(self, keep_days: int, max_bytes: int) -> None:
        """Change what is kept, from now on."""
        self._keep_days = keep_days
        self._max_bytes = max_bytes
        self._prune(self._clock.read())

    def open(self) -> None:
        """Do nothing: the file is open."""

    def write(self, record: Record) -> None:
        """Append a record; raises OSError if the disk doesn't take it."""
        now = self._clock.read()
        gone = self._file is not None and not self._is_there(self._file)
        if self._file is None or gone or now.date().isoformat() != self._day:
            self._file = self._turn_over(now)
        elif (self._clock.steady and not self._steady) or self._room < 0.0:
            self._prune(now)
        try:
            if gone:
                self._append(self._file, _restarted(record))
            self._append(self._file, record)
        except OSError:
            self.close()  # and begin again, with a file that has whole lines
            raise

    def meter(self, seconds: float, level: float, speech: float) -> None:
        """Do nothing: levels are not logged."""

    def close(self) -> None:
        """Close the file; a later record opens it again."""
        file, self._file = self._file, None
        if file is not None:
            now = self._clock.read().timestamp()
            with contextlib.suppress(OSError):
                os.utime(file, (now, now))
            os.close(file)

    def _append(self, file: int, record: Record) -> None:
        line = encode(record) + b"\n"
        written = os.write(file, line)
        if written < len(line):
            # A disk that fills up takes part of a line: take that back, so that lines stay whole.
            os.ftruncate(file, os.fstat(file).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._room -= written

    def _is_there(self, file: int) -> bool:
        """Say whether the open file is still the one of its name."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(file))
        except FileNotFoundError:
            return False

    def _turn_over(self, now: datetime) -> int:
        """Open today's file and return it, having deleted what is too old or too much."""
        self.close()
        self._day = now.date().isoformat()
        self._folder.mkdir(parents=True, exist_ok=True)
        repair(self.path)
        self._prune(now)
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _files(self) -> list[Path]:
        """Return all files, the oldest first."""
        return sorted(self._folder.glob(f"{PREFIX}????-??-??{SUFFIX}"))

    def _prune(self, now: datetime) -> None:
        """Delete what is too old or too much; what can't be deleted is no reason to log nothing."""
        self._steady = self._clock.steady
        self._room = math.inf
        oldest = (now - timedelta(days=self._keep_days)).date().isoformat()
        with contextlib.suppress(OSError):
            sizes = {each: each.stat().st_size for each in self._files()}
            for each in list(sizes):
                too_old = self._steady and day_of(last_written(each)) < oldest
                if each != self.path and (too_old or sum(sizes.values()) > self._max_bytes):
                    each.unlink(missing_ok=True)
                    del sizes[each]
            if (used := sum(sizes.values())) <= self._max_bytes:
                self._room = self._max_bytes - used


def _restarted(record: Record) -> Status:
    message = "the log file was deleted or moved away; this is a new one"
    return Status(time=record.time, model=record.model, event="log_restarted", message=message)


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The log keeps all predictions, one file a day."""

    dir: Annotated[
        str | None,
        msgspec.Meta(
            description="folder of the log files",
            examples=["/srv/emotiond/log"],
            extra={
                "metavar": "FOLDER",
                "default": "the service's log folder, or ~/.local/state/emotiond",
            },
        ),
    ] = None
    keep_days: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=36_500,
            description="age at which a log file is deleted",
            extra={"unit": "days"},
        ),
    ] = 30
    max_megabytes: Annotated[
        float,
        msgspec.Meta(
            gt=0,
            le=1e9,
            description="size of all log files together above which the oldest are deleted",
            extra={"unit": "MB"},
        ),
    ] = 200.0

    @property
    def folder(self) -> Path:
        """The folder to log to: as set, or systemd's, or the user's state folder."""
        if self.dir:
            return Path(self.dir).expanduser()
        if systemd := os.environ.get("LOGS_DIRECTORY"):
            return Path(systemd.split(":")[0])
        return state_folder()
