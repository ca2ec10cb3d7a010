"""The utterances of a history as a table with one column for each field and each label."""

import csv
from collections.abc import Sequence
from datetime import tzinfo
from typing import IO, Final

from emotiond.history.day import Heard
from emotiond.history.history import Taken
from emotiond.history.lines import Utterance
from emotiond.history.localtime import local

COLUMNS: Final = (
    "start",
    "end",
    "seconds",
    "state",
    "label",
    "confidence",
    "corrected",
    "by",
    "source",
    "model",
    "profile",
    "id",
)
"""Columns before those of the labels; their names and their order are stable."""


def csv_writer(file: IO[str], labels: Sequence[str], zone: tzinfo | None) -> Taken:
    """Write the heading of a table; return a function that writes the row of an utterance.

    Parameters
    ----------
    file : text file
        Opened with ``newline=""``.
    labels : sequence of str
        Labels whose probabilities have a column.
    zone : tzinfo or None
        Time zone of start and end; None: the system's.
    """
    table = csv.writer(file, lineterminator="\n")
    table.writerow((*COLUMNS, *labels))

    def write(heard: Heard, line: Utterance) -> None:
        times = (heard.start, heard.start + heard.seconds)
        table.writerow(
            (
                *(local(each, zone).isoformat(timespec="milliseconds") for each in times),
                f"{heard.seconds:.3f}",
                heard.state,
                heard.label,
                heard.confidence,
                heard.corrected,
                heard.by,
                heard.source,
                line.model,
                line.profile,
                line.id,
                *(line.probabilities.get(label) for label in labels),
            )
        )

    return write
