"""Splits: functions from the table of clips to indices of training and of test clips."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.errors import InputError
from emotiond_training.corpora.clips import Clip

Indices = NDArray[np.intp]

SPEAKER_FOLDS: Final = 5
RAVDESS_FOLDS: Final = (
    (2, 5, 14, 15, 16),
    (3, 6, 7, 13, 18),
    (10, 11, 12, 19, 20),
    (8, 17, 21, 23, 24),
    (1, 4, 9, 22),
)
"""Actors of each fold, as other publications on RAVDESS use them."""


class Fold(NamedTuple):
    """A training set and its test set: indices into the table."""

    train: Indices
    test: Indices


def random_split(clips: Sequence[Clip], seed: int, share: float = 0.2) -> list[Fold]:
    """Hold out ``share`` of the clips, about the same share of each label.

    Raises
    ------
    InputError
        If a label has fewer than two clips, or none is left to train on.
    """
    from sklearn.model_selection import train_test_split

    labels = [clip.label for clip in clips]
    distinct, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        label = str(distinct[counts.argmin()])
        raise InputError(f"label {label!r} has only one recording; it needs two to be split")
    size = max(len(distinct), round(share * len(clips)))
    if len(clips) - size < len(distinct):
        raise InputError(
            f"holding out {100 * share:g} % of {len(clips)} recordings leaves too few to train "
            f"{len(distinct)} labels on; hold out less (`holdout` of the recipe)"
        )
    train, test = train_test_split(
        np.arange(len(clips)), test_size=size, stratify=labels, random_state=seed
    )
    if lost := set(labels) - {labels[index] for index in train}:
        raise InputError(
            f"holding out {100 * share:g} % of the recordings leaves none of the label "
            f"{min(lost)!r} to train on; hold out less (`holdout` of the recipe), or give more"
        )
    return [Fold(np.sort(train), np.sort(test))]


def unseen_words(clips: Sequence[Clip], seed: int, share: float = 0.2) -> list[Fold]:
    """Hold out ``share`` of the words, with all their clips."""
    from sklearn.model_selection import GroupShuffleSplit

    splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
    words = [clip.text for clip in clips]
    return [Fold(train, test) for train, test in splitter.split(words, groups=words)]


def each_speaker(clips: Sequence[Clip], seed: int) -> list[Fold]:  # noqa: ARG001
    """Return a fold for each speaker, with the other speakers to train on; nothing is random."""
    return [_fold_of(clips, {speaker}) for speaker in speakers_of(clips)]


def speaker_folds(clips: Sequence[Clip], seed: int) -> list[Fold]:  # noqa: ARG001
    """Return a fold for each of a few groups of speakers with about as many clips each.

    Parameters
    ----------
    clips : sequence of Clip
        Clips of one corpus; RAVDESS has the groups of :data:`RAVDESS_FOLDS`.
    seed : int
        Not used: nothing is random.
    """
    if clips[0].corpus == "ravdess":
        groups = [{f"ravdess_{actor:02d}" for actor in fold} for fold in RAVDESS_FOLDS]
    else:
        groups = _balanced(speakers_of(clips))
    folds = [_fold_of(clips, group) for group in groups]
    return [fold for fold in folds if len(fold.test)]


def speakers_of(clips: Sequence[Clip]) -> dict[str, int]:
    """Return known speaker -> number of clips, in alphabetical order."""
    known = sorted(clip.speaker for clip in clips if clip.speaker is not None)
    return {speaker: known.count(speaker) for speaker in dict.fromkeys(known)}


def _balanced(speakers: dict[str, int]) -> list[set[str]]:
    """Divide speakers, those with most clips first, each into the group with fewest clips."""
    groups: list[set[str]] = [set() for _ in range(min(SPEAKER_FOLDS, len(speakers)))]
    for speaker in sorted(speakers, key=lambda name: (-speakers[name], name)):
        smallest = min(
            groups, key=lambda group: (sum(map(speakers.__getitem__, group)), len(group))
        )
        smallest.add(speaker)
    return groups


def _fold_of(clips: Sequence[Clip], tested: set[str]) -> Fold:
    inside = np.array([clip.speaker in tested for clip in clips])
    return Fold(np.flatnonzero(~inside), np.flatnonzero(inside))
