"""Log files: which ones to read, and reading them into a history."""

import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import IO, Final, NamedTuple

from emotiond.errors import InputError, reason
from emotiond.history.history import EVER, History, Taken, ignore
from emotiond.history.lines import Correction, Utterance, parse
from emotiond.history.localtime import next_day, start_of
from emotiond.history.timeline import Timeline
from emotiond.paths import SYSTEM_LOG
from emotiond.sinks.retention import log_files
from emotiond.text import printable

CHUNK: Final = 1 << 18
"""Bytes that are read at once."""
LONGEST_LINE: Final = 1 << 20
"""Bytes beyond which a line is no record: a disk that lost power may leave megabytes of zeros."""
PREDICTION: Final = b'{"type":"prediction"'
"""Beginning of most lines."""
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")

Log = Sequence[Path]
"""The files of one daemon's log, oldest first."""


class Known(NamedTuple):
    """What must be known of all lines before the first utterance is counted."""

    corrections: dict[str, Correction]
    """Id of an utterance -> its last correction."""
    labels: tuple[str, ...]
    """Labels in the order of the models."""


def usual_folders(own: Path) -> list[Path]:
    """Return the user's own log folders, or the system services' if the user has no log.

    A service with a name has its log in a folder inside. Empty if there is no log in either; raises
    InputError as :func:`logs_of` does.
    """
    for folder in filter(Path.is_dir, (own, SYSTEM_LOG)):
        single = [folder] if logs_of([folder]) else []
        inside = sorted(each for each in folder.iterdir() if each.is_dir() and logs_of([each]))
        if single or inside:
            return [*single, *inside]
    return []


def logs_of(names: Iterable[Path], since: float = EVER[0]) -> list[Log]:
    """Return the logs that files and folders hold.

    Parameters
    ----------
    names : iterable of Path
        Files of any name, and folders. The files of a folder are one log; so are those named one by
        one that lie in the same folder.
    since : float
        Moment (seconds since 1970) before which nothing is wanted. Of the older files of a folder,
        only the newest is taken: it says since when the daemon listens.

    Returns
    -------
    list of Log
        Logs in the order in which they are named.

    Raises
    ------
    InputError
        If there is no file or folder of a name, or if a folder can't be read.
    """
    found: dict[Path, dict[Path, None]] = {}
    for name in names:
        try:
            name.stat()
            # A file that another name leads to is read once.
            files = _in_folder(name, since) if name.is_dir() else [name]
        except OSError as error:
            raise InputError(f"{printable(str(name))}: {reason(error)}") from error
        for each in files:
            found.setdefault(each.parent.resolve(), {}).setdefault(each.resolve())
    return [sorted(each, key=lambda path: path.name) for each in found.values()]


def read_history(
    logs: Iterable[Log],
    *,
    period: tuple[float, float] = EVER,
    zone: tzinfo | None = None,
    keep_utterances: bool = False,
    known: Known | None = None,
    taken: Taken = ignore,
) -> History:
    """Read logs into a history, in memory that grows with the days but not with their lines.

    Parameters
    ----------
    logs : iterable of Log
        As :func:`logs_of` returns them.
    period, zone, keep_utterances, taken
        As for :class:`History`.
    known : Known, optional
        What :func:`known_of` returned for these logs, if somebody has asked for it already.

    Raises
    ------
    InputError
        If a file can't be read.
    """
    logs = list(logs)
    corrections, labels = known or known_of(logs)
    history = History(
        period=period,
        zone=zone,
        corrections=corrections,
        labels=labels,
        keep_utterances=keep_utterances,
        taken=taken,
    )
    for log in logs:
        timeline = Timeline(history)
        for path in _up_to(log, period[1]):
            for line in _lines(path):
                found = parse(line)
                if found is None:
                    history.skipped += 1
                else:
                    timeline.take(*found)
        timeline.close()
    return history


def known_of(logs: Iterable[Log]) -> Known:
    """Return the corrections and the labels of logs: they may come long after the utterances.

    Raises
    ------
    InputError
        If a file can't be read.
    """
    corrections: dict[str, Correction] = {}
    labels: dict[str, None] = {}
    for path in (path for log in logs for path in log):
        for line in _lines(path):
            if line.startswith(PREDICTION):
                continue
            found = parse(line)
            if found is None:
                continue
            _, record = found
            if isinstance(record, Correction):
                corrections[record.utterance] = record
            elif isinstance(record, Utterance):
                labels.update(dict.fromkeys(record.probabilities))
    return Known(corrections, tuple(labels))


def period_of(since: date | None, until: date | None, zone: tzinfo | None) -> tuple[float, float]:
    """Return the moments between which days lie, both included; None: without a limit."""
    first = EVER[0] if since is None else start_of(since, zone)
    return first, EVER[1] if until is None else start_of(next_day(until), zone)


def lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file without their ends; one that is too long comes in pieces."""
    rest = b""
    while chunk := file.read(CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from filter(None, whole)
        if len(rest) > LONGEST_LINE:
            yield rest
            rest = b""
    if rest:
        yield rest


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from lines_of(file)
    except OSError as error:
        raise InputError(f"{printable(str(path))}: {reason(error)}") from error


def _in_folder(folder: Path, since: float) -> Log:
    """Return the log files of a folder from a moment on, and the one before."""
    os.scandir(folder).close()  # raises if the folder is closed to us; a glob finds nothing then
    files = list(log_files(folder))
    # A record is written to the file of its day in UTC, or to a later one if the disk was slow.
    older = [each for each in files if _day_of(each) < _utc_day(since)]
    return files[max(0, len(older) - 1) :]


def _up_to(log: Log, until: float) -> Log:
    """Return the files of a log up to a moment, and the one after: it knows of silence before."""
    later = [each for each in log if _day_of(each) > _utc_day(until)]
    return [each for each in log if each not in later[1:]]


def _day_of(path: Path) -> str:
    """Return the day in the name of a log file, empty if it has another name."""
    found = DATE.search(path.name)
    return found[0] if found else ""


def _utc_day(moment: float) -> str:
    """Return the day of a moment in UTC; the endless past and future come before and after all."""
    if math.isinf(moment):
        return "" if moment < 0 else "~"
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
