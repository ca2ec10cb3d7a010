"""The protocol ``taught``: what a few examples of somebody's own voice change.

Pure arithmetic over embeddings and logits of recordings that the model was not trained on. Some
recordings of a speaker are taught, the others are tested; they share no file and, where texts are
known, no text. Answers are restricted to the labels of the corpus, taught or not.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.model.head import Examples, Head
from emotiond_training.corpora.clips import Clip
from emotiond_training.figures.metrics import RESAMPLES, Numbers
from emotiond_training.splits.folds import Indices
from emotiond_training.splits.leaks import check_taught

COUNTS: Final = (0, 1, 3, 5)
"""Numbers of examples of each label that are taught."""
DRAWS: Final = 5
"""Number of random draws of the taught recordings."""
SPEAKERS_MOST: Final = 24
"""Most speakers of a corpus that are tested; more are drawn from."""
HOUSEHOLD: Final = 3
"""Number of speakers of a household."""
HOUSEHOLD_COUNT: Final = 3
"""Number of examples of each label that each of them teaches."""

Apart = Literal["text", "file"]
FitHead = Callable[[Examples], Head]


class Recordings(NamedTuple):
    """Recordings that the model was not trained on.

    Parameters
    ----------
    clips : sequence of Clip [length=n]
        Table of the recordings. Those without a speaker are left out.
    contents : sequence of str [length=n]
        What tells the content of each file, such as its SHA-256: two files may be the same.
    embeddings : np.ndarray [shape=(n, size)]
        Embedding of each recording.
    own_logits : np.ndarray [shape=(n, labels)]
        The model's own logits of each recording.
    labels : np.ndarray [shape=(n,)]
        Number of each recording's label among the model's.
    """

    clips: Sequence[Clip]
    contents: Sequence[str]
    embeddings: NDArray[np.floating]
    own_logits: NDArray[np.floating]
    labels: Numbers


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


class HouseholdRow(TaughtRow, frozen=True, kw_only=True):
    """Figures of households: speakers with one profile together, of whom nobody knows who speaks.

    Parameters
    ----------
    own : float
        Unweighted average recall on the same tested recordings with a profile for each speaker,
        and knowing who speaks.
    """

    own: float


class Draw(NamedTuple):
    """Taught and tested recordings of a draw: indices into the table."""

    taught: Indices
    tested: Indices


class _Corpus(NamedTuple):
    """A corpus: speakers to test, all their recordings, and its labels."""

    name: str
    apart: Apart
    speakers: tuple[str, ...]
    members: dict[str, Indices]
    labels: Numbers


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
    for corpus in _corpora(recordings, seed):
        for count in COUNTS:
            found = []
            for speaker in corpus.speakers:
                mine = corpus.members[speaker]
                figures = []
                for turn in range(DRAWS if count else 1):
                    random = _random(seed, corpus.name, speaker, count, turn)
                    drawn = draw(recordings, mine, count, corpus.apart, random)
                    head = fit_head(_examples(recordings, drawn.taught)) if count else untaught
                    heads = (head, untaught)
                    uars = [_uar(recordings, drawn.tested, corpus.labels, each) for each in heads]
                    figures.append((*uars, _for_each_label(recordings, mine, drawn.taught)))
                found.append(np.mean(figures, axis=0))
            rows.append(TaughtRow(**_summary(corpus, count, np.array(found), seed)))
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
    for corpus in _corpora(recordings, seed):
        if len(corpus.speakers) < HOUSEHOLD:
            continue
        found: dict[str, list[tuple[float, ...]]] = {each: [] for each in corpus.speakers}
        for turn in range(DRAWS):
            random = _random(seed, corpus.name, "household", turn)
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


def draw(
    recordings: Recordings, among: Indices, count: int, apart: Apart, random: np.random.Generator
) -> Draw:
    """Draw recordings of each speaker and label to teach, and return the others to test.

    Texts, or files, are taken in random order and taught until there are enough. A text that would
    leave nothing to test of a speaker's label is not taught.

    Parameters
    ----------
    recordings : Recordings
        Table.
    among : np.ndarray [shape=(n,)]
        Recordings of one or several speakers to draw from: indices into the table.
    count : int
        Number of recordings to teach of each speaker and label; fewer where there are too few.
    apart : {"text", "file"}
        What taught and tested recordings must not share, beside a file's content.
    random : np.random.Generator
        Source of the draw.

    Raises
    ------
    LeakError
        If they share it nevertheless.
    """
    clips = [recordings.clips[index] for index in among]
    contents = np.unique([recordings.contents[index] for index in among], return_inverse=True)[1]
    names = [str(clip.text) for clip in clips]
    units = contents if apart == "file" else np.unique(names, return_inverse=True)[1]
    pairs = [f"{clip.speaker} {recordings.labels[i]}" for clip, i in zip(clips, among, strict=True)]
    cells = np.unique(pairs, return_inverse=True)[1]
    # How many recordings of each speaker and label have each text, or each file's content.
    sizes = np.zeros((units.max() + 1, cells.max() + 1), np.intp)
    np.add.at(sizes, (units, cells), 1)
    left, given = sizes.sum(axis=0), np.zeros(sizes.shape[1], np.intp)
    seen = np.zeros(len(sizes), bool)
    for unit in random.permutation(len(sizes)):
        wanted = (given < count) & (sizes[unit] > 0)
        if wanted.any() and (left - sizes[unit] > 0).all():
            seen[unit] = True
            left, given = left - sizes[unit], given + sizes[unit]
    order = random.permutation(len(among))
    chosen = [
        order[seen[units[order]] & (cells[order] == cell)][:count] for cell in range(sizes.shape[1])
    ]
    taught = np.concatenate(chosen).astype(np.intp)
    tested = ~seen[units] & ~np.isin(contents, contents[taught])
    drawn = Draw(np.sort(among[taught]), among[tested])
    check_taught(recordings.clips, recordings.contents, *drawn, texts_apart=apart == "text")
    return drawn


def _corpora(recordings: Recordings, seed: int) -> Iterator[_Corpus]:
    """Yield the corpora that have speakers to test: some who can be taught at least two labels."""
    for name in sorted({clip.corpus for clip in recordings.clips}):
        known: dict[str, list[int]] = {}
        for index, clip in enumerate(recordings.clips):
            if clip.corpus == name and clip.speaker is not None:
                known.setdefault(clip.speaker, []).append(index)
        members = {each: np.array(indices, np.intp) for each, indices in sorted(known.items())}
        able = {
            apart: [
                speaker
                for speaker, mine in members.items()
                if _can_be_taught(recordings, mine, apart, _random(seed, name, speaker))
            ]
            for apart in ("file", "text")
        }
        apart: Apart = "text" if 2 * len(able["text"]) > len(able["file"]) else "file"
        if able[apart]:
            speakers = _random(seed, name).permutation(able[apart])[:SPEAKERS_MOST]
            labels = np.unique(recordings.labels[np.concatenate(list(members.values()))])
            yield _Corpus(name, apart, tuple(sorted(map(str, speakers))), members, labels)


def _can_be_taught(
    recordings: Recordings, mine: Indices, apart: Apart, random: np.random.Generator
) -> bool:
    """Return whether a speaker can be taught two labels, with something left to test of each."""
    if apart == "text" and any(recordings.clips[index].text is None for index in mine):
        return False
    taught = draw(recordings, mine, 1, apart, random).taught
    return len(np.unique(recordings.labels[taught])) > 1


def _households(speakers: Sequence[str], random: np.random.Generator) -> list[list[str]]:
    """Divide speakers into households; those left over live in none."""
    order = [str(each) for each in random.permutation(np.array(speakers))]
    ends = range(HOUSEHOLD, len(order) + 1, HOUSEHOLD)
    return [order[end - HOUSEHOLD : end] for end in ends]


def _examples(recordings: Recordings, taught: Indices) -> Examples:
    """Return recordings as examples, each a recording of its own."""
    return Examples(
        recordings.embeddings[taught],
        recordings.own_logits[taught],
        recordings.labels[taught],
        np.arange(len(taught)),
    )


def _uar(recordings: Recordings, tested: Indices, answers: Numbers, head: Head) -> float:
    """Return the unweighted average recall of a head whose answers are restricted."""
    logits = head.logits(recordings.embeddings[tested], recordings.own_logits[tested])
    predicted = answers[logits[:, answers].argmax(axis=1)]
    true = recordings.labels[tested]
    return float(np.mean([np.mean(predicted[true == each] == each) for each in np.unique(true)]))


def _for_each_label(recordings: Recordings, mine: Indices, taught: Indices) -> float:
    """Return the mean number of examples taught of each label that a speaker has."""
    return len(taught) / len(np.unique(recordings.labels[mine]))


def _summary(
    corpus: _Corpus, count: int, figures: NDArray[np.float64], seed: int
) -> dict[str, Any]:
    """Return the fields of a row, from figures of each speaker [speakers, at least 3]."""
    uars = figures[:, 0]
    draws = _random(seed, corpus.name, count).integers(len(uars), size=(RESAMPLES, len(uars)))
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


def _random(seed: int, *names: object) -> np.random.Generator:
    """Return a source of random numbers of its own for each use."""
    return np.random.default_rng([seed, *" ".join(map(str, names)).encode()])
