"""EMOVO, acted Italian: six actors, 14 sentences, seven emotions.

A file is named for emotion (of its Italian word), speaker and sentence: ``dis-f1-b1.wav``.
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import once_by_name, sound_files

# Names come in lower case.
NAME: Final = re.compile(r"(dis|gio|neu|pau|rab|sor|tri)-([fm]\d)-([a-z]\d)")
CODES: Final = {
    "dis": "disgust",  # disgusto
    "gio": "happy",  # gioia
    "neu": "neutral",  # neutro
    "pau": "fear",  # paura
    "rab": "angry",  # rabbia
    "sor": "surprise",  # sorpresa
    "tri": "sad",  # tristezza
}


def read_emovo(folder: Path) -> list[Clip]:
    """Read EMOVO from its distributed folders (one a speaker) or from one flat folder."""
    return [
        Clip(
            path=path,
            label=CODES[match[1]],
            speaker=f"emovo_{match[2]}",
            text=match[3],
            corpus="emovo",
        )
        for name, path in once_by_name(sound_files(folder)).items()
        if (match := NAME.fullmatch(name))
    ]
