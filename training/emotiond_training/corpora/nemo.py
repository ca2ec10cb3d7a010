"""nEMO, acted Polish: nine actors, 90 sentences, six emotions.

A file is named for speaker, emotion and sentence: ``AHW_anger_1.wav``.
"""

import re
from pathlib import Path
from typing import Final

from emotiond_training.corpora.clips import EMOTIONS, Clip
from emotiond_training.corpora.files import once_by_name, sound_files

# Names come in lower case.
NAME: Final = re.compile(r"([a-z]+\d*)_(anger|fear|happiness|neutral|sadness|surprised)_(\d+)")


def read_nemo(folder: Path) -> list[Clip]:
    """Read nEMO from its distributed folder or from one flat folder."""
    return [
        Clip(
            path=path,
            label=EMOTIONS[match[2]],
            speaker=f"nemo_{match[1].upper()}",
            text=match[3],
            corpus="nemo",
        )
        for name, path in once_by_name(sound_files(folder)).items()
        if (match := NAME.fullmatch(name))
    ]
