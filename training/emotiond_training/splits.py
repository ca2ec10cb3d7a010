"""Splits: from the table of clips to the indices to train on and to test on.

A protocol names what its split leaves unseen; :mod:`emotiond_training.leaks` holds it to that.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.errors import InputError
from emotiond_training.clips import Clip

Indices = NDArray[np.intp]
Unseen = Literal["speaker", "text"]


class Fold(NamedTuple):
    """One training set and the test set that belongs to it: indices into the table."""

    train: Indices
    test: Indices


Split = Callable[[Sequence[Clip], int], list[Fold]]
"""From clips and a seed to folds."""


class Protocol(NamedTuple):
    """A way of measuring."""

    corpus: str
    """The one corpus whose clips it uses."""
    split: Split
    unseen: Unseen | None
    """What no clip of the test set may share with one of the training set."""


def random_split(clips: Sequence[Clip], seed: int, share: float = 0.2) -> list[Fold]:
    """Put ``share`` of the clips aside, as much of each label.

    Raises
    ------
    InputError
        If a label has fewer than two clips.
    """
    from sklearn.model_selection import train_test_split

    labels = [clip.label for clip in clips]
    distinct, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        label = str(distinct[counts.argmin()])
        raise InputError(f"label {label!r} has only one recording; it needs two to be split")
    size = max(len(distinct), round(share * len(clips)))
    train, test = train_test_split(
        np.arange(len(clips)), test_size=size, stratify=labels, random_state=seed
    )
    return [Fold(np.sort(train), np.sort(test))]


def unseen_words(clips: Sequence[Clip], seed: int, share: float = 0.2) -> list[Fold]:
    """Put ``share`` of the words aside, with all clips of them."""
    from sklearn.model_selection import GroupShuffleSplit

    splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
    words = [clip.text for clip in clips]
    return [Fold(train, test) for train, test in splitter.split(words, groups=words)]


def each_speaker(clips: Sequence[Clip], seed: int) -> list[Fold]:  # noqa: ARG001
    """Test on each speaker in turn, having trained on the others; nothing is random."""
    from sklearn.model_selection import LeaveOneGroupOut

    speakers = [clip.speaker for clip in clips]
    return [
        Fold(train, test) for train, test in LeaveOneGroupOut().split(speakers, groups=speakers)
    ]


PROTOCOLS: Final = {
    "tess-random": Protocol("tess", random_split, None),
    "tess-words": Protocol("tess", unseen_words, "text"),
    "tess-speakers": Protocol("tess", each_speaker, "speaker"),
}


def clips_for(name: str, clips: Sequence[Clip]) -> list[Clip]:
    """Return the clips that a protocol uses.

    Raises
    ------
    InputError
        If there are none.
    """
    corpus = PROTOCOLS[name].corpus
    used = [clip for clip in clips if clip.corpus == corpus]
    if not used:
        raise InputError(f"protocol {name} needs the corpus {corpus}: --corpus {corpus}=FOLDER")
    return used
