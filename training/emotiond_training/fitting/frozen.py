"""Training on a fixed trunk: a perceptron on the statistics of windows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.model.contract import NO_SPEECH
from emotiond_training.corpora.clips import Clip
from emotiond_training.fitting.descent import History, descend, seeded
from emotiond_training.fitting.statistics import NOBODY, Statistics
from emotiond_training.networks.perceptron import Perceptron, Vector, trainable
from emotiond_training.progress import Reporter
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
LEAST_VARIANCE: Final = 1e-6
"""Added to the variance of a statistic, which may be constant."""


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


def fit_classifier(
    examples: Examples, recipe: Recipe, reporter: Reporter
) -> tuple[Perceptron, History]:
    """Fit the classifier by the weighted cross entropy of the windows.

    A corpus without disgusted voices says little about disgust: see :data:`LACKING`.

    Parameters
    ----------
    examples : Examples
        Windows to fit it on.
    recipe : Recipe
        Its classifier, epochs, batch and optimiser count.
    reporter : Reporter
        Shows each epoch.

    Returns
    -------
    classifier : Perceptron
        The classifier; the same for the same recipe and windows.
    history : dict of str to list of float
        ``loss`` and ``accuracy`` of each epoch.

    Raises
    ------
    EmotiondError
        If training diverges.
    """
    import keras

    values = examples.values.astype(np.float32)
    share = (examples.weights / examples.weights.sum()).astype(np.float32)
    mean = share @ values
    values -= mean
    deviation = np.sqrt(share @ values**2 + LEAST_VARIANCE)
    values /= deviation
    labels = examples.had.shape[1]
    lowered = np.where(examples.had, 0.0, -LACKING).astype(np.float32)
    targets = keras.utils.to_categorical(examples.labels, labels)
    model = seeded(recipe, lambda: trainable(recipe.classifier, values.shape[1], labels))
    weights = examples.weights.astype(np.float32)
    history = descend(model, recipe, ((values, lowered), targets), reporter, weights=weights)
    learnt = (mean, deviation, *model.get_weights())
    return Perceptron(*(each.astype(np.float64) for each in learnt)), history


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
