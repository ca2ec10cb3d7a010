"""The log: one file a day, one record a line, whole lines only."""

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from emotiond.errors import InputError
from emotiond.record import Record, encode

PREFIX: Final = "predictions-"
SUFFIX: Final = ".jsonl"
MEGABYTE: Final = 1_000_000


def utc_now() -> datetime:
    """Return the time of the wall clock, in UTC."""
    return datetime.now(UTC)


class LogSink:
    """Appends records to ``predictions-YYYY-MM-DD.jsonl`` (the date in UTC).

    A record is one ``write`` of one line to a file opened for appending, so a killed daemon leaves
    at most one torn line, at the end; that line is cut off when the file is next opened.

    Parameters
    ----------
    folder : Path
        Made if missing.
    keep_days : int
        Files of older days are deleted.
    max_bytes : int
        The oldest files are deleted while all together are larger; today's never is.
    now : callable
        The clock.

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
    ) -> None:
        self._folder = folder
        self._keep_days = keep_days
        self._max_bytes = max_bytes
        self._now = now
        self._day = ""
        self._file: int | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._turn_over()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(
                f"log folder {folder} can't be written to ({reason}); choose another with --log-dir"
            ) from error

    @property
    def path(self) -> Path:
        """Today's file."""
        return self._folder / f"{PREFIX}{self._day}{SUFFIX}"

    def open(self) -> None:
        """Do nothing: the file is open."""

    def write(self, record: Record) -> None:
        """Append a record; raises OSError if the disk doesn't take it."""
        if self._file is None or self._now().date().isoformat() != self._day:
            self._file = self._turn_over()
        line = encode(record) + b"\n"
        written = os.write(self._file, line)
        if written < len(line):
            # A disk that fills up takes part of a line: take that back, so that lines stay whole.
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def meter(self, seconds: float, level: float, speech: float) -> None:
        """Do nothing: levels are not logged."""

    def close(self) -> None:
        """Close the file; a later record opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _turn_over(self) -> int:
        """Open today's file and return it, having deleted what is too old or too much."""
        self.close()
        self._day = self._now().date().isoformat()
        repair(self.path)
        self._prune()
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def _prune(self) -> None:
        oldest = (self._now() - timedelta(days=self._keep_days)).date().isoformat()
        files = sorted(self._folder.glob(f"{PREFIX}????-??-??{SUFFIX}"))
        sizes = {each: each.stat().st_size for each in files}
        for each in files:
            day = each.name[len(PREFIX) : -len(SUFFIX)]
            if day < self._day and (day < oldest or sum(sizes.values()) > self._max_bytes):
                each.unlink()
                del sizes[each]


def repair(path: Path) -> None:
    """Cut off a torn last line: what stands behind the last end of line."""
    if not path.exists():
        return
    with path.open("rb+") as file:
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
