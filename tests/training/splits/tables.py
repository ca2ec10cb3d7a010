"""Tables of clips for tests of splits."""

from pathlib import Path

import msgspec
import numpy as np

from emotiond_training.corpora.clips import Clip


def clips_of(corpus, speakers, sentences, labels=("happy", "sad")) -> list[Clip]:
    return [
        Clip(Path(f"{speaker}_{sentence}_{label}.wav"), label, speaker, str(sentence), corpus)
        for speaker in speakers
        for sentence in range(sentences)
        for label in labels
    ]


def written(touch, clips: list[Clip]) -> list[Clip]:
    folder = touch(*(clip.path.name for clip in clips))
    return [msgspec.structs.replace(clip, path=folder / clip.path) for clip in clips]


def of(clips: list[Clip], indices: np.ndarray, attribute: str) -> set[object]:
    return {getattr(clips[index], attribute) for index in indices}
