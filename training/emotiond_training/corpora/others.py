"""Recordings of none of the labels: without them a model claims every sound for one of its own."""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

import numpy as np

from emotiond.errors import InputError
from emotiond.model.contract import OTHER
from emotiond_training.corpora.clips import EMOTIONS, Clip, content_hash, labels_of
from emotiond_training.corpora.noises import Noise, read_noises

CORPUS: Final = "other"
"""Corpus of these recordings."""
SEED: Final = 0
"""Seed of their choice."""


def are_emotions(clips: Sequence[Clip]) -> bool:
    """Say whether all labels of recordings are emotions."""
    return {label.lower() for label in labels_of(clips)} <= {*EMOTIONS, *EMOTIONS.values()}


def others_from(folders: Iterable[Path], clips: Sequence[Clip]) -> list[Clip]:
    """Return recordings as clips of ``none_of_these``: at most as many as there are others.

    Parameters
    ----------
    folders : iterable of Path
        Folders as :func:`~emotiond_training.corpora.noises.read_noises` takes them. All categories
        count alike where there are too many recordings.
    clips : sequence of Clip
        Recordings of the labels.

    Raises
    ------
    InputError
        If a folder is missing or has no recordings, or if a recording has a label, too.
    """
    by_category: dict[str, list[Noise]] = {}
    noises = read_noises(folders)
    for number in np.random.default_rng(SEED).permutation(len(noises)):
        by_category.setdefault(noises[number].category, []).append(noises[number])
    in_turn = chain.from_iterable(zip_longest(*(by_category[each] for each in sorted(by_category))))
    chosen = [each.path for each in in_turn if each is not None][: len(clips)]
    labelled = {content_hash(clip.path): clip for clip in clips}
    for path in chosen:
        if (clip := labelled.get(content_hash(path))) is not None:
            raise InputError(
                f"{path}: the same recording as {clip.path}, which is of {clip.label}; "
                "keep it in one of the two folders"
            )
    # What a model waits for is decided by its labels.
    voice = all(clip.voice for clip in clips)
    return [Clip(path, OTHER, None, None, CORPUS, voice) for path in sorted(chosen)]
