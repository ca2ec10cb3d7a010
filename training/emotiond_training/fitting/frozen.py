"""Training on a fixed trunk: a multinomial logistic regression on the statistics of windows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.model.contract import NO_SPEECH
from emotiond_training.corpora.clips import Clip
from emotiond_training.fitting.statistics import NOBODY, Statistics
from emotiond_training.recipe import Recipe
from emotiond_training.splits.folds import Indices

NO_SPEECH_SHARE: Final = 0.1
"""Weight of windows without a voice, as a share of all weight."""
LACKING: Final = 1.0
"""How far the logit of a label that a corpus lacks is lowered in the softmax of its windows.

0: the corpus's sound, language and room speak against the label. Far above: the corpus says
nothing about it, and nothing keeps the label from any stranger who sounds like the corpus.
"""
CLASSIFIER: Final = "classifier.npz"
"""File of a run's classifier."""
MOST_ITERATIONS: Final = 100
"""Iterations after which the regression ends at the latest."""

LEAST_VARIANCE: Final = 1e-6
"""Added to the variance of a statistic, which may be constant."""

Vector = NDArray[np.float64]


class Regression(NamedTuple):
    """A classifier of statistics.

    Parameters
    ----------
    mean, deviation : np.ndarray [shape=(statistics,)]
        Mean and standard deviation of the statistics in training; deviations above 0.
    kernel : np.ndarray [shape=(statistics, labels)]
        Weights of the standardised statistics.
    bias : np.ndarray [shape=(labels,)]
        Biases of the logits.
    """

    mean: Vector
    deviation: Vector
    kernel: Vector
    bias: Vector

    def write(self, path: Path) -> None:
        """Write the classifier to an ``.npz`` file."""
        np.savez(path, **self._asdict())

    @classmethod
    def read(cls, path: Path) -> "Regression":
        """Read a classifier that :meth:`write` wrote."""
        with np.load(path) as file:
            return cls(**{name: file[name] for name in cls._fields})

    def standard(self, statistics: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return standardised statistics, the embedding [shape=(windows, statistics)]."""
        mean, deviation = self.mean.astype(np.float32), self.deviation.astype(np.float32)
        return (np.asarray(statistics, np.float32) - mean) / deviation

    def logits(self, statistics: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the logits of windows.

        Parameters
        ----------
        statistics : np.ndarray [shape=(windows, statistics)]
            Output of the trunk.

        Returns
        -------
        np.ndarray [shape=(windows, labels), dtype=float32]
        """
        return np.asarray(self.standard(statistics) @ self.kernel + self.bias, np.float32)


class Examples(NamedTuple):
    """Windows to fit the classifier on.

    Parameters
    ----------
    values : np.ndarray [shape=(windows, statistics), dtype=float16]
        Output of the trunk.
    labels : np.ndarray [shape=(windows,)]
        Number of each window's label.
    weights : np.ndarray [shape=(windows,)]
        Weight of each window; mean 1.
    had : np.ndarray [shape=(windows, labels), dtype=bool]
        Labels that the corpus of each window has, and ``no_speech``; of a noise, all.
    """

    values: NDArray[np.float16]
    labels: Indices
    weights: Vector
    had: NDArray[np.bool_]


def examples_of(
    statistics: Statistics,
    clips: Sequence[Clip],
    train: Indices,
    labels: Sequence[str],
    recipe: Recipe,
) -> Examples:
    """Return the windows of training clips and of noises.

    Parameters
    ----------
    statistics : Statistics
        Statistics of the windows of the whole table.
    clips : sequence of Clip
        The whole table.
    train : np.ndarray [shape=(n,)]
        Indices of the clips to train on.
    labels : sequence of str
        Labels in the order of the logits; with ``no_speech`` if there are windows of noise.
    recipe : Recipe
        The recipe, for the weights of the corpora.
    """
    rows = statistics.rows(train)
    groups = [
        ("", NO_SPEECH) if clip == NOBODY else (clips[clip].corpus, clips[clip].label)
        for clip in statistics.clips[rows].tolist()
    ]
    numbers = np.array([labels.index(label) for _, label in groups])
    known = {*groups, *((corpus, NO_SPEECH) for corpus, _ in groups)}
    of_corpus = {
        corpus: [not corpus or (corpus, label) in known for label in labels] for corpus, _ in groups
    }
    had = np.array([of_corpus[corpus] for corpus, _ in groups])
    weights = _weights(recipe.scenes.weights, groups)
    return Examples(statistics.values[rows], numbers, weights, had)


def regression(examples: Examples, ridge: float) -> Regression:
    """Fit the classifier by the mean cross entropy of the windows, with L-BFGS.

    A corpus without disgusted voices says little about disgust: see :data:`LACKING`.

    Parameters
    ----------
    examples : Examples
        Windows to fit it on.
    ridge : float
        Penalty of the squared weights, as of
        :class:`~emotiond_training.networks.whisper.Whisper`.
    """
    from scipy.optimize import minimize

    values = examples.values.astype(np.float32)
    share = (examples.weights / examples.weights.sum()).astype(np.float32)
    mean = share @ values
    values -= mean
    deviation = np.sqrt(share @ values**2 + LEAST_VARIANCE)
    values /= deviation
    shape = values.shape[1] + 1, examples.had.shape[1]
    lowered = np.where(examples.had, 0.0, -LACKING).astype(np.float32)
    windows = np.arange(len(values))

    def objective(weights: Vector) -> tuple[float, Vector]:
        """Return the objective and its gradient; the last row of the weights is the bias."""
        kernel, bias = np.split(weights.astype(np.float32).reshape(shape), [-1])
        logits = values @ kernel + bias + lowered
        logits -= logits.max(axis=1, keepdims=True)
        error = np.exp(logits)
        total = error.sum(axis=1)
        missed = np.log(total) - logits[windows, examples.labels]
        error /= total[:, None]
        error[windows, examples.labels] -= 1.0
        error *= share[:, None]
        slope = np.vstack([values.T @ error + 2.0 * ridge * kernel, error.sum(axis=0)])
        return float(share @ missed + ridge * np.sum(kernel**2)), slope.ravel().astype(np.float64)

    options = {"maxiter": MOST_ITERATIONS}
    start = np.zeros(shape[0] * shape[1])
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
    kernel, bias = np.split(found.reshape(shape), [-1])
    return Regression(mean.astype(np.float64), deviation.astype(np.float64), kernel, bias[0])


def _weights(given: Mapping[str, float], groups: Sequence[tuple[str, str]]) -> Vector:
    """Return a weight for each window: all labels of a corpus weigh the same.

    ``groups`` has corpus and label of each window; noises have no corpus.
    """
    count = Counter(groups)
    labels = Counter(corpus for corpus, _ in count)
    corpora = [corpus for corpus in labels if corpus]
    named = [given[corpus] for corpus in corpora if corpus in given]
    usual = float(np.mean(named)) if named else 1.0
    of_corpus = {corpus: given.get(corpus, usual) for corpus in corpora}
    of_corpus[""] = NO_SPEECH_SHARE * sum(of_corpus.values())
    weights = np.array([of_corpus[kind[0]] / labels[kind[0]] / count[kind] for kind in groups])
    return np.asarray(weights / weights.mean(), np.float64)
