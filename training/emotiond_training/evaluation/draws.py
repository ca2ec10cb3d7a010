"""The draws of the protocol ``taught``: the recordings of a speaker that are taught and tested.

Taught and tested recordings share no file and, where texts are known, no text.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond_training.corpora.clips import Clip
from emotiond_training.figures.metrics import Numbers
from emotiond_training.splits.folds import Indices
from emotiond_training.splits.leaks import check_taught

SPEAKERS_MOST: Final = 24
"""Most speakers of a corpus that are tested; more are drawn from."""

Apart = Literal["text", "file"]


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


class Draw(NamedTuple):
    """Taught and tested recordings of a draw: indices into the table."""

    taught: Indices
    tested: Indices


class Corpus(NamedTuple):
    """A corpus: speakers to test, all their recordings, and its labels."""

    name: str
    apart: Apart
    speakers: tuple[str, ...]
    members: dict[str, Indices]
    labels: Numbers


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


def corpora_of(recordings: Recordings, seed: int) -> Iterator[Corpus]:
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
                if _can_be_taught(recordings, mine, apart, random_for(seed, name, speaker))
            ]
            for apart in ("file", "text")
        }
        apart: Apart = "text" if 2 * len(able["text"]) > len(able["file"]) else "file"
        if able[apart]:
            speakers = random_for(seed, name).permutation(able[apart])[:SPEAKERS_MOST]
            labels = np.unique(recordings.labels[np.concatenate(list(members.values()))])
            yield Corpus(name, apart, tuple(sorted(map(str, speakers))), members, labels)


def _can_be_taught(
    recordings: Recordings, mine: Indices, apart: Apart, random: np.random.Generator
) -> bool:
    """Return whether a speaker can be taught two labels, with something left to test of each."""
    if apart == "text" and any(recordings.clips[index].text is None for index in mine):
        return False
    taught = draw(recordings, mine, 1, apart, random).taught
    return len(np.unique(recordings.labels[taught])) > 1


def random_for(seed: int, *names: object) -> np.random.Generator:
    """Return a source of random numbers of its own for each use."""
    return np.random.default_rng([seed, *" ".join(map(str, names)).encode()])
