"""Calibration: temperature and threshold, from speakers who are in neither training nor test."""

from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond_training.evaluation.hearing import Heard, Numbers, Reals, pooled

TEMPERATURES: Final = (0.1, 10.0)
"""Lowest and highest temperature that is tried."""
WANTED_PRECISION: Final = 0.8
"""Wanted share of right clips among those above the threshold, 0 to 1."""
REACHED_COVERAGE: Final = 0.05
"""Least share of clips above the threshold for the wanted precision to count as reached."""
FALLBACK_COVERAGE: Final = 0.2
"""Least share of clips above the threshold if the wanted precision can't be reached."""


class Threshold(NamedTuple):
    """A threshold, with its effect on the calibration clips; fields as of :class:`Calibration`."""

    abstain_below: float
    precision: float
    coverage: float
    reached: bool


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a calibration.

    Parameters
    ----------
    clips : int
        Number of calibration clips; 0 if no speaker could be spared, and nothing was changed.
    speakers : int
        Number of their speakers.
    temperature : float
        Temperature, above 0: the logits are divided by it before the softmax.
    nll_before : float
        Mean negative log likelihood of the calibration clips at temperature 1.
    nll_after : float
        The same at ``temperature``.
    abstain_below : float
        Threshold: a result with a lower confidence is ``uncertain``; 0 to 1.
    precision : float
        Share of right clips among those that reach the threshold, 0 to 1.
    coverage : float
        Share of the calibration clips that reach the threshold, 0 to 1.
    reached : bool
        Whether the wanted precision was reached.
    """

    clips: int = 0
    speakers: int = 0
    temperature: float = 1.0
    nll_before: float = 0.0
    nll_after: float = 0.0
    abstain_below: float
    precision: float = 0.0
    coverage: float = 0.0
    reached: bool = False


def nll(probabilities: Reals, true: Numbers, weights: Reals) -> float:
    """Return the weighted mean negative log likelihood of the recordings with speech.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(recordings, labels)]
        Probabilities; a row of zeros if there was no speech.
    true : np.ndarray [shape=(recordings,)]
        Number of the true label.
    weights : np.ndarray [shape=(recordings,)]
        Weight of each recording, above 0.
    """
    spoken = probabilities.sum(axis=1) > 0.0
    likelihood = probabilities[np.flatnonzero(spoken), true[spoken]]
    return float(np.average(-np.log(np.maximum(likelihood, 1e-9)), weights=weights[spoken]))


def fit_temperature(
    outputs: Heard, labels: tuple[str, ...], true: Numbers, weights: Reals
) -> tuple[float, float, float]:
    """Find the temperature with the lowest negative log likelihood of pooled probabilities.

    Parameters
    ----------
    outputs : Heard
        Outputs of the model for the calibration clips.
    labels : tuple of str
        Labels in the order of the logits.
    true : np.ndarray [shape=(clips,)]
        Number of each clip's true label, among the labels without ``no_speech``.
    weights : np.ndarray [shape=(clips,)]
        Weight of each clip, above 0.

    Returns
    -------
    float
        Temperature, in the range of :data:`TEMPERATURES`; 1 if no clip has speech.
    float
        Negative log likelihood at temperature 1.
    float
        Negative log likelihood at the returned temperature.
    """

    def loss(log_temperature: float) -> float:
        return nll(pooled(outputs, labels, float(np.exp(log_temperature))), true, weights)

    if not len(outputs.clips):
        return 1.0, 0.0, 0.0
    low, high = np.log(TEMPERATURES)
    # A coarse grid, then finer ones around the best point: pooling may give two local minima.
    for _ in range(3):
        grid = np.linspace(low, high, 25)
        losses = [loss(point) for point in grid]
        best = int(np.argmin(losses))
        low, high = grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)]
    return round(float(np.exp(grid[best])), 4), loss(0.0), losses[best]


def choose_threshold(
    confidence: Reals,
    right: NDArray[np.bool_],
    weights: Reals | None = None,
    wanted: float = WANTED_PRECISION,
) -> Threshold:
    """Choose the threshold: the confidence below which a prediction is withheld.

    The lowest threshold with the wanted precision is chosen. If there is none, the one with the
    highest precision that keeps :data:`FALLBACK_COVERAGE` of the clips.

    Parameters
    ----------
    confidence : np.ndarray [shape=(clips,)]
        Probability of the predicted label, 0 to 1; 0 if there was no speech.
    right : np.ndarray [shape=(clips,), dtype=bool]
        Whether the predicted label is the true one.
    weights : np.ndarray [shape=(clips,)], optional
        Weight of each clip; default 1.
    wanted : float
        Wanted precision, 0 to 1; default 0.8.
    """
    weights = np.ones(len(confidence)) if weights is None else weights
    confidence = np.round(confidence, 4)  # as the engine rounds
    candidates = np.unique(np.append(confidence, 0.0))
    coverage = np.array([weights[confidence >= each].sum() for each in candidates])
    correct = np.array([weights[(confidence >= each) & right].sum() for each in candidates])
    precision = correct / coverage
    coverage = coverage / weights.sum()
    enough = np.flatnonzero((precision >= wanted) & (coverage >= REACHED_COVERAGE))
    if len(enough):
        chosen = int(enough[0])
    else:
        chosen = int(np.argmax(np.where(coverage >= FALLBACK_COVERAGE, precision, -1.0)))
    return Threshold(
        float(candidates[chosen]),
        float(precision[chosen]),
        float(coverage[chosen]),
        bool(len(enough)),
    )


def calibrate(
    outputs: Heard,
    labels: tuple[str, ...],
    true: Numbers,
    speakers: tuple[str, ...],
    corpora: Numbers,
    wanted: float = WANTED_PRECISION,
) -> Calibration:
    """Find temperature and threshold; every corpus has the same total weight.

    Parameters
    ----------
    outputs : Heard
        Outputs of the model for the calibration clips.
    labels : tuple of str
        Labels in the order of the logits.
    true : np.ndarray [shape=(clips,)]
        Number of each clip's true label, among the labels without ``no_speech``.
    speakers : tuple of str
        Speaker of each clip.
    corpora : np.ndarray [shape=(clips,)]
        Number of each clip's corpus.
    wanted : float
        Wanted precision, 0 to 1; default 0.8.
    """
    weights = 1.0 / np.bincount(corpora)[corpora]
    temperature, before, after = fit_temperature(outputs, labels, true, weights)
    probabilities = pooled(outputs, labels, temperature)
    right = probabilities.argmax(axis=1) == true
    confidence = probabilities.max(axis=1)
    threshold = choose_threshold(confidence, right & (confidence > 0.0), weights, wanted)
    return Calibration(
        clips=len(true),
        speakers=len(set(speakers)),
        temperature=temperature,
        nll_before=before,
        nll_after=after,
        **threshold._asdict(),
    )
