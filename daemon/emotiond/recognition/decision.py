"""The decision: from the probabilities of single windows to what is shown."""

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.model.contract import NO_SPEECH, Contract
from emotiond.recognition.settings import DecisionSettings
from emotiond.record import State

Probabilities = NDArray[np.float32]


class Decided(NamedTuple):
    """A decision: the state, and the label where it is ``emotion``."""

    state: State
    label: str | None
    confidence: float
    probabilities: dict[str, float]


SILENCE = Decided("no_speech", None, 0.0, {})


class Smoothed:
    """Weighted mean of the probabilities of the windows of the last ``length`` hops."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._kept: deque[tuple[Probabilities, float, int]] = deque()
        self._hops = 0

    def push(self, probabilities: Probabilities, weight: float, hops: int = 1) -> Probabilities:
        """Add a window, so many hops after the last, and return the mean [shape=(labels,)]."""
        self._kept.append((probabilities, weight, hops))
        self._hops += hops
        while self._hops - self._kept[0][2] >= self._length:
            self._hops -= self._kept.popleft()[2]
        rows, weights, _ = zip(*self._kept, strict=True)
        # What np.average does, without what it checks.
        weight_of = np.array(weights)[:, np.newaxis]
        return np.asarray((np.array(rows) * weight_of).sum(axis=0) / weight_of.sum())

    def reset(self) -> None:
        """Forget all windows."""
        self._kept.clear()
        self._hops = 0


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


class Hysteresis:
    """Which label is shown, so that near-ties don't flicker.

    Another label replaces the one that is shown when it has been ahead for long enough or is ahead
    by far enough, and not before the shown one has stayed its time. No label (uncertain) replaces
    one in the same way, by what the label is under the threshold. A label replaces none at once,
    but to be claimed takes more than to be kept.

    Parameters
    ----------
    margin : float
        What is far enough (probability).
    wait, withdraw : int
        How many hops are long enough, for another label and for none; the one that changes it is
        counted.
    refractory : int
        Hops that a label is shown at least.
    claim : float
        Share of the way from the threshold to 1 that a label must have come to replace none.
    """

    def __init__(
        self, margin: float, wait: int, refractory: int, *, withdraw: int, claim: float = 0.0
    ) -> None:
        self._margin = margin
        self._wait = wait
        self._withdraw = withdraw
        self._refractory = refractory
        self._claim = claim
        self.reset()

    def reset(self) -> None:
        """Show no label."""
        self._shown: int | None = None
        self._age = self._refractory
        self._challenger: int | None = None
        self._ahead = 0

    def push(self, probabilities: Probabilities, abstain_below: float, hops: int = 1) -> int | None:
        """Return the label to show; None: uncertain.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(labels,)]
            Smoothed.
        abstain_below : float
            The threshold.
        hops : int
            Since the last.
        """
        self._age += hops
        best = int(np.argmax(probabilities))
        needed = abstain_below
        if self._shown is None:
            needed = claim_above(abstain_below, self._claim)
        wanted = best if probabilities[best] >= needed else None
        if wanted == self._shown:
            self._ahead = 0
            return self._shown
        if self._ahead == 0 or wanted != self._challenger:
            self._challenger, self._ahead = wanted, 0
        self._ahead += hops
        now = abstain_below if self._shown is None else float(probabilities[self._shown])
        new = abstain_below if wanted is None else float(probabilities[wanted])
        wait = self._withdraw if wanted is None else self._wait
        # Where nothing is claimed yet there is nothing to keep steady.
        convinced = self._shown is None or self._ahead >= wait or new - now >= self._margin
        if convinced and self._age > self._refractory:
            # What follows "uncertain" need not wait: nothing was claimed yet.
            self._age = 0 if wanted is not None else self._refractory
            self._shown, self._ahead = wanted, 0
        return self._shown


class Decision:
    """All that happens to a window's probabilities before they are a record's.

    Parameters
    ----------
    contract : Contract
        Of the model.
    settings : DecisionSettings
        How it decides.
    hop_seconds : float
        Time between two windows.
    """

    def __init__(self, contract: Contract, settings: DecisionSettings, hop_seconds: float) -> None:
        def hops(seconds: float) -> int:
            return round(seconds / hop_seconds)

        self._labels = contract.labels
        self._reported = contract.reported
        self._judge = self._labels.index(NO_SPEECH) if NO_SPEECH in self._labels else None
        self._others = [i for i, label in enumerate(self._labels) if label != NO_SPEECH]
        self._abstain_below = (
            contract.abstain_below if settings.abstain_below is None else settings.abstain_below
        )
        self._claim_above = claim_above(self._abstain_below, settings.claim_margin)
        self._no_speech_above = settings.no_speech_above
        self._longest = max(1, hops(settings.longest_utterance))
        self._smoothed = Smoothed(max(1, hops(settings.smoothing_seconds)))
        self._shown = Hysteresis(
            settings.switch_margin,
            hops(settings.switch_seconds),
            hops(settings.refractory_seconds),
            withdraw=hops(settings.withdraw_seconds),
            claim=settings.claim_margin,
        )
        self._utterance = Pooled()
        self._hops = 0
        """Of the utterance."""

    @property
    def too_long(self) -> bool:
        """Whether the utterance should end here, though speech goes on."""
        return self._hops >= self._longest

    def hear(
        self, probabilities: Probabilities, weight: float, hops: int = 1
    ) -> tuple[Decided, str | None]:
        """Hear the next window and return what is shown, and the label of this window alone.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(labels,)]
            Of the window, calibrated.
        weight : float
            How much of it is speech, over 0.
        hops : int
            Since the last window; more than one on a machine that is too slow for each.
        """
        self._hops += hops
        self._utterance.push(probabilities, weight)
        now, alone = self._split(probabilities)
        mean, pooled = self._split(self._smoothed.push(probabilities, weight, hops))
        raw_label = None if now else self._reported[int(np.argmax(alone))]
        shown = self._shown.push(pooled, self._abstain_below, hops)
        if mean:
            return SILENCE, raw_label
        return _decided(self._reported, pooled, shown), raw_label

    def end_utterance(self) -> Decided | None:
        """Return what the utterance was; None if it was none after all."""
        self._hops = 0
        if not self._utterance.windows:
            return None
        silent, mean = self._split(self._utterance.mean())
        self._utterance.reset()
        return None if silent else decide(self._reported, mean, self._claim_above)

    def reset(self) -> None:
        """Forget all windows."""
        self._hops = 0
        self._utterance.reset()
        self._smoothed.reset()
        self._shown.reset()

    def _split(self, probabilities: Probabilities) -> tuple[bool, Probabilities]:
        """Return whether the model says that nobody speaks, and its word on the other labels."""
        if self._judge is None:
            return False, probabilities
        rest = probabilities[self._others]
        total = float(rest.sum())
        rest = rest / np.float32(total) if total > 0.0 else np.full_like(rest, 1.0 / len(rest))
        return float(probabilities[self._judge]) > self._no_speech_above, rest


def claim_above(abstain_below: float, margin: float) -> float:
    """Return the confidence that claiming a label takes, a share of the way from a threshold to 1.

    To keep one that is shown takes the threshold only.
    """
    return abstain_below + margin * (1.0 - abstain_below)


def decide(labels: tuple[str, ...], probabilities: Probabilities, abstain_below: float) -> Decided:
    """Name the most probable label, or abstain where it isn't probable enough."""
    best = int(np.argmax(probabilities))
    sure = round(float(probabilities[best]), 4) >= abstain_below
    return _decided(labels, probabilities, best if sure else None)


def _decided(labels: tuple[str, ...], probabilities: Probabilities, shown: int | None) -> Decided:
    """Return the decision for a label to show; the confidence is its probability."""
    best = int(np.argmax(probabilities)) if shown is None else shown
    return Decided(
        state="uncertain" if shown is None else "emotion",
        label=None if shown is None else labels[shown],
        confidence=round(float(probabilities[best]), 4),
        probabilities={
            label: round(float(p), 4) for label, p in zip(labels, probabilities, strict=True)
        },
    )
