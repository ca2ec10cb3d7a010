"""The decision: from the probabilities of single windows to the label that is shown."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.model.contract import NO_SPEECH, OTHER, Contract
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


PRIOR_WEIGHT: Final = 0.1
"""Weight of equal probabilities for all labels beside the windows' (1 is a window full of speech).

It is most of the weight of an utterance's first window. So one window claims a label only if it is
very sure, and a second of speech if it is sure.
"""


class Mean:
    """Weighted mean of the probabilities of windows.

    Parameters
    ----------
    prior : np.ndarray [shape=(labels,), dtype=float32]
        Probabilities before any window.
    decay : float
        Factor by which the windows before count less with each hop, above 0 and up to 1.

    Attributes
    ----------
    windows : int
        Windows since the last reset.
    """

    def __init__(self, prior: Probabilities, decay: float = 1.0) -> None:
        self._prior = prior.astype(np.float64)
        self._decay = decay
        self._sum = np.zeros_like(self._prior)
        self._weight = 0.0
        self.windows = 0

    def push(self, probabilities: Probabilities, weight: float, hops: int = 1) -> None:
        """Add a window.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(labels,), dtype=float32]
            Probabilities of the window.
        weight : float
            Weight of the window, above 0.
        hops : int
            Hops since the last window, at least 1.
        """
        kept = self._decay**hops
        self._sum = kept * self._sum + weight * probabilities.astype(np.float64)
        self._weight = kept * self._weight + weight
        self.windows += 1

    def __call__(self, prior_weight: float = PRIOR_WEIGHT) -> Probabilities:
        """Return the mean [shape=(labels,), dtype=float32].

        Parameters
        ----------
        prior_weight : float
            Weight of the prior beside the windows'; without windows it must be above 0.
        """
        total = self._weight + prior_weight
        return np.asarray((self._sum + prior_weight * self._prior) / total, np.float32)

    def reset(self) -> None:
        """Forget all windows."""
        self._sum = np.zeros_like(self._prior)
        self._weight = 0.0
        self.windows = 0


class Decision:
    """From a window's probabilities to the result that its record has.

    Parameters
    ----------
    contract : Contract
        Contract of the model: its labels and its threshold.
    settings : DecisionSettings
        How probabilities are smoothed, and when labels are withheld.
    hop_seconds : float
        Time between two windows (s).
    """

    def __init__(self, contract: Contract, settings: DecisionSettings, hop_seconds: float) -> None:
        self._labels = contract.labels
        self._reported = contract.reported
        self._no_speech = self._labels.index(NO_SPEECH) if NO_SPEECH in self._labels else None
        self._others = [i for i, label in enumerate(self._labels) if label != NO_SPEECH]
        self._named = [i for i in self._others if self._labels[i] != OTHER]
        self._named_of_rest = [self._others.index(i) for i in self._named]
        self._settings = settings
        self.use_threshold(contract)
        self._no_speech_above = settings.no_speech_above
        self._longest = max(1, round(settings.longest_utterance / hop_seconds))
        prior = np.zeros(len(self._labels), np.float32)
        prior[self._others] = 1.0 / len(self._others)
        self._recent = Mean(prior, math.exp(-hop_seconds / settings.smoothing_seconds))
        self._utterance = Mean(prior)
        self._utterance_hops = 0

    @property
    def too_long(self) -> bool:
        """Whether the utterance has reached its greatest length and should end here."""
        return self._utterance_hops >= self._longest

    def use_threshold(self, contract: Contract) -> None:
        """Go on with the threshold of a contract that has the same labels."""
        own = self._settings.abstain_below
        self._abstain_below = contract.abstain_below if own is None else own

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
            The most probable label of this window alone; None for no speech, and for a sound that
            is none of the labels.
        """
        self._utterance_hops += hops
        self._utterance.push(probabilities, weight)
        self._recent.push(probabilities, weight, hops)
        window_silent, window = self._split(probabilities)
        best = int(np.argmax(window))
        other = window_silent or window[best] < _unnamed(window)
        raw_label = None if other else self._reported[best]
        return self._decide(self._recent()) or NO_SPEECH_DECIDED, raw_label

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
        cautious, mean = self._utterance(), self._utterance(prior_weight=0.0)
        self._utterance.reset()
        claimed, whole = self._decide(cautious), self._decide(mean)
        if whole is None or claimed is None or claimed.state == whole.state:
            return whole
        # One short window is no verdict, unless it is very sure.
        return whole._replace(state="uncertain", label=None)

    def reset(self) -> None:
        """Forget all windows."""
        self._utterance_hops = 0
        self._utterance.reset()
        self._recent.reset()

    def _decide(self, probabilities: Probabilities) -> Decided | None:
        """Return the result for a mean; None if the model says that it is no speech."""
        silent, rest = self._split(probabilities)
        return None if silent else decide(self._reported, rest, self._abstain_below)

    def _split(self, probabilities: Probabilities) -> tuple[bool, Probabilities]:
        """Return whether the model says ``no_speech``, and the probabilities of the named labels.

        Without ``no_speech`` all probabilities have a sum of 1; ``none_of_these`` has its share.
        """
        if self._no_speech is None:
            return False, probabilities[self._named]
        rest = probabilities[self._others]
        total = float(rest.sum())
        rest = rest / np.float32(total) if total > 0.0 else np.full_like(rest, 1.0 / len(rest))
        silent = float(probabilities[self._no_speech]) > self._no_speech_above
        return silent, rest[self._named_of_rest]


def decide(labels: tuple[str, ...], probabilities: Probabilities, abstain_below: float) -> Decided:
    """Return the most probable label, or ``uncertain`` if it is not probable enough.

    The probability that is missing from 1 is that of ``none_of_these``. A label must be at least as
    probable.

    Parameters
    ----------
    labels : tuple of str
        Labels in the order of the probabilities.
    probabilities : np.ndarray [shape=(labels,), dtype=float32]
        Their probabilities.
    abstain_below : float
        Least confidence of a label, 0 to 1. Probabilities are rounded to four digits first, so
        that a record never contradicts itself.

    Returns
    -------
    Decided
        Its state is ``emotion`` or ``uncertain``.
    """
    rounded = {label: round(float(p), 4) for label, p in zip(labels, probabilities, strict=True)}
    best = max(rounded, key=rounded.__getitem__)
    sure = rounded[best] >= abstain_below and rounded[best] >= _unnamed(probabilities)
    return Decided(
        state="emotion" if sure else "uncertain",
        label=best if sure else None,
        confidence=rounded[best],
        probabilities=rounded,
    )


def _unnamed(probabilities: Probabilities) -> float:
    """Return the probability of ``none_of_these``, which is not among those of the named labels."""
    return 1.0 - float(probabilities.sum())
