"""TESS, the Toronto Emotional Speech Set: two actresses, 200 words, seven emotions.

The names of its folders differ in case and wording (``OAF_Fear``, ``YAF_pleasant_surprised``),
those of its files don't (``OAF_back_fear.wav``): only file names are read.
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import EMOTIONS, Clip
from emotiond_training.corpora.files import once_by_name, sound_files

# One file as distributed is named OA_bite_neutral.
NAME: Final = re.compile(r"(oa|ya)f?_([^_]+)_(angry|disgust|fear|happy|neutral|ps|sad)")


def read_tess(folder: Path) -> list[Clip]:
    """Read TESS from its distributed folders or from one flat folder."""
    return [
        Clip(
            path=path,
            label=EMOTIONS[match[3]],
            speaker=f"tess_{match[1].upper()}F",
            text=match[2],
            corpus="tess",
        )
        for name, path in once_by_name(sound_files(folder)).items()
        if (match := NAME.fullmatch(name))
    ]
