"""IESC, the Indian EmoSpeech Command data set: single words said into people's own phones.

A file is named for word, emotion, time and speaker: ``bacho-angry-1562996360436-c7b43119.wav``.
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import EMOTIONS, Clip
from emotiond_training.corpora.files import once_by_name, sound_files

# Names come in lower case.
NAME: Final = re.compile(r"([a-z]+)-(angry|calm|fearful|happy)-\d+-([0-9a-f]{8})")
MANY_PEOPLE: Final = "d14a028c"
"""Speaker in the names of recordings by unknown people."""
UNKNOWN_WORD: Final = "unknown"
"""Word in the names of recordings whose word is unknown."""


def read_iesc(folder: Path) -> list[Clip]:
    """Read IESC from its distributed folders or from one flat folder."""
    return [
        Clip(
            path=path,
            label=EMOTIONS[match[2]],
            speaker=None if match[3] == MANY_PEOPLE else f"iesc_{match[3]}",
            text=None if match[1] == UNKNOWN_WORD else match[1],
            corpus="iesc",
        )
        for name, path in once_by_name(sound_files(folder)).items()
        if (match := NAME.fullmatch(name))
    ]
