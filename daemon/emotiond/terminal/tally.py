"""The tally: time listened, and the share of each label in the speech."""

from dataclasses import dataclass, field, replace
from typing import Final

LONGEST_SECONDS: Final = 60.0
"""Longest time that is counted at once (s): a longer one is a gap, or another stream."""
UNCERTAIN: Final = ""
"""Name under which uncertain speech is counted; no label is empty."""
OTHERS: Final = "other labels"
"""Name of all labels of models that run no more."""


@dataclass(frozen=True)
class Tally:
    """Seconds of the stream, and of the speech in it by label; as many as the model has labels."""

    heard: float = 0.0
    """Seconds that were listened."""
    speech: dict[str, float] = field(default_factory=dict)
    """Label, or ``UNCERTAIN`` -> seconds of speech."""

    def listened(self, seconds: float) -> "Tally":
        """Return the tally some seconds later."""
        return replace(self, heard=self.heard + _counted(seconds))

    def predicted(self, state: str, label: str | None, seconds: float) -> "Tally":
        """Return the tally after a hop of a state and a label."""
        counted = _counted(seconds)
        if state == "no_speech" or not counted:
            return self
        name = label if state == "emotion" and label is not None else UNCERTAIN
        return replace(self, speech=self.speech | {name: self.speech.get(name, 0.0) + counted})

    def renamed(self, labels: tuple[str, ...]) -> "Tally":
        """Return the tally for a model with other labels."""
        kept = {name: s for name, s in self.speech.items() if name in (*labels, UNCERTAIN)}
        gone = sum(self.speech.values()) - sum(kept.values())
        return replace(self, speech=kept | {OTHERS: gone} if gone > 0.0 else kept)

    @property
    def shares(self) -> list[tuple[str, float]]:
        """Label -> its share of the speech, 0 to 1, the largest first."""
        total = sum(self.speech.values())
        ordered = sorted(self.speech.items(), key=lambda each: -each[1])
        return [(name, seconds / total) for name, seconds in ordered]


def _counted(seconds: float) -> float:
    """Return the time that counts; NaN counts nothing."""
    return seconds if 0.0 < seconds <= LONGEST_SECONDS else 0.0
