"""systemd's journal: one line for each event of the service, no predictions."""

import os
from typing import Final

from emotiond.record import ENDS, Event, Record, Status
from emotiond.text import one_line, spoken

INFO: Final = 6
WARNING: Final = 4
"""Priorities of sd-daemon(3): a line begins with one in angle brackets."""
TROUBLES: Final[frozenset[Event]] = frozenset(ENDS.values())
"""Events that are logged as warnings."""


def is_journal(descriptor: int) -> bool:
    """Say whether a file descriptor leads to the journal."""
    there = os.fstat(descriptor)
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


class JournalSink:
    """Writes a line for each status record; troubles are warnings.

    Parameters
    ----------
    descriptor : int
        File descriptor of the journal; not closed here.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def open(self) -> None:
        """Do nothing: the journal is open."""

    def write(self, record: Record) -> None:
        """Write a line for a status record; raises OSError if the journal does not take it."""
        if isinstance(record, Status):
            priority = WARNING if record.event in TROUBLES else INFO
            words = f"{spoken(record.event)}: {one_line(record.message)}"
            os.write(self._descriptor, f"<{priority}>{words}\n".encode(errors="backslashreplace"))

    def close(self) -> None:
        """Do nothing: the journal stays open."""
