"""The decision: from the probabilities of single windows to what is shown."""

from collections import deque
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.modelfile import Probability
from emotiond.record import State

Probabilities = NDArray[np.float32]


class DecisionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How labels are smoothed and when they are withheld."""

    smoothing_seconds: Annotated[
        float,
        msgspec.Meta(gt=0.0, le=600.0, description="how long probabilities are averaged over (s)"),
    ] = 2.0
    abstain_below: Annotated[
        Probability | None,
        msgspec.Meta(
            description="confidence below which it says uncertain (default: the model's own)"
        ),
    ] = None


class Decided(NamedTuple):
    """A decision: the state, and the label where it is ``emotion``."""

    state: State
    label: str | None
    confidence: float
    probabilities: dict[str, float]


class Smoothed:
    """Weighted mean of the probabilities of the last ``length`` windows."""

    def __init__(self, length: int) -> None:
        self._kept: deque[tuple[Probabilities, float]] = deque(maxlen=length)

    def push(self, probabilities: Probabilities, weight: float) -> Probabilities:
        """Add a window and return the mean [shape=(labels,)]."""
        self._kept.append((probabilities, weight))
        rows, weights = zip(*self._kept, strict=True)
        return np.average(np.array(rows), axis=0, weights=np.array(weights))

    def reset(self) -> None:
        """Forget all windows."""
        self._kept.clear()


class Pooled:
    """Weighted mean of the probabilities of all windows since the last reset."""

    def __init__(self) -> None:
        self._sum: NDArray[np.float64] | float = 0.0
        self._weight = 0.0
        self.windows = 0

    def push(self, probabilities: Probabilities, weight: float) -> None:
        """Add a window."""
        self._sum = self._sum + weight * probabilities.astype(np.float64)
        self._weight += weight
        self.windows += 1

    def mean(self) -> Probabilities:
        """Return the mean [shape=(labels,)]; there must have been a window."""
        return np.asarray(self._sum / self._weight, np.float32)

    def reset(self) -> None:
        """Forget all windows."""
        self._sum = 0.0
        self._weight = 0.0
        self.windows = 0


def decide(labels: tuple[str, ...], probabilities: Probabilities, abstain_below: float) -> Decided:
    """Name the most probable label, or abstain where it isn't probable enough."""
    best = int(np.argmax(probabilities))
    confidence = round(float(probabilities[best]), 4)
    sure = confidence >= abstain_below
    return Decided(
        state="emotion" if sure else "uncertain",
        label=labels[best] if sure else None,
        confidence=confidence,
        probabilities={
            label: round(float(p), 4) for label, p in zip(labels, probabilities, strict=True)
        },
    )
