"""Days of the log, as a page and as JSON. Reads files, so it runs beside the event loop."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from emotiond.history.day import Heard, name_of, total
from emotiond.history.files import logs_of, period_of, read_history, usual_folders
from emotiond.history.history import History, Taken, ignore
from emotiond.history.lines import Utterance
from emotiond.history.localtime import local
from emotiond.hub.answers import Summary
from emotiond.settings import Settings
from emotiond.sinks.retention import log_files

MOST_UTTERANCES: Final = 20_000
"""Utterances of a day that are listed."""


def folders_of(settings: Settings) -> list[Path]:
    """Return the log folders: those of the hub's settings, else the usual ones if there are any.

    Raises
    ------
    InputError
        If a folder may not be read, or this user has no place for a log.
    """
    if settings.hub.log:
        return settings.hub.log_paths
    return usual_folders(settings.log.folder)


def days_of(folders: Sequence[Path]) -> list[str]:
    """Return the days of log files, first to last; days in UTC, as the files are named."""
    names = (each.stem for folder in folders for each in log_files(folder))
    return sorted({name.removeprefix("predictions-") for name in names})


def sizes_of(folders: Sequence[Path]) -> dict[Path, int]:
    """Return the size of the log files in each folder (bytes)."""
    return {folder: sum(each.st_size for each in log_files(folder).values()) for folder in folders}


def history_of(folders: Sequence[Path], day: date, taken: Taken = ignore) -> History:
    """Return the history of a local day, with its utterances.

    Raises
    ------
    InputError
        If a file can't be read.
    """
    period = period_of(day, day, None)
    logs = logs_of(folders, period[0])
    return read_history(logs, period=period, keep_utterances=True, taken=taken)


def summary_of(folders: Sequence[Path], day: date) -> Summary:
    """Return the sums over a local day: seconds of each state and label, and utterances."""
    history = history_of(folders, day)
    totals = total(history.in_order)
    return Summary(
        day=f"{day}",
        listened=round(totals.listened, 1),
        seconds={name_of(kind): round(each, 1) for kind, each in totals.seconds.items()},
        utterances={label or "uncertain": n for label, n in totals.utterances.items()},
        corrected=totals.corrected,
        skipped=history.skipped,
    )


def utterances_of(folders: Sequence[Path], day: date) -> list[dict[str, Any]]:
    """Return the utterances of a local day: the fields of their records, and corrections."""
    found: list[dict[str, Any]] = []

    def take(heard: Heard, line: Utterance) -> None:
        if len(found) < MOST_UTTERANCES:
            added = {"began": local(heard.start, None).isoformat(timespec="milliseconds")}
            corrected = {"corrected": heard.corrected, "by": heard.by or None}
            found.append(msgspec.to_builtins(line) | added | corrected)

    history_of(folders, day, take)
    return found


def around(day: date) -> Iterator[date]:
    """Yield the day before a day, and the day after."""
    yield day - timedelta(days=1)
    yield day + timedelta(days=1)
