"""Categories of one's own: a folder with a folder of recordings for each label."""

from pathlib import Path

from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import sound_files


def read_folders(folder: Path) -> list[Clip]:
    """Read ``happy/*.wav`` and so on; labels are the folders' names, as they are."""
    return [
        Clip(path=path, label=below.name, speaker=None, text=None, corpus="folders")
        for below in sorted(folder.iterdir())
        if below.is_dir() and not below.name.startswith(".")
        for path in sound_files(below)
    ]
