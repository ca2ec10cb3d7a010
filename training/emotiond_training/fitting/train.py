"""Training: the table of clips in, a folder with a finished run or with a round's model out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np

from emotiond_export.files import export_run
from emotiond_export.training_run import DESCRIPTION, Run, read_run, write_run
from emotiond_training.corpora.clips import Clip, labels_of
from emotiond_training.figures import metrics
from emotiond_training.figures.plots import plot_confusion, plot_history
from emotiond_training.fitting.fit import fit, run_of
from emotiond_training.fitting.frozen import CLASSIFIER
from emotiond_training.fitting.materials import Materials
from emotiond_training.fitting.prepare import Prepared, prepare
from emotiond_training.fitting.windows import Windows
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.splits.folds import Fold, Indices, random_split
from emotiond_training.splits.leaks import check_fold

METRICS: Final = "training-metrics.json"
"""Figures of a run; those of an evaluation, which may have the same folder, are another file."""


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Content of a run's ``training-metrics.json``: figures of the Keras model.

    The probabilities of a clip are the mean over its windows.

    Parameters
    ----------
    split : str
        Sentence that says how the measured clips were chosen.
    measured_on : {"held-out", "training"}
        Whether the measured clips were held out or trained on.
    train_clips : int
        Number of training clips.
    train_windows : int
        Number of windows that were cut from them.
    measured_clips : int
        Number of measured clips.
    accuracy : float
        Share of right clips, 0 to 1.
    uar : float
        Unweighted average recall, 0 to 1.
    ece : float
        Expected calibration error, 0 to 1.
    labels : tuple of str
        Labels in the order of the network's outputs.
    confusion : tuple of tuple of int
        Number of clips; a row for each true label, a column for each predicted one.
    recipe : Recipe
        The recipe, with the overrides of the command line.
    """

    split: str
    measured_on: Literal["held-out", "training"]
    train_clips: int
    train_windows: int
    measured_clips: int
    accuracy: float
    uar: float
    ece: float
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    recipe: Recipe


def train(
    clips: Sequence[Clip],
    recipe: Recipe,
    materials: Materials,
    out: Path,
    reporter: Reporter,
    *,
    hold_out: bool = True,
    calibrated: Mapping[str, float] | None = None,
) -> Metrics:
    """Train a recipe and write the run to a folder.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    recipe : Recipe
        The recipe.
    materials : Materials
        Noises and rooms for a mixture.
    out : Path
        Folder of the run, which must exist.
    reporter : Reporter
        Shows the progress.
    hold_out : bool
        Whether to hold out the recipe's share of the clips and measure on it; default yes. If not,
        all clips train, and the figures are of training clips.
    calibrated : dict of str to float, optional
        ``temperature`` and ``abstain_below`` of the model, from an evaluation of the recipe.

    Returns
    -------
    Metrics
        The figures that were written.

    Raises
    ------
    EmotiondError
        If a recording can't be read, or if the clips can't be split.
    """
    if hold_out:
        fold = random_split(clips, recipe.seed, recipe.holdout)[0]
        check_fold(clips, fold, None)
    else:
        everything = np.arange(len(clips))
        fold = Fold(everything, everything[:0])
    held_out = fold.test if hold_out else None
    labels = labels_of(clips)
    prepared = prepare(clips, fold.train, recipe, labels, materials, reporter, held_out)
    run = _fitted(recipe, prepared, clips, materials, out, reporter)
    description = msgspec.structs.replace(run.description, **(calibrated or {}))
    write_run(out, run._replace(description=description))
    measured_on: Literal["held-out", "training"] = "held-out" if hold_out else "training"
    confusion, ece = _measure(run, prepared.held_out or prepared.windows)
    split = f"{recipe.holdout:.0%} of the clips held out, at random and as much of each label"
    result = Metrics(
        split=split if hold_out else "none: trained on every clip",
        measured_on=measured_on,
        train_clips=len(fold.train),
        train_windows=len(
            prepared.examples.labels if prepared.examples else prepared.windows.labels
        ),
        measured_clips=int(confusion.sum()),
        accuracy=metrics.accuracy(confusion),
        uar=metrics.uar(confusion),
        ece=ece,
        labels=prepared.labels,
        confusion=tuple(tuple(row) for row in confusion[:, :-1].tolist()),
        recipe=recipe,
    )
    _write_json(out / METRICS, result)
    title = f"{measured_on} clips, Keras model"
    plot_confusion(out / "confusion.png", confusion, prepared.labels, title)
    return result


def train_round(
    clips: Sequence[Clip],
    train: Indices,
    recipe: Recipe,
    labels: tuple[str, ...],
    materials: Materials,
    folder: Path,
    reporter: Reporter,
) -> None:
    """Train a recipe for a round of an evaluation, and export it.

    If the folder has a finished run already, because its export failed, only export it again.

    Parameters
    ----------
    clips : sequence of Clip
        The whole table.
    train : np.ndarray [shape=(n,)]
        Indices of the clips to train on; no other clip may be used.
    recipe : Recipe
        The recipe.
    labels : tuple of str
        Emotions in the order of the network's outputs.
    materials : Materials
        Noises and rooms for a mixture.
    folder : Path
        Folder for the run, its learning curves and its model files.
    reporter : Reporter
        Shows the progress.

    Raises
    ------
    EmotiondError
        If a recording can't be read, or if an exported file disagrees with the Keras model.
    """
    if not (folder / DESCRIPTION).exists():
        # Nothing is held out: the parity check must not use the test clips.
        prepared = prepare(clips, train, recipe, labels, materials, reporter)
        trained = [clips[index] for index in train]
        write_run(folder, _fitted(recipe, prepared, trained, materials, folder, reporter))
    export_run(read_run(folder), folder)


def _fitted(
    recipe: Recipe,
    prepared: Prepared,
    clips: Sequence[Clip],
    materials: Materials,
    folder: Path,
    reporter: Reporter,
) -> Run:
    """Fit a network and write its learning curves or its classifier to a folder."""
    fitted = fit(recipe, prepared, materials, reporter)
    if fitted.history:
        _write_json(folder / "history.json", fitted.history)
        plot_history(folder / "learning-curves.png", fitted.history)
    if fitted.classifier is not None:
        fitted.classifier.write(folder / CLASSIFIER)
    return run_of(recipe, prepared, fitted, clips)


def _measure(run: Run, windows: Windows) -> tuple[Any, float]:
    """Return confusion matrix and calibration error of the clips of some windows."""
    features = run.description.normalisation(windows.features)
    probabilities = run.model.predict(features, verbose=0)
    labels = len(run.description.labels)
    clips, first, clip = np.unique(windows.clips, return_index=True, return_inverse=True)
    sums = np.zeros((len(clips), labels))
    np.add.at(sums, clip, probabilities)
    means = sums / np.bincount(clip)[:, None]
    true, predicted = windows.labels[first], means.argmax(axis=1)
    ece = metrics.calibration_error(means.max(axis=1), true == predicted)
    return metrics.confusion_of(true, predicted, labels), ece


def _write_json(path: Path, content: object) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
