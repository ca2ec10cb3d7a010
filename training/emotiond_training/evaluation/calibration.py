"""Calibration: what a confidence is worth, found on speakers who neither train nor test."""

from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond_training.evaluation.hearing import Heard, Numbers, Reals, pooled

TEMPERATURES: Final = (0.1, 10.0)
"""Least and most."""
PRECISION: Final = 0.8
"""That predictions should have which are not withheld."""
REACHED_COVERAGE: Final = 0.05
"""Share of clips that must be left for the precision to count as reached."""
FALLBACK_COVERAGE: Final = 0.2
"""Share of clips that must be left where it can't be reached."""


class Threshold(NamedTuple):
    """A confidence below which the model is uncertain, and what it gave where it was chosen."""

    abstain_below: float
    precision: float
    coverage: float
    reached: bool
    """Whether the wanted precision was."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What a calibration found.

    Parameters
    ----------
    clips, speakers : int
        It was found on; 0 where no speaker could be spared, and nothing was changed.
    temperature : float
        Logits are divided by it.
    nll_before, nll_after : float
        Mean negative log likelihood at temperature 1 and at this one.
    abstain_below : float
        Confidence below which the model is uncertain.
    precision, coverage : float
        Of the calibration clips at that threshold, 0 to 1.
    reached : bool
        Whether the wanted precision was.
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
    """Return the mean negative log likelihood, weighted, over recordings with speech."""
    spoken = probabilities.sum(axis=1) > 0.0
    likelihood = probabilities[np.flatnonzero(spoken), true[spoken]]
    return float(np.average(-np.log(np.maximum(likelihood, 1e-9)), weights=weights[spoken]))


def fit_temperature(
    heard: Heard, labels: tuple[str, ...], true: Numbers, weights: Reals
) -> tuple[float, float, float]:
    """Find the temperature at which pooled probabilities fit the labels best.

    Parameters
    ----------
    heard : Heard
        The calibration clips.
    labels : tuple of str
        Of the logits.
    true : np.ndarray [shape=(clips,)]
        Number of each clip's label among those that are reported.
    weights : np.ndarray [shape=(clips,)]
        Of the clips.

    Returns
    -------
    float
        The temperature; 1 where no clip has speech.
    float
        Negative log likelihood at 1.
    float
        The same at the temperature.
    """

    def loss(log_temperature: float) -> float:
        return nll(pooled(heard, labels, float(np.exp(log_temperature))), true, weights)

    if not len(heard.clips):
        return 1.0, 0.0, 0.0
    low, high = np.log(TEMPERATURES)
    # A coarse grid, then a finer one around its best point: with pooling there may be two valleys.
    for _ in range(3):
        grid = np.linspace(low, high, 25)
        losses = [loss(point) for point in grid]
        best = int(np.argmin(losses))
        low, high = grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)]
    return round(float(np.exp(grid[best])), 4), loss(0.0), losses[best]


def choose_threshold(
    confidence: Reals, right: NDArray[np.bool_], weights: Reals | None = None
) -> Threshold:
    """Choose the confidence below which predictions are withheld.

    The smallest threshold with the wanted precision; where there is none, the one with the highest
    precision that leaves enough.

    Parameters
    ----------
    confidence : np.ndarray [shape=(clips,)]
        Probability of the predicted label; 0 for no speech.
    right : np.ndarray [shape=(clips,)]
        Whether it was right.
    weights : np.ndarray [shape=(clips,)], optional
        Of the clips.
    """
    weights = np.ones(len(confidence)) if weights is None else weights
    confidence = np.round(confidence, 4)  # as the engine compares
    candidates = np.unique(np.append(confidence, 0.0))
    coverage = np.array([weights[confidence >= each].sum() for each in candidates])
    correct = np.array([weights[(confidence >= each) & right].sum() for each in candidates])
    precision = correct / coverage
    coverage = coverage / weights.sum()
    enough = np.flatnonzero((precision >= PRECISION) & (coverage >= REACHED_COVERAGE))
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
    heard: Heard,
    labels: tuple[str, ...],
    true: Numbers,
    speakers: tuple[str, ...],
    corpora: Numbers,
) -> Calibration:
    """Find temperature and threshold; each corpus counts the same, however many clips it has.

    Parameters
    ----------
    heard : Heard
        The calibration clips.
    labels : tuple of str
        Of the logits.
    true : np.ndarray [shape=(clips,)]
        Number of each clip's label among those that are reported.
    speakers : tuple of str
        Of the clips.
    corpora : np.ndarray [shape=(clips,)]
        Number of each clip's corpus.
    """
    weights = 1.0 / np.bincount(corpora)[corpora]
    temperature, before, after = fit_temperature(heard, labels, true, weights)
    probabilities = pooled(heard, labels, temperature)
    right = probabilities.argmax(axis=1) == true
    confidence = probabilities.max(axis=1)
    threshold = choose_threshold(confidence, right & (confidence > 0.0), weights)
    return Calibration(
        clips=len(true),
        speakers=len(set(speakers)),
        temperature=temperature,
        nll_before=before,
        nll_after=after,
        **threshold._asdict(),
    )
