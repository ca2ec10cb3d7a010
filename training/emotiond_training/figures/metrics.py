"""Metrics: accuracy, unweighted average recall, calibration error and bootstrap intervals.

If the engine found no speech in a clip, its predicted number is ``labels``, one past the last
label: it counts as wrong.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 15
"""Number of bins of the calibration error."""
RESAMPLES: Final = 2000
"""Number of resamples of the bootstrap."""

Numbers = NDArray[np.intp]


def confusion_of(true: Numbers, predicted: Numbers, labels: int) -> NDArray[np.intp]:
    """Count clips by true and predicted label.

    Parameters
    ----------
    true, predicted : np.ndarray [shape=(clips,)]
        Label numbers; ``labels`` for no speech.
    labels : int
        Number of labels.

    Returns
    -------
    np.ndarray [shape=(labels, labels + 1)]
        Counts; a row for each true label, and a last column for no speech.
    """
    from sklearn.metrics import confusion_matrix

    counts: Any = confusion_matrix(true, predicted, labels=range(labels + 1))
    return np.asarray(counts[:labels], np.intp)


def accuracy(confusion: NDArray[np.intp]) -> float:
    """Return the accuracy: the share of right clips, 0 to 1."""
    return float(np.trace(confusion) / confusion.sum())


def uar(confusion: NDArray[np.intp]) -> float:
    """Return the unweighted average recall: the mean recall of the labels that occur, 0 to 1."""
    sizes = confusion.sum(axis=1)
    occurs = sizes > 0
    return float(np.mean(np.diagonal(confusion)[occurs] / sizes[occurs]))


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error (ECE), 0 to 1.

    The mean distance between confidence and accuracy over bins of equal width, weighted by the
    number of clips. Source: C. Guo et al., "On calibration of modern neural networks", 2017.

    Parameters
    ----------
    confidence : np.ndarray [shape=(clips,)]
        Probability of the predicted label, 0 to 1.
    right : np.ndarray [shape=(clips,), dtype=bool]
        Whether the predicted label is the true one.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    distance = np.bincount(bins, weights=confidence - right, minlength=BINS)
    return float(np.abs(distance).sum() / len(confidence))


def uar_interval(
    true: Numbers, predicted: Numbers, labels: int, units: Sequence[object], seed: int
) -> tuple[float, float]:
    """Return the ends of a 95 % bootstrap interval of the unweighted average recall.

    Parameters
    ----------
    true, predicted : np.ndarray [shape=(clips,)]
        Label numbers; ``labels`` for no speech.
    labels : int
        Number of labels.
    units : sequence [length=clips]
        Unit of each clip, such as its speaker: clips of one unit are drawn together.
    seed : int
        Seed of the resampling.
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
