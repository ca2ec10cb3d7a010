"""The log: one file a day, one record a line, whole lines only."""

import contextlib
import errno
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec

from emotiond.errors import InputError, reason
from emotiond.paths import state_folder, user_path
from emotiond.record import Record, Status, encode, utc_now
from emotiond.sinks.retention import Retention, SteadyClock, log_file, log_files, since_boot

MEGABYTE: Final = 1_000_000
"""Bytes in a megabyte."""


class LogSink:
    """Appends records to ``predictions-YYYY-MM-DD.jsonl`` (the date in UTC).

    A record is one ``write`` of one line to a file opened for appending. So a daemon that is killed
    leaves at most one torn line, the last one, which the next start cuts off. If somebody deletes
    the file or moves it away, a new one begins with the next record.

    Parameters
    ----------
    folder : Path
        Folder of the log; made if it is missing.
    keep_days, max_bytes : int
        How long files are kept, and how large all may be; see :class:`Retention`.
    now : callable
        Wall clock, in UTC.
    elapsed : callable
        Seconds of a clock that nobody sets.

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
        self._clock = SteadyClock(now, elapsed)
        started = self._clock.read()
        self._path = log_file(folder, started)
        self._file: int | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for each in log_files(folder):
                with contextlib.suppress(OSError):  # new lines may still follow a torn one
                    repair(each)
            self._retention = Retention(folder, self._clock, keep_days, max_bytes)
            self._file = self._turn_over(started)
        except OSError as error:
            # Today's file may be the trouble: a folder may have its name.
            file = f"{self._path.name}: " if error.filename == str(self._path) else ""
            raise InputError(
                f"log folder {folder} can't be written to ({file}{reason(error)}); "
                "choose another with --log-dir"
            ) from error

    @property
    def path(self) -> Path:
        """Today's file."""
        return self._path

    def retain(self, keep_days: int, max_bytes: int) -> None:
        """Change the limits of :class:`Retention`, from any thread.

        What is over them is deleted with the next record, by the thread that writes it.
        """
        self._retention.change(keep_days, max_bytes)

    def open(self) -> None:
        """Do nothing: the file is open."""

    def write(self, record: Record) -> None:
        """Append a record; raises OSError if the disk does not take it."""
        now = self._clock.read()
        gone = self._file is not None and not self._is_there(self._file)
        if self._file is None or gone or log_file(self._folder, now) != self._path:
            self._file = self._turn_over(now)
        elif self._retention.due:
            self._retention.prune(self._path)
        try:
            if gone:
                self._append(self._file, self._restarted(record))
            self._append(self._file, record)
        except Exception:
            self.close()  # the next record opens the file again and repairs it
            raise

    def close(self) -> None:
        """Close the file; the next record opens it again."""
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
            # A disk that is nearly full takes part of a line: remove that part again.
            os.ftruncate(file, os.fstat(file).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._retention.wrote(written)

    def _restarted(self, record: Record) -> Status:
        return Status(
            time=record.time,
            model=record.model,
            source=record.source,
            event="log_restarted",
            subject=self._path.name,
            message="the log file was deleted or moved away; this is a new one",
        )

    def _is_there(self, file: int) -> bool:
        """Say whether the open file still has its name."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(file))
        except FileNotFoundError:
            return False

    def _turn_over(self, now: datetime) -> int:
        """Close the file, open the one of today and return its descriptor."""
        self.close()
        self._path = log_file(self._folder, now)
        self._folder.mkdir(parents=True, exist_ok=True)
        repair(self._path)
        self._retention.prune(self._path)
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)


def repair(path: Path) -> None:
    """Cut off a torn last line, if the file has one; the file keeps its modification time."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        before = os.fstat(file.fileno())
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
            os.utime(file.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))


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
        """The folder to log to: as set, or systemd's, or the user's state folder.

        Raises InputError if none is set and this user has no home folder.
        """
        if self.dir:
            return user_path(self.dir)
        if systemd := os.environ.get("LOGS_DIRECTORY"):
            return Path(systemd.split(":")[0])
        try:
            return state_folder()
        except InputError as error:
            raise InputError(
                "there is no folder for the log, since this user has no home folder; "
                "choose one with --log-dir or log.dir"
            ) from error
