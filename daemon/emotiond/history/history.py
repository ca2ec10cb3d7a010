"""The history: the days of one log, or of several, filled line by line."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, tzinfo
from typing import Final

from emotiond.history.day import Day, Heard, Kind, Stretch, total
from emotiond.history.lines import Correction, Utterance
from emotiond.history.localtime import day_of

EVER: Final = (float("-inf"), float("inf"))
"""The period without a beginning and an end."""

Taken = Callable[[Heard, Utterance], object]
"""Takes an utterance at its place in time, and its line."""


def ignore(heard: Heard, line: Utterance) -> None:
    """Take an utterance and do nothing."""


class History:
    """The days on which something was heard.

    Parameters
    ----------
    period : tuple of float
        First moment that counts, and the first that does not any more (seconds since 1970).
    zone : tzinfo or None
        Time zone of the days; None: the system's.
    corrections : mapping
        Id of an utterance -> its last correction.
    labels : iterable of str
        Labels in the order of the model, as far as they are known.
    keep_utterances : bool
        Whether the days keep their utterances (some 200 bytes each), or only count them.
    taken : callable
        Called with each utterance of the period, in the order of the log.

    Attributes
    ----------
    days : dict of date to Day
        The days of the period on which a daemon listened.
    skipped : int
        Number of lines that are torn or no record of this program.
    """

    def __init__(
        self,
        *,
        period: tuple[float, float] = EVER,
        zone: tzinfo | None = None,
        corrections: Mapping[str, Correction] | None = None,
        labels: Iterable[str] = (),
        keep_utterances: bool = False,
        taken: Taken = ignore,
    ) -> None:
        self.days: dict[date, Day] = {}
        self.zone = zone
        self.skipped = 0
        self._since, self._until = period
        self._corrections = corrections or {}
        self._labels = dict.fromkeys(labels)
        self._sources: set[str] = set()
        self._keep = keep_utterances
        self._taken = taken
        self._day: Day | None = None
        """The day of the last line: most lines are of the same."""
        self._first = self._last = 0.0
        """The moments between which that day lies within the period."""

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels: those of the models, and those that only corrections name."""
        heard = (label for _, label in total(self.days.values()).seconds if label is not None)
        return tuple(dict.fromkeys([*self._labels, *heard]))

    @property
    def sources(self) -> list[str]:
        """The microphones whose utterances were heard, by their names."""
        return sorted(each for each in self._sources if each)

    @property
    def in_order(self) -> list[Day]:
        """The days, first to last."""
        return [self.days[each] for each in sorted(self.days)]

    def add(self, kind: Kind, start: float, end: float) -> None:
        """Count the seconds between two moments for a kind; the part outside the period is not."""
        day = self._day
        if day is not None and self._first <= start and end <= self._last:
            day.add(kind, start, end)
            return
        start, end = max(start, self._since), min(end, self._until)
        while start < end:
            day = self._day_at(start)
            day.add(kind, start, min(end, day.end))
            start = day.end

    def stretch(self, label: str, found: Stretch) -> None:
        """Keep a stretch if it is the longest of its label on the day of its start."""
        if self._since <= found.start < self._until:
            self._day_at(found.start).stretch(label, found)

    def heard(self, start: float, utterance: Utterance) -> None:
        """Take an utterance that began at a moment; one outside the period is passed over."""
        if not self._since <= start < self._until:
            return
        correction = self._corrections.get(utterance.id) if utterance.id else None
        found = Heard(
            start=start,
            seconds=utterance.end - utterance.start,
            state=utterance.state,
            label=utterance.label,
            confidence=utterance.confidence,
            source=utterance.source,
            corrected=correction.label if correction else None,
            by=correction.by if correction and correction.label is not None else "",
        )
        named = (each for each in (found.label, found.corrected) if each is not None)
        self._labels.update(dict.fromkeys(named))
        self._sources.add(found.source)
        day = self._day_at(start)
        day.count(found)
        if self._keep:
            day.utterances.append(found)
        self._taken(found, utterance)

    def _day_at(self, moment: float) -> Day:
        day = self._day
        if day is None or not day.start <= moment < day.end:
            key = day_of(moment, self.zone)
            day = self.days.get(key)
            if day is None:
                day = self.days[key] = Day(key, self.zone)
            self._day = day
            self._first, self._last = max(day.start, self._since), min(day.end, self._until)
        return day
