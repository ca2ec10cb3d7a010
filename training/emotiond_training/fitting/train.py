"""Training: from the table of clips to the folder of a finished run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from emotiond_export.training_run import write_run
from emotiond_training.corpora.clips import Clip, labels_of
from emotiond_training.figures import metrics
from emotiond_training.figures.plots import plot_confusion, plot_history
from emotiond_training.fitting.fit import Fitted, fit, run_of
from emotiond_training.fitting.materials import Materials, mixture_of, sample_of
from emotiond_training.fitting.windows import Windows, cut_windows
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.splits.folds import Fold, random_split
from emotiond_training.splits.leaks import check_fold, check_windows


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What ``metrics.json`` of a run holds.

    Parameters
    ----------
    split : str
        How the measured clips were chosen, in words.
    measured_on : {"held-out", "training"}
        Whether training has seen them.
    train_clips, train_windows, measured_clips : int
        Counts.
    accuracy, uar, ece : float
        Of the Keras model; a clip's probabilities are the mean over its windows. 0 to 1.
    labels : tuple of str
        In the order of the outputs.
    confusion : tuple of tuple of int
        Measured clips; a row for each true label, a column for each predicted one.
    recipe : Recipe
        As trained, with what the command line overrode.
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
    out: Path,
    reporter: Reporter,
    materials: Materials | None = None,
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
        What to train.
    out : Path
        Folder to write to, which must exist.
    reporter : Reporter
        Told of the progress.
    materials : Materials, optional
        For recipes with a mixture, which need it.
    hold_out : bool
        Whether the recipe's share of the clips is kept out to measure with. Without, all train,
        and what is measured is said to be measured on training clips.
    calibrated : dict of str to float, optional
        ``temperature`` and ``abstain_below`` of the model, as an evaluation of the recipe found.

    Raises
    ------
    EmotiondError
        If a recording can't be read or the clips can't be split.
    """
    labels = labels_of(clips)
    everything = np.arange(len(clips))
    if hold_out:
        fold = random_split(clips, recipe.seed, recipe.holdout)[0]
        check_fold(clips, fold, None)
    else:
        fold = Fold(everything, everything[:0])

    materials = materials or Materials([], (), out / "copies")
    mixture = mixture_of(recipe, clips, fold.train.tolist(), labels, materials, reporter)
    if mixture is not None:
        labels = mixture.labels
        check_windows(clips, fold.train, mixture.sources)
    sample = sample_of(recipe, fold.train)
    reading = reporter.track(sample.tolist(), len(sample), "reading training clips")
    windows = cut_windows(clips, reading, labels, recipe)
    check_windows(clips, fold.train, windows.clips)
    held_out = None
    if hold_out:
        reading = reporter.track(fold.test.tolist(), len(fold.test), "reading held-out clips")
        held_out = cut_windows(clips, reading, labels, recipe)
    fitted = fit(recipe, len(labels), windows, held_out, reporter, mixture)

    trained_on = tuple(sorted({clip.corpus for clip in clips}))
    run = run_of(recipe, labels, trained_on, fitted, windows, held_out)
    description = msgspec.structs.replace(run.description, **(calibrated or {}))
    write_run(out, run._replace(description=description))
    write_history(out, fitted)
    measured = windows if held_out is None else held_out
    confusion, ece = _measure(fitted, measured, len(labels))
    measured_on: Literal["held-out", "training"] = "held-out" if hold_out else "training"
    split = f"{recipe.holdout:.0%} of the clips held out, at random and as much of each label"
    result = Metrics(
        split=split if hold_out else "none: trained on every clip",
        measured_on=measured_on,
        train_clips=len(fold.train),
        train_windows=len(windows.labels),
        measured_clips=int(confusion.sum()),
        accuracy=metrics.accuracy(confusion),
        uar=metrics.uar(confusion),
        ece=ece,
        labels=labels,
        confusion=tuple(tuple(row) for row in confusion[:, :-1].tolist()),
        recipe=recipe,
    )
    _write_json(out / "metrics.json", result)
    plot_confusion(out / "confusion.png", confusion, labels, f"{measured_on} clips, Keras model")
    return result


def write_history(folder: Path, fitted: Fitted) -> None:
    """Write and draw the learning curves of a training to a folder, which must exist."""
    _write_json(folder / "history.json", fitted.history)
    plot_history(folder / "learning-curves.png", fitted.history)


def _measure(fitted: Fitted, windows: Windows, labels: int) -> tuple[Any, float]:
    """Return confusion matrix and calibration error over the clips that windows were cut from."""
    features = fitted.normalisation(windows.features)
    probabilities = fitted.model.predict(features, verbose=0)
    clips, first, clip = np.unique(windows.clips, return_index=True, return_inverse=True)
    sums = np.zeros((len(clips), labels))
    np.add.at(sums, clip, probabilities)
    means = sums / np.bincount(clip)[:, None]
    true, predicted = windows.labels[first], means.argmax(axis=1)
    ece = metrics.calibration_error(means.max(axis=1), true == predicted)
    return metrics.confusion_of(true, predicted, labels), ece


def _write_json(path: Path, content: object) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
