"""Scores: the figures of a recipe, from the results of its rounds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond_training.corpora.clips import Clip
from emotiond_training.evaluation.calibration import Calibration
from emotiond_training.evaluation.rounds import ROBUSTNESS, RoundResult
from emotiond_training.evaluation.shipping import Shipping
from emotiond_training.evaluation.teaching import Taught
from emotiond_training.figures import metrics
from emotiond_training.recipe import Recipe
from emotiond_training.splits.protocols import HeldOut, Round


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the evaluation card: figures of one protocol and one tested corpus.

    All figures but ``float32_uar`` are of the quantised file; they are over the test clips of all
    folds together unless they name the fold. All shares are 0 to 1.

    Parameters
    ----------
    protocol : str
        Name of the protocol.
    corpus : str
        Name of the tested corpus.
    clips : int
        Number of tested clips.
    speakers : int
        Number of their speakers; 0 if they are unknown.
    emotions : int
        Number of emotions that occur in the tested clips.
    answers : int
        Number of labels that the model can give.
    uar : float
        Unweighted average recall.
    uar_low : float
        Lower end of its 95 % bootstrap interval.
    uar_high : float
        Upper end of that interval.
    interval_over : {"clips", "speakers"}
        Units that the bootstrap draws: speakers if the protocol leaves speakers unseen.
    accuracy : float
        Share of right clips.
    ece : float
        Expected calibration error.
    precision : float or None
        Share of right clips among those that reach the threshold; None if no clip reaches it.
    coverage : float
        Share of clips that reach the threshold.
    no_speech : int
        Number of clips in which the engine found no speech; they count as wrong.
    fold_accuracy : tuple of float
        Accuracy of each fold.
    fold_uar : tuple of float
        Unweighted average recall of each fold.
    float32_uar : float or None
        Unweighted average recall of the float32 file; None if that was not tested.
    quiet_uar : float or None
        Unweighted average recall of the same clips 30 dB quieter; None if that was not tested.
    loud_uar : float or None
        Unweighted average recall of the same clips 10 dB louder, clipped; None if that was not
        tested.
    shared_text_clips : int
        Number of clips whose text occurs with several emotions, so that words alone don't tell
        the emotion.
    shared_text_uar : float or None
        Unweighted average recall of those clips; None if they are all of the clips, or none.
    """

    protocol: str
    corpus: str
    clips: int
    speakers: int
    emotions: int
    answers: int
    uar: float
    uar_low: float
    uar_high: float
    interval_over: str
    accuracy: float
    ece: float
    precision: float | None
    coverage: float
    no_speech: int
    fold_accuracy: tuple[float, ...]
    fold_uar: tuple[float, ...]
    float32_uar: float | None
    quiet_uar: float | None = None
    loud_uar: float | None = None
    shared_text_clips: int
    shared_text_uar: float | None


class Outcome(NamedTuple):
    """A row, and the data behind its figures.

    Parameters
    ----------
    row : Row
        The row.
    labels : tuple of str
        Labels in the order of the confusion matrix.
    confusion : np.ndarray [shape=(labels, labels + 1)]
        Number of clips by true and predicted label; the last column is no speech.
    confidence : np.ndarray [shape=(clips,)]
        Probability of the predicted label of each clip, 0 to 1; 0 if there was no speech.
    right : np.ndarray [shape=(clips,)]
        Whether the predicted label is the true one.
    """

    row: Row
    labels: tuple[str, ...]
    confusion: NDArray[np.intp]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]


class Evaluation(NamedTuple):
    """All figures of an evaluation.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    outcomes : list of Outcome
        One for each protocol and corpus.
    calibrations : dict of str to Calibration
        Calibration of each round, by the name of the round.
    shipping : Shipping
        Medians of temperature and threshold over the rounds.
    taught : sequence of Taught
        Figures of the protocol ``taught``; none if it was not asked for.
    """

    recipe: Recipe
    outcomes: list[Outcome]
    calibrations: dict[str, Calibration]
    shipping: Shipping
    taught: Sequence[Taught] = ()


class _Predictions(NamedTuple):
    """True and predicted label numbers and confidence of a fold's test clips."""

    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    confidence: NDArray[np.float64]


class _Fold(NamedTuple):
    held_out: HeldOut
    result: RoundResult


def score(
    rounds: Sequence[Round], results: Sequence[RoundResult], clips: Sequence[Clip], recipe: Recipe
) -> Evaluation:
    """Compute the figures of an evaluation.

    Parameters
    ----------
    rounds : sequence of Round
        The planned rounds.
    results : sequence of RoundResult
        Result of each round, in the same order.
    clips : sequence of Clip
        The table.
    recipe : Recipe
        The recipe; its seed is the seed of the bootstrap.
    """
    folds: dict[tuple[str, str], list[_Fold]] = defaultdict(list)
    for plan, result in zip(rounds, results, strict=True):
        for held_out in plan.tests:
            folds[held_out.protocol, held_out.corpus].append(_Fold(held_out, result))
    outcomes = [_score(each, clips, recipe.seed) for each in folds.values()]
    calibrations = {
        plan.name: result.calibration for plan, result in zip(rounds, results, strict=True)
    }
    found = [each for each in calibrations.values() if each.clips] or list(calibrations.values())
    shipping = Shipping(
        round(median(each.temperature for each in found), 4),
        round(median(each.abstain_below for each in found), 4),
    )
    return Evaluation(recipe, outcomes, calibrations, shipping)


def _score(folds: Sequence[_Fold], clips: Sequence[Clip], seed: int) -> Outcome:
    """Compute the row of one protocol and corpus from its folds."""
    labels = folds[0].result.labels
    plain = [_predictions(fold, clips, "quantised") for fold in folds]
    true, predicted, confidence = (np.concatenate(each) for each in zip(*plain, strict=True))
    right = predicted == true
    thresholds = [
        np.full(len(each.true), fold.result.calibration.abstain_below)
        for fold, each in zip(folds, plain, strict=True)
    ]
    # The engine rounds the confidence before it compares.
    sure = (np.round(confidence, 4) >= np.concatenate(thresholds)) & (confidence > 0.0)
    confusion = metrics.confusion_of(true, predicted, len(labels))
    tested = [clips[index] for fold in folds for index in fold.held_out.clips]
    speakers = [clip.speaker for clip in tested]
    strangers = folds[0].held_out.unseen in ("speaker", "corpus") and None not in speakers
    units: Sequence[object] = speakers if strangers else range(len(tested))
    shared = _shared_texts(tested, clips)
    low, high = metrics.uar_interval(true, predicted, len(labels), units, seed)
    row = Row(
        protocol=folds[0].held_out.protocol,
        corpus=folds[0].held_out.corpus,
        clips=len(tested),
        speakers=len(set(speakers) - {None}),
        emotions=len(set(true.tolist())),
        answers=len(labels),
        uar=metrics.uar(confusion),
        uar_low=low,
        uar_high=high,
        interval_over="speakers" if strangers else "clips",
        accuracy=metrics.accuracy(confusion),
        ece=metrics.calibration_error(confidence, right),
        precision=float(right[sure].mean()) if sure.any() else None,
        coverage=float(sure.mean()),
        no_speech=int(confusion[:, -1].sum()),
        fold_accuracy=tuple(float(np.mean(each.true == each.predicted)) for each in plain),
        fold_uar=tuple(_uar([each], len(labels)) for each in plain),
        float32_uar=_uar_under("float32", folds, clips),
        shared_text_clips=int(shared.sum()),
        shared_text_uar=(
            metrics.uar(metrics.confusion_of(true[shared], predicted[shared], len(labels)))
            if 0 < shared.sum() < len(shared)
            else None
        ),
        **_robustness(folds, clips),
    )
    return Outcome(row, labels, confusion, confidence, right)


def _shared_texts(tested: Sequence[Clip], clips: Sequence[Clip]) -> NDArray[np.bool_]:
    """Return whether each tested clip's text occurs with several emotions, or is unknown."""
    emotions: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for clip in clips:
        emotions[clip.corpus, clip.text].add(clip.label)
    return np.array(
        [clip.text is None or len(emotions[clip.corpus, clip.text]) > 1 for clip in tested]
    )


def _robustness(folds: Sequence[_Fold], clips: Sequence[Clip]) -> dict[str, Any]:
    """Return the UAR of the robustness conditions of the protocol ``speakers``."""
    if folds[0].held_out.protocol != "speakers":
        return {}
    return {f"{name}_uar": _uar_under(name, folds, clips) for name in ROBUSTNESS}


def _uar_under(condition: str, folds: Sequence[_Fold], clips: Sequence[Clip]) -> float | None:
    """Return the UAR under a condition; None if a fold was not tested under it."""
    if not all(condition in fold.result.conditions for fold in folds):
        return None
    labels = len(folds[0].result.labels)
    return _uar([_predictions(fold, clips, condition) for fold in folds], labels)


def _uar(predictions: Sequence[_Predictions], labels: int) -> float:
    """Return the unweighted average recall over the test clips of several folds."""
    true, predicted, _ = (np.concatenate(each) for each in zip(*predictions, strict=True))
    return metrics.uar(metrics.confusion_of(true, predicted, labels))


def _predictions(fold: _Fold, clips: Sequence[Clip], condition: str) -> _Predictions:
    """Return the predictions for a fold's test clips under a condition."""
    labels = fold.result.labels
    by_path = {each.path: each.probabilities for each in fold.result.clips}
    tested = [clips[index] for index in fold.held_out.clips]
    rows = [by_path[str(clip.path)][condition] for clip in tested]
    return _Predictions(
        np.array([labels.index(clip.label) for clip in tested]),
        np.array([int(np.argmax(row)) if row else len(labels) for row in rows]),
        np.array([max(row, default=0.0) for row in rows]),
    )


def as_json(evaluation: Evaluation) -> Mapping[str, object]:
    """Return the content of an evaluation's ``metrics.json``."""
    return {
        "recipe": evaluation.recipe,
        "rows": [each.row for each in evaluation.outcomes],
        "confusion": {
            f"{each.row.protocol}/{each.row.corpus}": {
                "labels": each.labels,
                "counts": each.confusion.tolist(),
            }
            for each in evaluation.outcomes
        },
        "calibration": evaluation.calibrations,
        "shipping": evaluation.shipping,
        "taught": evaluation.taught,
    }
