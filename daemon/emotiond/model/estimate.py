"""What examples that were left out in turn say about a taught head.

They give an honest estimate of how often the head is right, its temperature and its threshold.
"""

from typing import Final, NamedTuple

import numpy as np

from emotiond.model.logistic import Numbers, Reals, log_softmax

LEAST_RECORDINGS: Final = 2
"""Fewest recordings of a label: with one left out, another must teach the label."""
LEAST_LABELS: Final = 2
"""Fewest labels with enough recordings for an estimate."""
PARTS_LEAST: Final = 3
"""Fewest parts that recordings are left out in, where there are as many recordings."""
LEFT_OUT_EXAMPLES: Final = 1000
"""Examples of all left-out fits together from which on recordings share a part, to stay fast."""
TEMPERATURE_RANGE: Final = 4.0
"""Largest factor between the temperature and the one expected without examples."""
TEMPERATURE_SPREAD: Final = 0.2
"""Standard deviation of the logarithm of that factor before any example is seen."""
WANTED_PRECISION: Final = 0.8
"""Wanted share of right results among those that reach the threshold, 0 to 1."""
LEAST_COVERAGE: Final = 0.2
"""Least share of results that must reach the threshold, 0 to 1."""
MODELS_WORTH: Final = 30
"""Number of examples that weigh as much as the model's own threshold does."""
HIGHEST_THRESHOLD: Final = 0.9
"""Highest threshold that examples can give."""


class Estimate(NamedTuple):
    """An honest estimate: how often a head is right about recordings that it was not taught.

    Answers are restricted to the labels taught, for the taught head and for the untaught model.

    Parameters
    ----------
    examples : int
        Number of examples that were left out in turn, with all others of their recording.
    right : int or None
        Number of them that the head taught by the others had right; None if fewer than two labels
        have two recordings, so that nothing can be said yet.
    untaught : int or None
        Number of them that the model itself has right; None where `right` is None, or if the
        model knows none of the labels taught.
    chance : float
        Share that guessing has right: 1 / number of labels taught.
    too_few : tuple of str
        Labels taught by fewer than two recordings; their examples are not among `examples`.
    """

    examples: int
    right: int | None
    untaught: int | None
    chance: float
    too_few: tuple[str, ...]


def left_out(labels: Numbers, groups: Numbers, count: int) -> Numbers:
    """Divide examples into parts that are left out in turn, each of whole recordings.

    Parameters
    ----------
    labels, groups : np.ndarray [shape=(n,)]
        Label number and recording of each example. Recordings are dealt to the parts in order:
        sort the examples by label, so that each part has some of every label.
    count : int
        Number of labels.

    Returns
    -------
    np.ndarray [shape=(n,)]
        Part of each example: a recording each where examples are few, else several. -1 for
        examples that are never left out, since only one recording teaches their label.
    """
    names, first = np.unique(groups, return_index=True)
    order = np.argsort(np.argsort(first))
    parts = min(len(names), max(PARTS_LEAST, LEFT_OUT_EXAMPLES // max(1, len(labels))))
    part = order[np.searchsorted(names, groups)] % max(1, parts)
    return np.where(_recordings(labels, groups, count)[labels] >= LEAST_RECORDINGS, part, -1)


def estimate_of(
    names: tuple[str, ...], labels: Numbers, parts: Numbers, logits: Reals, untaught: Reals
) -> Estimate:
    """Return the estimate from examples that were left out in turn.

    Parameters
    ----------
    names : tuple of str
        Labels of the head.
    labels : np.ndarray [shape=(n,)]
        Label number of each example.
    parts : np.ndarray [shape=(n,)]
        Their parts, as of :func:`left_out`.
    logits : np.ndarray [shape=(n, labels)]
        Logits under heads that were not taught the example's part.
    untaught : np.ndarray [shape=(n, labels)]
        The model's own logits of the head's labels; minus infinity for labels that it lacks.
    """
    counted = parts >= 0
    taught = np.unique(labels)
    known = np.unique(labels[counted])
    too_few = tuple(names[number] for number in np.setdiff1d(taught, known))
    chance = 1.0 / len(taught)
    if len(known) < LEAST_LABELS:
        return Estimate(0, None, None, chance, too_few)

    def right(rows: Reals) -> int:
        answers = taught[rows[counted][:, taught].argmax(axis=1)]
        return int((answers == labels[counted]).sum())

    models_own = right(untaught) if np.isfinite(untaught[:, taught]).any() else None
    return Estimate(int(counted.sum()), right(logits), models_own, chance, too_few)


def temperature_of(logits: Reals, labels: Numbers, expected: float) -> float:
    """Return the temperature at which left-out examples are most likely.

    It is the mode of the posterior: before any example, the logarithm of the temperature is
    normally distributed around that of `expected`, so that a few examples move it little.

    Parameters
    ----------
    logits : np.ndarray [shape=(n, labels)]
        Logits of examples that their head was not taught.
    labels : np.ndarray [shape=(n,)]
        Their label numbers.
    expected : float
        Temperature expected without examples, above 0.

    Returns
    -------
    float
        Temperature, within a factor of :data:`TEMPERATURE_RANGE` of `expected`.
    """
    if not len(labels):
        return expected

    def loss(factor: float) -> float:
        likely = log_softmax(logits / (expected * np.exp(factor)))[np.arange(len(labels)), labels]
        return float(0.5 * (factor / TEMPERATURE_SPREAD) ** 2 - likely.sum())

    limit = float(np.log(TEMPERATURE_RANGE))
    low, high = -limit, limit
    for _ in range(3):
        grid = np.linspace(low, high, 17)
        best = int(np.argmin([loss(float(each)) for each in grid]))
        low, high = float(grid[max(0, best - 1)]), float(grid[min(len(grid) - 1, best + 1)])
    return float(expected * np.exp(grid[best]))


def threshold_of(probabilities: Reals, labels: Numbers, models_own: float) -> float:
    """Return the threshold below which a result is uncertain.

    The lowest threshold that gives left-out examples the wanted precision, or the one with the
    highest precision if none does; the fewer examples, the nearer to the model's own threshold.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, labels)]
        Calibrated probabilities of examples that their head was not taught.
    labels : np.ndarray [shape=(n,)]
        Their label numbers.
    models_own : float
        The model's own threshold, 0 to 1.

    Returns
    -------
    float
        Threshold, 0 to 1.
    """
    if not len(labels):
        return models_own
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    candidates = np.append(0.0, np.unique(confidence))
    reached = confidence >= candidates[:, np.newaxis]
    coverage = reached.mean(axis=1)
    precision = (reached & right).sum(axis=1) / reached.sum(axis=1)
    precision[coverage < LEAST_COVERAGE] = -1.0
    enough = np.flatnonzero(precision >= WANTED_PRECISION)
    chosen = candidates[enough[0] if len(enough) else int(precision.argmax())]
    share = len(labels) / (len(labels) + MODELS_WORTH)
    return float(share * min(float(chosen), HIGHEST_THRESHOLD) + (1.0 - share) * models_own)


def _recordings(labels: Numbers, groups: Numbers, count: int) -> Numbers:
    """Return the number of recordings of each label."""
    pairs = np.unique(np.stack((labels, groups), axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=count)
