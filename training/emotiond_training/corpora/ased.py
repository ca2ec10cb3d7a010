"""ASED, acted Amharic: 65 speakers, five emotions.

A file is named for emotion, sentence, two more numbers and speaker: ``a5-03-02-01-25.wav``. A few
speaker numbers stand for two people. Sentences 01 and 02 are said in every emotion; each of the
others belongs to one emotion, so that 03 of anger is not 03 of sadness.
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import once_by_name, sound_files

# Names come in lower case; one file as distributed begins with a capital.
NAME: Final = re.compile(r"(n1|f2|h3|s4|a5)-(\d\d)-\d\d-\d\d-(\d\d)")
IN_EVERY_EMOTION: Final = ("01", "02")
CODES: Final = {"n1": "neutral", "f2": "fear", "h3": "happy", "s4": "sad", "a5": "angry"}


def read_ased(folder: Path) -> list[Clip]:
    """Read ASED from its distributed folders or from one flat folder."""
    return [
        Clip(
            path=path,
            label=CODES[match[1]],
            speaker=f"ased_{match[3]}",
            text=match[2] if match[2] in IN_EVERY_EMOTION else f"{match[1]}-{match[2]}",
            corpus="ased",
        )
        for name, path in once_by_name(sound_files(folder)).items()
        if (match := NAME.fullmatch(name))
    ]
