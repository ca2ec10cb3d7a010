"""Evaluation: a recipe trained, exported and tested through int8 file and engine, fold by fold."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond_export.export import INT8, export_run
from emotiond_training import metrics
from emotiond_training.clips import Clip, labels_of
from emotiond_training.fitting import fit, run_of
from emotiond_training.hearing import heard
from emotiond_training.leaks import check_fold, check_windows
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.splits import PROTOCOLS, Fold, Indices, clips_for
from emotiond_training.windows import cut_windows


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the evaluation card.

    Parameters
    ----------
    protocol : str
        What made the figures.
    clips : int
        Tested, over all folds.
    uar : float
        Unweighted average recall over all tested clips, 0 to 1.
    uar_low, uar_high : float
        Its 95 % bootstrap interval.
    interval_over : {"clips", "speakers"}
        What the bootstrap draws again; speakers where the protocol leaves them unseen.
    accuracy : float
        Share of clips that are right, 0 to 1.
    ece : float
        Expected calibration error, 0 to 1.
    no_speech : int
        Clips in which the engine heard no speech; they count as wrong.
    fold_accuracy : tuple of float
        Accuracy of each fold.
    """

    protocol: str
    clips: int
    uar: float
    uar_low: float
    uar_high: float
    interval_over: str
    accuracy: float
    ece: float
    no_speech: int
    fold_accuracy: tuple[float, ...]


class Outcome(NamedTuple):
    """A protocol's row, and what it was computed from."""

    row: Row
    labels: tuple[str, ...]
    confusion: NDArray[np.intp]
    """Clips by true and predicted label [shape=(labels, labels + 1)]; last column: no speech."""


class Tested(NamedTuple):
    """Test clips of one or several folds.

    Parameters
    ----------
    clips : np.ndarray [shape=(n,)]
        Indices into the table.
    true, predicted : np.ndarray [shape=(n,)]
        Label numbers; one past the last label for no speech.
    confidence : np.ndarray [shape=(n,)]
        Probability of the predicted label; 0 for no speech.
    """

    clips: Indices
    true: Indices
    predicted: Indices
    confidence: NDArray[np.float64]


def evaluate(name: str, table: Sequence[Clip], recipe: Recipe, reporter: Reporter) -> Outcome:
    """Measure a recipe by a protocol.

    Parameters
    ----------
    name : str
        A protocol of :data:`emotiond_training.splits.PROTOCOLS`.
    table : sequence of Clip
        The corpora; the protocol picks the clips it is about.
    recipe : Recipe
        What to train in each fold.
    reporter : Reporter
        Told of the progress.

    Raises
    ------
    EmotiondError
        If the protocol's corpus is missing, the split leaks, a recording can't be read, or an
        exported file disagrees with its Keras model.
    """
    protocol = PROTOCOLS[name]
    clips = clips_for(name, table)
    labels = labels_of(clips)
    folds = protocol.split(clips, recipe.seed)
    for fold in folds:
        check_fold(clips, fold, protocol.unseen)
    tested = []
    for number, fold in enumerate(folds, 1):
        reporter.say(f"{name}: fold {number} of {len(folds)}")
        tested.append(_test_fold(clips, fold, labels, recipe, reporter))
    together = Tested(*(np.concatenate(column) for column in zip(*tested, strict=True)))
    confusion = metrics.confusion_of(together.true, together.predicted, len(labels))
    over_speakers = protocol.unseen == "speaker"
    units = [clips[i].speaker if over_speakers else i for i in together.clips.tolist()]
    low, high = metrics.uar_interval(
        together.true, together.predicted, len(labels), units, recipe.seed
    )
    right = together.true == together.predicted
    row = Row(
        protocol=name,
        clips=len(right),
        uar=metrics.uar(confusion),
        uar_low=low,
        uar_high=high,
        interval_over="speakers" if over_speakers else "clips",
        accuracy=metrics.accuracy(confusion),
        ece=metrics.calibration_error(together.confidence, right),
        no_speech=int(confusion[:, -1].sum()),
        fold_accuracy=tuple(float(np.mean(each.true == each.predicted)) for each in tested),
    )
    return Outcome(row, labels, confusion)


def _test_fold(
    clips: Sequence[Clip], fold: Fold, labels: tuple[str, ...], recipe: Recipe, reporter: Reporter
) -> Tested:
    """Train on one side of a fold and hear the other."""
    train = reporter.track(fold.train.tolist(), len(fold.train), "reading training clips")
    windows = cut_windows(clips, train, labels, recipe)
    check_windows(clips, fold, windows.clips)
    fitted = fit(recipe, len(labels), windows, None, reporter)
    trained_on = tuple(sorted({clip.corpus for clip in clips}))
    with tempfile.TemporaryDirectory(prefix="emotiond-") as folder:
        # The parity check too uses training clips: the test clips are heard once, at the end.
        export_run(run_of(recipe, labels, trained_on, fitted, windows, None), Path(folder))
        recordings = [clips[index].path for index in fold.test]
        with heard(Path(folder, INT8), recordings) as outputs:
            rows = list(reporter.track(outputs, len(recordings), "hearing test clips"))
    return Tested(
        clips=fold.test,
        true=np.array([labels.index(clips[index].label) for index in fold.test]),
        predicted=np.array([int(np.argmax(row)) if row else len(labels) for row in rows]),
        confidence=np.array([max(row, default=0.0) for row in rows]),
    )
