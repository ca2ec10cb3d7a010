"""EMO-DB, the Berlin database: ten actors, ten German sentences, seven emotions.

A file is named for speaker, text, emotion (of its German word) and version: ``03a01Fa.wav``.
Boredom has no counterpart in the other corpora and is left out.
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import once_by_name, sound_files

# Names come in lower case.
NAME: Final = re.compile(r"(\d\d)([ab]\d\d)([weaftn])[a-z]?")
CODES: Final = {
    "w": "angry",  # Wut
    "e": "disgust",  # Ekel
    "a": "fear",  # Angst
    "f": "happy",  # Freude
    "t": "sad",  # Trauer
    "n": "neutral",
}


def read_emodb(folder: Path) -> list[Clip]:
    """Read EMO-DB from its distributed folder (``wav``) or from one flat folder."""
    return [
        Clip(
            path=path,
            label=CODES[match[3]],
            speaker=f"emodb_{match[1]}",
            text=match[2],
            corpus="emodb",
        )
        for name, path in once_by_name(sound_files(folder)).items()
        if (match := NAME.fullmatch(name))
    ]
