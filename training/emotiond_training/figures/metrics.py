"""Figures: accuracy, UAR, calibration error and how sure they are.

A clip in which the engine heard no speech has the predicted number ``labels``, one past the last
label: it counts as wrong.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 15
"""Bins of the calibration error."""
RESAMPLES: Final = 2000
"""Of the bootstrap."""

Numbers = NDArray[np.intp]


def confusion_of(true: Numbers, predicted: Numbers, labels: int) -> NDArray[np.intp]:
    """Count clips by true and predicted label.

    Parameters
    ----------
    true, predicted : np.ndarray [shape=(clips,)]
        Label numbers; ``labels`` for no speech.
    labels : int
        How many labels there are.

    Returns
    -------
    np.ndarray [shape=(labels, labels + 1)]
        A row for each true label; the last column is no speech.
    """
    from sklearn.metrics import confusion_matrix

    counts: Any = confusion_matrix(true, predicted, labels=range(labels + 1))
    return np.asarray(counts[:labels], np.intp)


def accuracy(confusion: NDArray[np.intp]) -> float:
    """Return the share of clips that are right."""
    return float(np.trace(confusion) / confusion.sum())


def uar(confusion: NDArray[np.intp]) -> float:
    """Return the unweighted average recall: the mean of the share right over labels that occur."""
    sizes = confusion.sum(axis=1)
    occurs = sizes > 0
    return float(np.mean(np.diagonal(confusion)[occurs] / sizes[occurs]))


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error (ECE).

    The mean distance between confidence and accuracy over bins of equal width, weighted by their
    clips.

    Parameters
    ----------
    confidence : np.ndarray [shape=(clips,)]
        Probability of the predicted label.
    right : np.ndarray [shape=(clips,)]
        Whether it was right.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    distance = np.bincount(bins, weights=confidence - right, minlength=BINS)
    return float(np.abs(distance).sum() / len(confidence))


def uar_interval(
    true: Numbers, predicted: Numbers, labels: int, units: Sequence[object], seed: int
) -> tuple[float, float]:
    """Return a 95 % bootstrap interval of the UAR.

    Parameters
    ----------
    true, predicted : np.ndarray [shape=(clips,)]
        Label numbers; ``labels`` for no speech.
    labels : int
        How many labels there are.
    units : sequence [length=clips]
        What is drawn again: clips with equal values (a speaker's, say) are drawn together.
    seed : int
        Of the drawing.
    """
    random = np.random.default_rng(seed)
    names, unit = np.unique(np.array(units), return_inverse=True)
    cell = true * (labels + 1) + predicted
    size = labels * (labels + 1)
    tables = np.zeros((len(names), size))
    np.add.at(tables, (unit, cell), 1)
    draws = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    drawn = (draws @ tables).astype(int).reshape(RESAMPLES, labels, labels + 1)
    low, high = np.quantile([uar(confusion) for confusion in drawn], (0.025, 0.975))
    return float(low), float(high)
