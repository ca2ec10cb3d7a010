"""Categories of your own: a folder with a folder of recordings for each label."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from emotiond.errors import InputError
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import files_below, sound_files, why_unread

PARTS: Final = "train(ing)?|test(ing)?|val(id|idation)?|dev|eval(uation)?"
SPLIT: Final = re.compile(f"(audio[-_ ]?)?({PARTS})[-_ ]?(set|data|split|audio)?", re.IGNORECASE)
"""Names of folders that divide a corpus; two of them beside each other are not labels."""


def read_folders(folder: Path) -> list[Clip]:
    """Read ``happy/*.wav`` and so on; labels are the folders' names, unchanged.

    Raises
    ------
    InputError
        If there is no category, one has no recording or links to nothing or to a folder above it,
        or they are parts of a divided corpus.
    """
    entries = [entry for entry in sorted(folder.iterdir()) if entry.name[0] != "."]
    for entry in entries:
        if entry.is_symlink() and not entry.exists():
            raise InputError(f"{entry}: links to nothing; mend or remove the link")
    categories = [entry for entry in entries if entry.is_dir()]
    if not categories:
        raise InputError(f"{folder}: no folders in it; put the recordings of each label into one")
    _refuse_splits(folder, categories)
    for below in categories:
        if folder.resolve().is_relative_to(below.resolve()):
            raise InputError(f"{below}: links to a folder above it; remove the link")
    recordings = {below: sound_files(below) for below in categories}
    _refuse_empty([below for below, found in recordings.items() if not found])
    return [
        # Nobody knows whether the recordings of a folder are of voices.
        Clip(path, below.name, speaker=None, text=None, corpus="folders", voice=False)
        for below, found in recordings.items()
        for path in found
    ]


def _refuse_splits(folder: Path, categories: Sequence[Path]) -> None:
    splits = [below.name for below in categories if SPLIT.fullmatch(below.name)]
    if len(splits) > 1:
        first = next((name for name in splits if "train" in name.lower()), splits[0])
        raise InputError(
            f"{folder}: {' and '.join(splits)} are parts of a divided corpus, not labels; "
            f"give one of them: --corpus {folder / first}"
        )


def _refuse_empty(categories: Sequence[Path]) -> None:
    if not categories:
        return
    unread = {why_unread(path) for below in categories for path in files_below(below)}
    converts = sorted(why for why in unread if why and "convert" in why)
    hint = f" ({'; '.join(converts)})" if converts else ""
    this, it = ("this folder", "it") if len(categories) == 1 else ("these folders", "them")
    raise InputError(
        f"{', '.join(map(str, categories))}: no recordings in {this}{hint}; "
        f"add some, or remove {it}"
    )
