"""Preparation of training data: windows and a mixture from the table of clips, without leaks."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from emotiond.model.contract import NO_SPEECH
from emotiond_training.augmentation.mixture import Mixture
from emotiond_training.corpora.clips import Clip
from emotiond_training.fitting.frozen import Examples, examples_of
from emotiond_training.fitting.materials import Materials, check_no_speech, mixture_of
from emotiond_training.fitting.statistics import NOBODY, statistics_of
from emotiond_training.fitting.windows import Windows, cut_windows
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.splits.folds import Indices
from emotiond_training.splits.leaks import check_windows

SAMPLED_CLIPS: Final = 1000
"""Most training clips that are cut into windows beside a mixture: enough for int8's ranges."""
CHECKED_CLIPS: Final = 60
"""The same beside statistics, for the parity check alone: a large network takes its time."""


class Prepared(NamedTuple):
    """Training data of a network.

    Parameters
    ----------
    labels : tuple of str
        Labels in the order of the network's outputs.
    windows : Windows
        Windows of training clips. Without a mixture the network trains on them.
    held_out : Windows or None
        Windows of held-out clips, for learning curves and figures.
    mixture : Mixture or None
        Source of the training batches.
    examples : Examples or None
        Windows that the classifier behind a fixed trunk is fitted on; None for other networks.
    """

    labels: tuple[str, ...]
    windows: Windows
    held_out: Windows | None = None
    mixture: Mixture | None = None
    examples: Examples | None = None


def prepare(
    clips: Sequence[Clip],
    train: Indices,
    recipe: Recipe,
    labels: tuple[str, ...],
    materials: Materials,
    reporter: Reporter,
    held_out: Indices | None = None,
) -> Prepared:
    """Prepare the training data of a recipe.

    Parameters
    ----------
    clips : sequence of Clip
        The whole table.
    train : np.ndarray [shape=(n,)]
        Indices of the clips to train on.
    recipe : Recipe
        The recipe.
    labels : tuple of str
        Emotions of the clips. Noise adds the label ``no_speech``.
    materials : Materials
        Noises, rooms and weights, for recipes that use them.
    reporter : Reporter
        Shows the progress.
    held_out : np.ndarray [shape=(n,)], optional
        Indices of the clips that training must not use.

    Raises
    ------
    EmotiondError
        If a recording can't be read, or if a training window comes from another clip.
    """

    def cut(indices: Indices, what: str) -> Windows:
        reading = reporter.track(indices.tolist(), len(indices), f"reading {what} clips")
        return cut_windows(clips, reading, labels, recipe)

    examples = None
    if recipe.frozen:
        check_no_speech(labels, materials)
        statistics = statistics_of(clips, recipe, materials, reporter)
        sources = statistics.clips[statistics.rows(train)]
        check_windows(clips, train, sources[sources != NOBODY])
        labels = (*labels, NO_SPEECH) if materials.silent else labels
        examples = examples_of(statistics, clips, train, labels, recipe)
    mixture = mixture_of(recipe, clips, train.tolist(), labels, materials, reporter)
    if mixture is not None:
        labels = mixture.labels
        check_windows(clips, train, mixture.sources)
    windows = cut(_sample(recipe, train), "training")
    check_windows(clips, train, windows.clips)
    return Prepared(
        labels,
        windows,
        None if held_out is None else cut(held_out, "held-out"),
        mixture,
        examples,
    )


def _sample(recipe: Recipe, train: Indices) -> Indices:
    """Return the training clips to cut into windows: all, or a sample beside other windows."""
    most = CHECKED_CLIPS if recipe.frozen else SAMPLED_CLIPS
    if not (recipe.frozen or recipe.mixture) or len(train) <= most:
        return train
    return np.sort(np.random.default_rng(recipe.seed).choice(train, most, replace=False))
