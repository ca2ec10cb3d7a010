"""One local day: the seconds of each state and label, its utterances and longest stretches."""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from emotiond.history.localtime import hours_of, next_day, start_of
from emotiond.record import State
from emotiond.text import one_line
from emotiond.text import spoken as in_words

CELL_SECONDS: Final = 300
"""Length of a cell (s), the unit in which a day keeps its seconds."""

Kind = tuple[State, str | None]
"""State and label that seconds are counted for; the label is None unless the state is emotion."""
SILENCE: Final[Kind] = ("no_speech", None)
UNCERTAIN: Final[Kind] = ("uncertain", None)


class Stretch(NamedTuple):
    """A time in which one label was predicted; short pauses do not end it."""

    start: float
    """The moment of its start (seconds since 1970)."""
    seconds: float


class Heard(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An utterance at its place in time."""

    start: float
    """The moment of its start (seconds since 1970)."""
    seconds: float
    state: State
    label: str | None
    """Predicted label; None unless the state is emotion."""
    confidence: float
    source: str = ""
    """Name of the microphone; empty in records of version 1."""
    corrected: str | None = None
    """What it really was, as somebody said; None without a correction."""
    by: str = ""
    """The part of the program that took the correction."""

    @property
    def counted(self) -> str | None:
        """Label that it counts for: the corrected one if there is one; None if uncertain."""
        return self.label if self.corrected is None else self.corrected


@dataclass
class Totals:
    """Sums over a day, or over several."""

    seconds: Counter[Kind] = field(default_factory=Counter)
    utterances: Counter[str | None] = field(default_factory=Counter)
    """Label that they count for -> number of utterances."""
    corrected: int = 0
    """Number of utterances that somebody corrected."""
    longest: dict[str, Stretch] = field(default_factory=dict)
    """Label -> its longest stretch."""

    @property
    def listened(self) -> float:
        """Seconds in which a daemon listened."""
        return sum(self.seconds.values())

    @property
    def spoken(self) -> dict[Kind, float]:
        """Seconds of each kind of speech, most first."""
        return spoken(self.seconds)

    def stretch(self, label: str, found: Stretch) -> None:
        """Keep a stretch if it is the longest of its label."""
        known = self.longest.get(label)
        if known is None or found.seconds > known.seconds:
            self.longest[label] = found


class Day:
    """A local day.

    Parameters
    ----------
    day : date
        The day.
    zone : tzinfo or None
        Time zone; None: the system's.

    Attributes
    ----------
    start, end : float
        First moment, and the first moment of the next day (seconds since 1970).
    hours : list of Hour
        Its hours by the clock on the wall.
    utterances : list of Heard
        The utterances that began on it, if they are kept.
    """

    def __init__(self, day: date, zone: tzinfo | None) -> None:
        self.day = day
        self.zone = zone
        self.start = start_of(day, zone)
        self.end = start_of(next_day(day), zone)
        self.hours = hours_of(day, zone)
        self.utterances: list[Heard] = []
        self._cells: dict[Kind, array[float]] = {}
        self._totals = Totals()

    @property
    def cells(self) -> int:
        """Number of cells; the last one may be shorter than the others."""
        return math.ceil((self.end - self.start) / CELL_SECONDS)

    def add(self, kind: Kind, start: float, end: float) -> None:
        """Count the seconds between two moments of this day, start before end, for a kind."""
        row = self._cells.get(kind)
        if row is None:
            row = self._cells[kind] = array("d", bytes(8 * self.cells))
        while True:
            cell = int((start - self.start) / CELL_SECONDS)
            edge = self.start + (cell + 1) * CELL_SECONDS
            if end <= edge:
                row[cell] += end - start
                return
            row[cell] += edge - start
            start = edge

    def count(self, utterance: Heard) -> None:
        """Count an utterance that began on this day."""
        self._totals.utterances[utterance.counted] += 1
        self._totals.corrected += utterance.corrected is not None

    def stretch(self, label: str, found: Stretch) -> None:
        """Keep a stretch that began on this day, if it is the longest of its label."""
        self._totals.stretch(label, found)

    def between(self, first: int, last: int) -> dict[Kind, float]:
        """Return the seconds of each kind in the cells from ``first`` up to, not with, ``last``."""
        sums = {kind: sum(row[first:last]) for kind, row in self._cells.items()}
        return {kind: each for kind, each in sums.items() if each}

    def by_hour(self) -> list[dict[Kind, float]]:
        """Return the seconds of each kind in each of the hours.

        A cell counts for the hour in which it starts.
        """
        edges = [math.ceil((each.start - self.start) / CELL_SECONDS) for each in self.hours]
        return [self.between(*each) for each in pairwise([*edges, self.cells])]

    def totals(self) -> Totals:
        """Return the sums over this day."""
        seconds = Counter({kind: sum(row) for kind, row in self._cells.items()})
        kept = self._totals
        return Totals(seconds, kept.utterances, kept.corrected, kept.longest)


def total(days: Iterable[Day]) -> Totals:
    """Return the sums over several days."""
    found = Totals()
    for each in days:
        totals = each.totals()
        found.seconds.update(totals.seconds)
        found.utterances.update(totals.utterances)
        found.corrected += totals.corrected
        for label, stretch in totals.longest.items():
            found.stretch(label, stretch)
    return found


def shares(seconds: Mapping[Kind, float]) -> dict[Kind, float]:
    """Return the share of each kind in the sum of all, 0 to 1; empty if the sum is 0."""
    everything = sum(seconds.values())
    return {kind: each / everything for kind, each in seconds.items()} if everything else {}


def spoken(seconds: Mapping[Kind, float]) -> dict[Kind, float]:
    """Return the seconds of each kind of speech, most first; those of silence are left out."""
    speech = [each for each in seconds.items() if each[0] != SILENCE]
    return dict(sorted(speech, key=lambda each: -each[1]))


def leading(seconds: Mapping[Kind, float]) -> Kind | None:
    """Return the kind that stands for some time.

    Parameters
    ----------
    seconds : mapping
        Seconds of each kind.

    Returns
    -------
    Kind or None
        The label of most of the speech; uncertain if more than half of the speech is; silence if
        nobody spoke; None if nobody listened.
    """
    if not seconds:
        return None
    share = shares(spoken(seconds))
    if not share:
        return SILENCE
    if share.get(UNCERTAIN, 0.0) > 0.5:
        return UNCERTAIN
    return next((kind for kind in share if kind != UNCERTAIN), UNCERTAIN)


def name_of(kind: Kind) -> str:
    """Return the label of a kind, or its state in words, on one line."""
    state, label = kind
    return one_line(label) if label is not None else in_words(state)
