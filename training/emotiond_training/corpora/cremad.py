"""CREMA-D, acted English: 91 actors, twelve sentences, six emotions.

A file is named for actor, sentence, emotion and intensity: ``1001_DFA_ANG_XX.wav``.
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import once_by_name, sound_files

# Names come in lower case; one file as distributed has X for its intensity.
NAME: Final = re.compile(r"(\d{4})_([a-z]{3})_(ang|dis|fea|hap|neu|sad)_[a-z]+")
CODES: Final = {
    "ang": "angry",
    "dis": "disgust",
    "fea": "fear",
    "hap": "happy",
    "neu": "neutral",
    "sad": "sad",
}


def read_cremad(folder: Path) -> list[Clip]:
    """Read CREMA-D from its distributed folder (``AudioWAV``) or from one flat folder."""
    return [
        Clip(
            path=path,
            label=CODES[match[3]],
            speaker=f"cremad_{match[1]}",
            text=match[2].upper(),
            corpus="cremad",
        )
        for name, path in once_by_name(sound_files(folder)).items()
        if (match := NAME.fullmatch(name))
    ]
