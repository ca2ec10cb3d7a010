"""The protocol ``taught``: what a few examples of somebody's own voice change.

Pure arithmetic over embeddings and logits of recordings that the model was not trained on. Some
recordings of a speaker are taught, the others are tested; they share no file and, where texts are
known, no text. Answers are restricted to the labels of the corpus, taught or not.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.model.examples import Examples
from emotiond.model.head import Head
from emotiond.model.logistic import log_softmax
from emotiond_training.evaluation.draws import (
    Apart,
    Corpus,
    Recordings,
    corpora_of,
    draw,
    random_for,
)
from emotiond_training.figures.metrics import RESAMPLES, Numbers, calibration_error
from emotiond_training.splits.folds import Indices

COUNTS: Final = (0, 1, 2, 3, 5, 8)
"""Numbers of examples of each label that are taught."""
DRAWS: Final = 5
"""Number of random draws of the taught recordings."""
HOUSEHOLD: Final = 3
"""Number of speakers of a household."""
HOUSEHOLD_COUNT: Final = 3
"""Number of examples of each label that each of them teaches."""
PARTIAL_COUNT: Final = 3
"""Number of examples of a label where not all labels are taught."""

FitHead = Callable[[Examples], Head]


class TaughtRow(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a corpus for one number of examples; each speaker has a profile of their own.

    All shares are 0 to 1, and means over speakers.

    Parameters
    ----------
    corpus : str
        Name of the corpus.
    count : int
        Number of examples of each label that should be taught.
    examples : float
        Mean number that could be taught: each label leaves a recording to be tested.
    apart : {"text", "file"}
        What taught and tested recordings don't share; ``file`` if texts are unknown, or if too
        few would be left.
    speakers : int
        Number of speakers.
    uar : float
        Unweighted average recall.
    uar_low, uar_high : float
        Ends of its 95 % bootstrap interval over speakers.
    untaught : float
        Unweighted average recall of the model itself on the same tested recordings.
    ece : float or None
        Expected calibration error of the taught heads, over all tested recordings; None without
        examples, and where it was not measured.
    """

    corpus: str
    count: int
    examples: float
    apart: Apart
    speakers: int
    uar: float
    uar_low: float
    uar_high: float
    untaught: float
    ece: float | None = None


class HouseholdRow(TaughtRow, frozen=True, kw_only=True):
    """Figures of households: speakers with one profile together, of whom nobody knows who speaks.

    Parameters
    ----------
    own : float
        Unweighted average recall on the same tested recordings with a profile for each speaker,
        and knowing who speaks.
    """

    own: float


class PartialRow(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a corpus whose speakers teach one label alone; all labels are tested.

    All shares are unweighted average recalls, 0 to 1, and means over speakers.

    Parameters
    ----------
    corpus : str
        Name of the corpus.
    speakers : int
        Number of speakers.
    untaught : float
        Of the model itself.
    ordinary : float
        With :data:`PARTIAL_COUNT` examples of the ordinary voice, ``neutral``.
    other : float
        With as many of another label, which is drawn.
    """

    corpus: str
    speakers: int
    untaught: float
    ordinary: float
    other: float


def taught_rows(recordings: Recordings, fit_head: FitHead, seed: int = 1) -> list[TaughtRow]:
    """Return the figures of each corpus that has speakers to test, for each number of examples.

    Parameters
    ----------
    recordings : Recordings
        Recordings of speakers, or whole corpora, that the model was not trained on.
    fit_head : callable
        Function from examples, of which there may be none, to a head of the model's labels.
    seed : int
        Seed of the choice of speakers and of the draws.
    """
    untaught = fit_head(_examples(recordings, np.zeros(0, np.intp)))
    rows = []
    for corpus in corpora_of(recordings, seed):
        for count in COUNTS:
            found = []
            confidence: list[NDArray[np.float64]] = []
            right: list[NDArray[np.bool_]] = []
            for speaker in corpus.speakers:
                mine = corpus.members[speaker]
                figures = []
                for turn in range(DRAWS if count else 1):
                    random = random_for(seed, corpus.name, speaker, count, turn)
                    drawn = draw(recordings, mine, count, corpus.apart, random)
                    head = fit_head(_examples(recordings, drawn.taught)) if count else untaught
                    answers = _answers(recordings, drawn.tested, corpus.labels, head)
                    confidence.append(answers.max(axis=1))
                    true = recordings.labels[drawn.tested]
                    right.append(corpus.labels[answers.argmax(axis=1)] == true)
                    heads = (head, untaught)
                    uars = [_uar(recordings, drawn.tested, corpus.labels, each) for each in heads]
                    figures.append((*uars, _for_each_label(recordings, mine, drawn.taught)))
                found.append(np.mean(figures, axis=0))
            ece = None
            if count:
                ece = calibration_error(np.concatenate(confidence), np.concatenate(right))
            rows.append(TaughtRow(**_summary(corpus, count, np.array(found), seed), ece=ece))
    return rows


def household_rows(recordings: Recordings, fit_head: FitHead, seed: int = 1) -> list[HouseholdRow]:
    """Return the figures of households in each corpus that has enough speakers.

    Parameters
    ----------
    recordings, fit_head, seed
        As of :func:`taught_rows`.
    """
    untaught = fit_head(_examples(recordings, np.zeros(0, np.intp)))
    rows = []
    for corpus in corpora_of(recordings, seed):
        if len(corpus.speakers) < HOUSEHOLD:
            continue
        found: dict[str, list[tuple[float, ...]]] = {each: [] for each in corpus.speakers}
        for turn in range(DRAWS):
            random = random_for(seed, corpus.name, "household", turn)
            for household in _households(corpus.speakers, random):
                everyone = np.concatenate([corpus.members[each] for each in household])
                drawn = draw(recordings, everyone, HOUSEHOLD_COUNT, corpus.apart, random)
                joint = fit_head(_examples(recordings, drawn.taught))
                for speaker in household:
                    mine = corpus.members[speaker]
                    taught, tested = (np.intersect1d(each, mine) for each in drawn)
                    own = fit_head(_examples(recordings, taught))
                    heads = (joint, untaught, own)
                    uars = [_uar(recordings, tested, corpus.labels, each) for each in heads]
                    each_label = _for_each_label(recordings, mine, taught)
                    found[speaker].append((uars[0], uars[1], each_label, uars[2]))
        # A speaker who was left over in every draw is in no household.
        means = np.array([np.mean(each, axis=0) for each in found.values() if each])
        summary = _summary(corpus, HOUSEHOLD_COUNT, means, seed)
        rows.append(HouseholdRow(**summary, own=float(means[:, 3].mean())))
    return rows


def partial_rows(
    recordings: Recordings, fit_head: FitHead, neutral: int, seed: int = 1
) -> list[PartialRow]:
    """Return the figures of speakers who teach one label alone, in each corpus that has `neutral`.

    Parameters
    ----------
    recordings, fit_head, seed
        As of :func:`taught_rows`.
    neutral : int
        Number of the label of the ordinary voice.
    """
    untaught = fit_head(_examples(recordings, np.zeros(0, np.intp)))
    rows = []
    for corpus in corpora_of(recordings, seed):
        found = []
        for speaker in corpus.speakers:
            mine, figures = corpus.members[speaker], []
            for turn in range(DRAWS):
                random = random_for(seed, corpus.name, speaker, "partial", turn)
                taught, tested = draw(recordings, mine, PARTIAL_COUNT, corpus.apart, random)
                labels = recordings.labels[taught]
                others = np.setdiff1d(labels, neutral)
                if neutral not in labels or not len(others):
                    continue
                heads = [untaught] + [
                    fit_head(_examples(recordings, taught[labels == label]))
                    for label in (neutral, random.choice(others))
                ]
                figures.append([_uar(recordings, tested, corpus.labels, each) for each in heads])
            if figures:
                found.append(np.mean(figures, axis=0))
        if found:
            means = [float(each) for each in np.mean(found, axis=0)]
            rows.append(
                PartialRow(
                    corpus=corpus.name,
                    speakers=len(found),
                    untaught=means[0],
                    ordinary=means[1],
                    other=means[2],
                )
            )
    return rows


def _households(speakers: Sequence[str], random: np.random.Generator) -> list[list[str]]:
    """Divide speakers into households; those left over live in none."""
    order = [str(each) for each in random.permutation(np.array(speakers))]
    ends = range(HOUSEHOLD, len(order) + 1, HOUSEHOLD)
    return [order[end - HOUSEHOLD : end] for end in ends]


def _examples(recordings: Recordings, taught: Indices) -> Examples:
    """Return recordings as examples, each a recording of its own, as a voice profile keeps them."""
    return Examples(
        recordings.embeddings[taught].astype(np.float16),
        recordings.own_logits[taught],
        recordings.labels[taught],
        np.arange(len(taught)),
    )


def _uar(recordings: Recordings, tested: Indices, answers: Numbers, head: Head) -> float:
    """Return the unweighted average recall of a head whose answers are restricted."""
    predicted = answers[_answers(recordings, tested, answers, head).argmax(axis=1)]
    true = recordings.labels[tested]
    return float(np.mean([np.mean(predicted[true == each] == each) for each in np.unique(true)]))


def _answers(
    recordings: Recordings, tested: Indices, answers: Numbers, head: Head
) -> NDArray[np.float64]:
    """Return the probabilities of a head's restricted answers [tested, answers]."""
    logits = head.logits(recordings.embeddings[tested], recordings.own_logits[tested])
    return np.exp(log_softmax(logits[:, answers] / head.temperature))


def _for_each_label(recordings: Recordings, mine: Indices, taught: Indices) -> float:
    """Return the mean number of examples taught of each label that a speaker has."""
    return len(taught) / len(np.unique(recordings.labels[mine]))


def _summary(corpus: Corpus, count: int, figures: NDArray[np.float64], seed: int) -> dict[str, Any]:
    """Return the fields of a row, from figures of each speaker [speakers, at least 3]."""
    uars = figures[:, 0]
    draws = random_for(seed, corpus.name, count).integers(len(uars), size=(RESAMPLES, len(uars)))
    low, high = np.quantile(uars[draws].mean(axis=1), (0.025, 0.975))
    return {
        "corpus": corpus.name,
        "count": count,
        "examples": float(figures[:, 2].mean()),
        "apart": corpus.apart,
        "speakers": len(uars),
        "uar": float(uars.mean()),
        "uar_low": float(low),
        "uar_high": float(high),
        "untaught": float(figures[:, 1].mean()),
    }
