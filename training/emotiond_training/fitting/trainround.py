"""One training of an evaluation: from the clips that a round trains on to exported files."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from emotiond_export.files import export_run
from emotiond_export.training_run import DESCRIPTION, Run, read_run, write_run
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.noises import TRAINING_HALF
from emotiond_training.fitting.fit import fit, run_of
from emotiond_training.fitting.materials import materials_from, mixture_of, sample_of
from emotiond_training.fitting.train import write_history
from emotiond_training.fitting.windows import cut_windows
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.splits.folds import Indices
from emotiond_training.splits.leaks import check_windows


def train_round(
    clips: Sequence[Clip],
    train: Indices,
    recipe: Recipe,
    labels: tuple[str, ...],
    folder: Path,
    reporter: Reporter,
    args: argparse.Namespace,
) -> None:
    """Train a recipe and export it.

    A training whose export failed is in the folder, and is only exported when asked for again.

    Parameters
    ----------
    clips : sequence of Clip
        The whole table.
    train : np.ndarray [shape=(n,)]
        Indices of the clips to train on; no other may be looked at.
    recipe : Recipe
        What to train.
    labels : tuple of str
        Emotions, in the order of the network's outputs.
    folder : Path
        For the run, its learning curves and its model files.
    reporter : Reporter
        Told of the progress.
    args : argparse.Namespace
        Of the command line: what training may use beside clips.

    Raises
    ------
    EmotiondError
        If a recording can't be read or an exported file disagrees with its Keras model.
    """
    if not (folder / DESCRIPTION).exists():
        write_run(folder, _trained(clips, train, recipe, labels, folder, reporter, args))
    export_run(read_run(folder), folder)


def _trained(
    clips: Sequence[Clip],
    train: Indices,
    recipe: Recipe,
    labels: tuple[str, ...],
    folder: Path,
    reporter: Reporter,
    args: argparse.Namespace,
) -> Run:
    # Half of the noises train, so that the other half can test what is heard in them.
    materials = materials_from(args, folder.parent, TRAINING_HALF)
    mixture = mixture_of(recipe, clips, train.tolist(), labels, materials, reporter)
    if mixture is not None:
        labels = mixture.labels
        check_windows(clips, train, mixture.sources)
    sample = sample_of(recipe, train)
    reading = reporter.track(sample.tolist(), len(sample), "reading training clips")
    windows = cut_windows(clips, reading, labels, recipe)
    check_windows(clips, train, windows.clips)
    fitted = fit(recipe, len(labels), windows, None, reporter, mixture)
    write_history(folder, fitted)
    trained_on = tuple(sorted({clips[index].corpus for index in train}))
    # The parity check too uses training clips: the test clips are heard once, at the end.
    return run_of(recipe, labels, trained_on, fitted, windows, None)
