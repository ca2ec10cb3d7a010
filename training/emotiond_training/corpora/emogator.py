"""EmoGator, bursts of the voice without words: 357 people on their own microphones.

A file is named for person, category and take: ``000001-03-1.mp3``. Nine of the 30 categories are
emotions of other corpora; the rest (awe, pride, relief and so on) is left out.
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import once_by_name, sound_files

NAME: Final = re.compile(r"(\d{6})-(\d\d)-\d+")
CODES: Final = {
    "02": "happy",  # amusement
    "03": "angry",
    "10": "disgust",
    "13": "happy",  # elation
    "15": "fear",
    "18": "neutral",
    "24": "sad",
    "27": "surprise",  # negative
    "28": "surprise",  # positive
}


def read_emogator(folder: Path) -> list[Clip]:
    """Read EmoGator from its distributed folder or from any other."""
    return [
        Clip(
            path=path,
            label=CODES[match[2]],
            speaker=f"emogator_{match[1]}",
            text=None,
            corpus="emogator",
        )
        for name, path in once_by_name(sound_files(folder)).items()
        if (match := NAME.fullmatch(name)) and match[2] in CODES
    ]
