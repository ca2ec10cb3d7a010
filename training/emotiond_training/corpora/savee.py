"""SAVEE, acted English: four men, seven emotions.

A file is named for speaker, emotion and sentence, in one folder (``DC_a01.wav``) or in a folder
for each speaker (``DC/a01.wav``).
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import sound_files

FLAT: Final = re.compile(r"(dc|je|jk|kl)_((?:sa|su|[adfhn])\d\d)")
IN_FOLDER: Final = re.compile(r"(?:sa|su|[adfhn])\d\d")
SPEAKER: Final = re.compile(r"dc|je|jk|kl")
CODES: Final = {
    "a": "angry",
    "d": "disgust",
    "f": "fear",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprise",
}


def read_savee(folder: Path) -> list[Clip]:
    """Read SAVEE from its distributed folders or from one flat folder."""
    first: dict[tuple[str, str], Path] = {}
    for path in sound_files(folder):
        if spoken := _speaker_and_sentence(path):
            first.setdefault(spoken, path)
    return [
        Clip(
            path=path,
            label=CODES[sentence[:-2]],
            speaker=f"savee_{speaker.upper()}",
            text=sentence,
            corpus="savee",
        )
        for (speaker, sentence), path in first.items()
    ]


def _speaker_and_sentence(path: Path) -> tuple[str, str] | None:
    """Return speaker and sentence, in lower case; None if it is not a recording of SAVEE."""
    name, folder = path.stem.lower(), path.parent.name.lower()
    if match := FLAT.fullmatch(name):
        return match[1], match[2]
    if IN_FOLDER.fullmatch(name) and SPEAKER.fullmatch(folder):
        return folder, name
    return None
