"""What a history says, in sentences and tables: the same words for terminal, page and picture."""

from collections.abc import Iterator
from datetime import date, tzinfo
from typing import Final, NamedTuple

from emotiond.history.day import Kind, Totals, name_of, shares
from emotiond.history.history import History
from emotiond.history.localtime import local
from emotiond.text import duration, one_line

NAMED: Final = 3
"""Most kinds of speech that a sentence names."""
NOBODY: Final = "No daemon listened then."
"""Sentence for a history without days."""


class Row(NamedTuple):
    """A row of the table of a time: how much of its speech one kind is."""

    kind: Kind
    name: str
    share: float
    """Share of the speech, 0 to 1."""
    seconds: float
    utterances: int
    """Number of utterances that count for it."""
    longest: str
    """Its longest stretch: ``48 s at 1 May 14:03``; empty if there is none."""


def rows_of(totals: Totals, zone: tzinfo | None) -> list[Row]:
    """Return a row for each kind of speech, most first; then labels that only corrections name."""
    share = shares(totals.spoken)
    counted: list[Kind] = [("emotion", each) for each in totals.utterances if each is not None]
    return [
        Row(
            kind,
            name_of(kind),
            share.get(kind, 0.0),
            totals.seconds[kind],
            totals.utterances[kind[1]],
            _longest(totals, kind, zone),
        )
        for kind in dict.fromkeys([*totals.spoken, *counted])
    ]


def _longest(totals: Totals, kind: Kind, zone: tzinfo | None) -> str:
    stretch = totals.longest.get(kind[1] or "")
    if stretch is None:
        return ""
    then = local(stretch.start, zone)
    return f"{duration(stretch.seconds)} at {then.day} {then:%b %H:%M}"


def sentences_of(totals: Totals) -> Iterator[str]:
    """Yield the sentences that sum up a time."""
    speech = totals.spoken
    said = sum(speech.values())
    if not said:
        yield f"Listened for {duration(totals.listened)}; nobody spoke."
        return
    yield f"Listened for {duration(totals.listened)}, {duration(said)} of it was speech."
    most = [f"{name_of(kind)} {each:.0%}" for kind, each in list(shares(speech).items())[:NAMED]]
    yield f"Of the speech: {', '.join(most)}."
    number = totals.utterances.total()
    yield f"{counted(number, 'utterance')}, {totals.corrected} corrected."


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 utterance``, ``2 utterances``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def long_date(day: date) -> str:
    """Return a day as people write it: ``Friday 1 May 2026``."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def sources_of(history: History) -> str:
    """Return the sentence that names several microphones; empty if there is only one."""
    if len(history.sources) < 2:
        return ""
    return f"Microphones: {', '.join(map(one_line, history.sources))}; their times are added up."


def skipped_of(history: History) -> str:
    """Return the sentence that says how many lines could not be read; empty if none."""
    if not history.skipped:
        return ""
    lines = counted(history.skipped, "line")
    return f"{lines} of the log could not be read (torn, or not of emotiond)."
