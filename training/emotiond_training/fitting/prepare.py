"""From the table of clips to what a network is fitted on: a mixture, windows, and no leak."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from emotiond_training.augmentation.mixture import Mixture
from emotiond_training.corpora.clips import Clip
from emotiond_training.fitting.materials import Materials, mixture_of
from emotiond_training.fitting.windows import Windows, cut_windows
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.splits.folds import Indices
from emotiond_training.splits.leaks import check_windows

SAMPLE: Final = 1000
"""Most training clips that are cut, beside a mixture, to find the ranges of int8 by."""


class Prepared(NamedTuple):
    """What a network is fitted on.

    Parameters
    ----------
    labels : tuple of str
        In the order of the network's outputs.
    windows : Windows
        Of training clips; what the network is trained on, unless there is a mixture.
    held_out : Windows or None
        To draw learning curves of, and to measure with.
    mixture : Mixture or None
        To draw training batches from.
    """

    labels: tuple[str, ...]
    windows: Windows
    held_out: Windows | None = None
    mixture: Mixture | None = None


def prepare(
    clips: Sequence[Clip],
    train: Indices,
    recipe: Recipe,
    labels: tuple[str, ...],
    materials: Materials,
    reporter: Reporter,
    held_out: Indices | None = None,
) -> Prepared:
    """Make what a recipe's network is fitted on.

    Parameters
    ----------
    clips : sequence of Clip
        The whole table.
    train : np.ndarray [shape=(n,)]
        Indices of the clips to train on.
    recipe : Recipe
        What to train.
    labels : tuple of str
        Emotions of the clips; a mixture with noise has one more label, for no speech.
    materials : Materials
        To mix with.
    reporter : Reporter
        Told of the progress.
    held_out : np.ndarray [shape=(n,)], optional
        Indices of the clips that training may not see.

    Raises
    ------
    EmotiondError
        If a recording can't be read, or a window is of a clip that may not train.
    """

    def cut(indices: Indices, what: str) -> Windows:
        reading = reporter.track(indices.tolist(), len(indices), f"reading {what} clips")
        return cut_windows(clips, reading, labels, recipe)

    mixture = mixture_of(recipe, clips, train.tolist(), labels, materials, reporter)
    if mixture is not None:
        labels = mixture.labels
        check_windows(clips, train, mixture.sources)
    windows = cut(_sample(recipe, train), "training")
    check_windows(clips, train, windows.clips)
    return Prepared(
        labels, windows, None if held_out is None else cut(held_out, "held-out"), mixture
    )


def _sample(recipe: Recipe, train: Indices) -> Indices:
    """Return the training clips to cut windows from: all, or a sample beside a mixture."""
    if recipe.mixture is None or len(train) <= SAMPLE:
        return train
    return np.sort(np.random.default_rng(recipe.seed).choice(train, SAMPLE, replace=False))
