"""Corrections of the last utterances, in memory, so that they can be taken back. Pure."""

from collections import deque
from typing import NamedTuple

from emotiond.errors import EmotiondError
from emotiond.model.profile import Example
from emotiond.record import Utterance
from emotiond.service.memory import MOST, Heard


class Corrected(NamedTuple):
    """A correction that can be taken back."""

    heard: Heard
    label: str
    example: Example | None
    """Example that it became; None if nothing could be learnt."""


class Corrections:
    """Remembers the last corrections; the oldest is forgotten if there are too many."""

    def __init__(self) -> None:
        self._made: deque[Corrected] = deque(maxlen=MOST)

    def add(self, correction: Corrected) -> None:
        """Remember a correction."""
        self._made.append(correction)

    def last(self) -> Corrected:
        """Return the last correction; raises EmotiondError if there is none."""
        if not self._made:
            raise EmotiondError("there is no correction to take back")
        return self._made[-1]

    def of(self, utterance: Utterance) -> list[Corrected]:
        """Return the corrections of an utterance, the last one last."""
        return [each for each in self._made if each.heard.utterance == utterance]

    def take_back(self) -> None:
        """Forget the last correction."""
        self._made.pop()

    def label_of(self, utterance: Utterance) -> str:
        """Return the present label of an utterance, by a correction or by the daemon."""
        found = self.of(utterance)
        return found[-1].label if found else utterance.label or utterance.state
