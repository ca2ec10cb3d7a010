"""The decision: from the probabilities of single windows to the label that is shown."""

from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.model.contract import NO_SPEECH, Contract
from emotiond.recognition.settings import DecisionSettings
from emotiond.record import State

Probabilities = NDArray[np.float32]
"""Probability of each label [shape=(labels,)], 0 to 1."""


class Decided(NamedTuple):
    """The result of a decision."""

    state: State
    """``emotion``, ``uncertain`` or ``no_speech``."""
    label: str | None
    """The label if the state is ``emotion``, else None."""
    confidence: float
    """Probability of the label, or of the most probable one if there is none; 0 to 1."""
    probabilities: dict[str, float]
    """Probability of every label that records name; empty for ``no_speech``."""


NO_SPEECH_DECIDED: Final = Decided("no_speech", None, 0.0, {})
"""The result where nobody speaks."""


class Smoothed:
    """Weighted mean of the probabilities of recent windows.

    Parameters
    ----------
    length : int
        Hops whose windows count, the last one included; at least 1.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._kept: deque[tuple[Probabilities, float, int]] = deque()
        self._hops = 0

    def push(self, probabilities: Probabilities, weight: float, hops: int = 1) -> Probabilities:
        """Add a window and return the mean.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(labels,), dtype=float32]
            Probabilities of the window.
        weight : float
            Weight of the window, above 0.
        hops : int
            Hops since the last window, at least 1.

        Returns
        -------
        np.ndarray [shape=(labels,)]
        """
        self._kept.append((probabilities, weight, hops))
        self._hops += hops
        while self._hops - self._kept[0][2] >= self._length:
            self._hops -= self._kept.popleft()[2]
        rows, weights, _ = zip(*self._kept, strict=True)
        # np.average without its checks, which take longer than the mean.
        column = np.array(weights)[:, np.newaxis]
        return np.asarray((np.array(rows) * column).sum(axis=0) / column.sum())

    def reset(self) -> None:
        """Forget all windows."""
        self._kept.clear()
        self._hops = 0


class Pooled:
    """Weighted mean of the probabilities of all windows since the last reset.

    Attributes
    ----------
    windows : int
        Windows since the last reset.
    """

    def __init__(self) -> None:
        self._sum: NDArray[np.float64] | float = 0.0
        self._weight = 0.0
        self.windows = 0

    def push(self, probabilities: Probabilities, weight: float) -> None:
        """Add a window.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(labels,), dtype=float32]
            Probabilities of the window.
        weight : float
            Weight of the window, above 0.
        """
        self._sum = self._sum + weight * probabilities.astype(np.float64)
        self._weight += weight
        self.windows += 1

    def mean(self) -> Probabilities:
        """Return the mean [shape=(labels,), dtype=float32]; there must be at least one window."""
        return np.asarray(self._sum / self._weight, np.float32)

    def reset(self) -> None:
        """Forget all windows."""
        self._sum = 0.0
        self._weight = 0.0
        self.windows = 0


class Hysteresis:
    """Decides when the shown label changes, so that near-ties don't make it flicker.

    A new label replaces the shown one once it has been ahead for ``wait`` hops, or at once if it is
    ahead by ``margin``. The shown label is withdrawn (uncertain) once it has been below the
    threshold for ``withdraw`` hops, or at once if it is below by ``margin``. Both only happen after
    the shown label's ``refractory`` hops. While no label is shown, a label is shown at once, but
    needs more than the threshold: see ``claim``.

    Parameters
    ----------
    margin : float
        Lead (difference of probabilities) that changes the label at once.
    wait : int
        Hops for which a new label must be ahead, the hop of the change included.
    refractory : int
        Hops for which a new label is shown at least.
    withdraw : int
        Hops for which the shown label must be below the threshold, that of the change included.
    claim : float
        Share of the way from the threshold to 1 that the first label must reach, 0 to 1.
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
        """Process the next smoothed probabilities and return the label to show.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(labels,)]
            Smoothed probabilities.
        abstain_below : float
            The threshold: the least probability of a shown label, 0 to 1.
        hops : int
            Hops since the last call, at least 1.

        Returns
        -------
        int or None
            Index of the label; None: uncertain.
        """
        self._age += hops
        best = int(np.argmax(probabilities))
        needed = abstain_below
        if self._shown is None:
            needed = claim_threshold(abstain_below, self._claim)
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
        # If no label is shown there is nothing to keep steady.
        convinced = self._shown is None or self._ahead >= wait or new - now >= self._margin
        if convinced and self._age > self._refractory:
            # After "uncertain" a label may follow at once.
            self._age = 0 if wanted is not None else self._refractory
            self._shown, self._ahead = wanted, 0
        return self._shown


class Decision:
    """From a window's probabilities to the result that its record has.

    Parameters
    ----------
    contract : Contract
        Contract of the model: its labels and its threshold.
    settings : DecisionSettings
        How probabilities are smoothed, and labels shown and withheld.
    hop_seconds : float
        Time between two windows (s).
    """

    def __init__(self, contract: Contract, settings: DecisionSettings, hop_seconds: float) -> None:
        def hops(seconds: float) -> int:
            return round(seconds / hop_seconds)

        self._labels = contract.labels
        self._reported = contract.reported
        self._no_speech = self._labels.index(NO_SPEECH) if NO_SPEECH in self._labels else None
        self._others = [i for i, label in enumerate(self._labels) if label != NO_SPEECH]
        self._abstain_below = (
            contract.abstain_below if settings.abstain_below is None else settings.abstain_below
        )
        self._claim_threshold = claim_threshold(self._abstain_below, settings.claim_margin)
        self._no_speech_above = settings.no_speech_above
        self._longest = max(1, hops(settings.longest_utterance))
        self._smoothed = Smoothed(max(1, hops(settings.smoothing_seconds)))
        self._hysteresis = Hysteresis(
            settings.switch_margin,
            hops(settings.switch_seconds),
            hops(settings.refractory_seconds),
            withdraw=hops(settings.withdraw_seconds),
            claim=settings.claim_margin,
        )
        self._utterance = Pooled()
        self._utterance_hops = 0

    @property
    def too_long(self) -> bool:
        """Whether the utterance has reached its greatest length and should end here."""
        return self._utterance_hops >= self._longest

    def push(
        self, probabilities: Probabilities, weight: float, hops: int = 1
    ) -> tuple[Decided, str | None]:
        """Process the next window.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(labels,), dtype=float32]
            Calibrated probabilities of the window.
        weight : float
            Share of the window that is speech, above 0 and up to 1.
        hops : int
            Hops since the last window; more than one if the machine is too slow for each hop.

        Returns
        -------
        Decided
            The smoothed result, which is shown.
        str or None
            The most probable label of this window alone; None for no speech.
        """
        self._utterance_hops += hops
        self._utterance.push(probabilities, weight)
        window_silent, window = self._split(probabilities)
        silent, mean = self._split(self._smoothed.push(probabilities, weight, hops))
        raw_label = None if window_silent else self._reported[int(np.argmax(window))]
        shown = self._hysteresis.push(mean, self._abstain_below, hops)
        if silent:
            return NO_SPEECH_DECIDED, raw_label
        return _result(self._reported, mean, shown), raw_label

    def end_utterance(self) -> Decided | None:
        """Return the result of the utterance, and begin a new one.

        Returns
        -------
        Decided or None
            None if it had no window, or if the model says that it was no speech.
        """
        self._utterance_hops = 0
        if not self._utterance.windows:
            return None
        silent, mean = self._split(self._utterance.mean())
        self._utterance.reset()
        return None if silent else decide(self._reported, mean, self._claim_threshold)

    def reset(self) -> None:
        """Forget all windows."""
        self._utterance_hops = 0
        self._utterance.reset()
        self._smoothed.reset()
        self._hysteresis.reset()

    def _split(self, probabilities: Probabilities) -> tuple[bool, Probabilities]:
        """Return whether the model says ``no_speech``, and the other labels' probabilities.

        These are scaled to a sum of 1.
        """
        if self._no_speech is None:
            return False, probabilities
        rest = probabilities[self._others]
        total = float(rest.sum())
        rest = rest / np.float32(total) if total > 0.0 else np.full_like(rest, 1.0 / len(rest))
        return float(probabilities[self._no_speech]) > self._no_speech_above, rest


def claim_threshold(abstain_below: float, margin: float) -> float:
    """Return the confidence that a first label, or an utterance's, needs.

    Parameters
    ----------
    abstain_below : float
        Confidence that a shown label needs, 0 to 1.
    margin : float
        Share of the way from there to 1, 0 to 1.

    Returns
    -------
    float
        Confidence, ``abstain_below`` to 1.
    """
    return abstain_below + margin * (1.0 - abstain_below)


def decide(labels: tuple[str, ...], probabilities: Probabilities, abstain_below: float) -> Decided:
    """Return the most probable label, or ``uncertain`` if it is not probable enough.

    Parameters
    ----------
    labels : tuple of str
        Labels in the order of the probabilities.
    probabilities : np.ndarray [shape=(labels,), dtype=float32]
        Their probabilities.
    abstain_below : float
        Least confidence of a label, 0 to 1; the confidence is rounded to four digits first.

    Returns
    -------
    Decided
        Its state is ``emotion`` or ``uncertain``.
    """
    best = int(np.argmax(probabilities))
    sure = round(float(probabilities[best]), 4) >= abstain_below
    return _result(labels, probabilities, best if sure else None)


def _result(labels: tuple[str, ...], probabilities: Probabilities, shown: int | None) -> Decided:
    """Return the result with one of the labels shown; None: uncertain."""
    best = int(np.argmax(probabilities)) if shown is None else shown
    return Decided(
        state="uncertain" if shown is None else "emotion",
        label=None if shown is None else labels[shown],
        confidence=round(float(probabilities[best]), 4),
        probabilities={
            label: round(float(p), 4) for label, p in zip(labels, probabilities, strict=True)
        },
    )
