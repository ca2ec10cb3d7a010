"""Evaluation: the figures of a recipe, from what its rounds heard."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond_training.corpora.clips import Clip
from emotiond_training.evaluation.calibration import Calibration
from emotiond_training.evaluation.rounds import ROBUSTNESS, HeardRound
from emotiond_training.evaluation.shipping import Shipping
from emotiond_training.figures import metrics
from emotiond_training.recipe import Recipe
from emotiond_training.splits.protocols import HeldOut, Round


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the evaluation card: a protocol and the corpus that is tested.

    Parameters
    ----------
    protocol, corpus : str
        What made the figures.
    clips, speakers : int
        Tested, over all folds.
    emotions : int
        That occur in the tested clips.
    answers : int
        Labels that the model could give.
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
    precision : float or None
        Share that is right of the clips that are not withheld; None where all are.
    coverage : float
        Share of the clips that are not withheld.
    no_speech : int
        Clips in which the engine heard no speech; they count as wrong.
    fold_accuracy, fold_uar : tuple of float
        Of each fold.
    float32_uar : float
        Of the float32 file.
    quiet_uar, loud_uar : float or None
        Of the same clips 30 dB quieter, and 10 dB louder with clipping; None if not heard.
    shared_text_clips : int
        Whose text is said in more than one emotion: the words alone don't tell it.
    shared_text_uar : float or None
        Of those; None where all or none are.
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
    float32_uar: float
    quiet_uar: float | None = None
    loud_uar: float | None = None
    shared_text_clips: int
    shared_text_uar: float | None


class Outcome(NamedTuple):
    """A row, and what it was computed from."""

    row: Row
    labels: tuple[str, ...]
    confusion: NDArray[np.intp]
    """Clips by true and predicted label [shape=(labels, labels + 1)]; last column: no speech."""
    confidence: NDArray[np.float64]
    """Of each tested clip; 0 for no speech."""
    right: NDArray[np.bool_]


class Evaluation(NamedTuple):
    """All figures of an evaluation."""

    recipe: Recipe
    outcomes: list[Outcome]
    calibrations: dict[str, Calibration]
    """By round."""
    shipping: Shipping


class _Answers(NamedTuple):
    """What was said of the test clips of one fold under one condition."""

    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    confidence: NDArray[np.float64]


class _Fold(NamedTuple):
    held_out: HeldOut
    heard: HeardRound


def score(
    rounds: Sequence[Round], heard: Sequence[HeardRound], clips: Sequence[Clip], recipe: Recipe
) -> Evaluation:
    """Compute the figures of rounds that were heard.

    Parameters
    ----------
    rounds : sequence of Round
        As planned.
    heard : sequence of HeardRound
        Each of them, heard.
    clips : sequence of Clip
        The table.
    recipe : Recipe
        That was trained; its seed decides the bootstrap.
    """
    folds: dict[tuple[str, str], list[_Fold]] = defaultdict(list)
    for plan, result in zip(rounds, heard, strict=True):
        for held_out in plan.tests:
            folds[held_out.protocol, held_out.corpus].append(_Fold(held_out, result))
    outcomes = [_score(each, clips, recipe.seed) for each in folds.values()]
    calibrations = {
        plan.name: result.calibration for plan, result in zip(rounds, heard, strict=True)
    }
    found = [each for each in calibrations.values() if each.clips] or list(calibrations.values())
    shipping = Shipping(
        round(median(each.temperature for each in found), 4),
        round(median(each.abstain_below for each in found), 4),
    )
    return Evaluation(recipe, outcomes, calibrations, shipping)


def _score(folds: Sequence[_Fold], clips: Sequence[Clip], seed: int) -> Outcome:
    """Compute the row of one protocol and corpus from its folds."""
    labels = folds[0].heard.labels
    plain = [_answers(fold, clips, "int8") for fold in folds]
    true, predicted, confidence = (np.concatenate(each) for each in zip(*plain, strict=True))
    right = predicted == true
    thresholds = [
        np.full(len(each.true), fold.heard.calibration.abstain_below)
        for fold, each in zip(folds, plain, strict=True)
    ]
    # As the engine compares.
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
        float32_uar=_uar([_answers(fold, clips, "float32") for fold in folds], len(labels)),
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
    """Say of each tested clip whether its text is said in several emotions, or nobody knows."""
    emotions: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for clip in clips:
        emotions[clip.corpus, clip.text].add(clip.label)
    return np.array(
        [clip.text is None or len(emotions[clip.corpus, clip.text]) > 1 for clip in tested]
    )


def _robustness(folds: Sequence[_Fold], clips: Sequence[Clip]) -> dict[str, Any]:
    """Return the UAR of the other conditions, where all folds of ``speakers`` heard them."""
    labels = len(folds[0].heard.labels)
    return {
        f"{condition}_uar": _uar([_answers(fold, clips, condition) for fold in folds], labels)
        for condition in ROBUSTNESS
        if folds[0].held_out.protocol == "speakers"
        and all(condition in fold.heard.conditions for fold in folds)
    }


def _uar(answers: Sequence[_Answers], labels: int) -> float:
    true, predicted, _ = (np.concatenate(each) for each in zip(*answers, strict=True))
    return metrics.uar(metrics.confusion_of(true, predicted, labels))


def _answers(fold: _Fold, clips: Sequence[Clip], condition: str) -> _Answers:
    """Return what was said of a fold's test clips."""
    labels = fold.heard.labels
    by_path = {each.path: each.probabilities for each in fold.heard.clips}
    tested = [clips[index] for index in fold.held_out.clips]
    rows = [by_path[str(clip.path)][condition] for clip in tested]
    return _Answers(
        np.array([labels.index(clip.label) for clip in tested]),
        np.array([int(np.argmax(row)) if row else len(labels) for row in rows]),
        np.array([max(row, default=0.0) for row in rows]),
    )


def as_json(evaluation: Evaluation) -> Mapping[str, object]:
    """Return what ``metrics.json`` holds."""
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
    }
