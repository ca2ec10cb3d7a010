"""The journal of systemd: what happened to a service, one line an event, no predictions."""

import os
from typing import Final

from emotiond.record import ENDS, Event, Record, Status
from emotiond.text import one_line, spoken

INFO: Final = 6
WARNING: Final = 4
"""Priorities, as sd-daemon(3) has them in front of a line."""
TROUBLES: Final[frozenset[Event]] = frozenset(ENDS.values())


def is_journal(descriptor: int) -> bool:
    """Say whether what is written to a file descriptor goes to the journal."""
    there = os.fstat(descriptor)
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


class JournalSink:
    """Write a line for each status; troubles as warnings.

    Parameters
    ----------
    descriptor : int
        Where to; not closed here.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def open(self) -> None:
        """Do nothing: the journal is open."""

    def write(self, record: Record) -> None:
        """Say what happened; raises OSError if the journal takes no more."""
        if isinstance(record, Status):
            priority = WARNING if record.event in TROUBLES else INFO
            words = f"{spoken(record.event)}: {one_line(record.message)}"
            os.write(self._descriptor, f"<{priority}>{words}\n".encode(errors="backslashreplace"))

    def meter(self, seconds: float, level: float, speech: float) -> None:
        """Do nothing: levels are no events."""

    def close(self) -> None:
        """Do nothing: the journal stays open."""
