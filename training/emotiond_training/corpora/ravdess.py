"""RAVDESS, the Ryerson Audio-Visual Database: 24 actors, two sentences, eight emotions.

A file name is seven numbers: modality (03 sound alone), channel (01 speech, 02 song), emotion,
intensity, statement, repetition, actor. Only speech is read.
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import EMOTIONS, Clip
from emotiond_training.corpora.files import once_by_name, sound_files

NAME: Final = re.compile(r"03-01-(0[1-8])-\d\d-(\d\d)-\d\d-(\d\d)")
CODES: Final = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""Emotions 01 to 08."""


def read_ravdess(folder: Path) -> list[Clip]:
    """Read RAVDESS speech from its distributed folders or from one flat folder."""
    return [
        Clip(
            path=path,
            label=EMOTIONS[CODES[int(match[1]) - 1]],
            speaker=f"ravdess_{match[3]}",
            text=match[2],
            corpus="ravdess",
        )
        for name, path in once_by_name(sound_files(folder)).items()
        if (match := NAME.fullmatch(name))
    ]
