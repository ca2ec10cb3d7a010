"""Recordings without speech: the noise behind voices, and the sounds that are not voices."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from emotiond.errors import InputError
from emotiond_training.corpora.files import sound_files
from emotiond_training.corpora.manifest import MANIFEST, read_rows

VOICES: Final = "babble"
"""Beginning of the names of categories that hold voices."""
TRAINING_HALF: Final = 0
"""Half of the noises that trains where the other half tests."""


class Noise(NamedTuple):
    """A recording without speech."""

    path: Path
    category: str


def read_noises(folders: Iterable[Path]) -> list[Noise]:
    """List the recordings of folders.

    Parameters
    ----------
    folders : iterable of Path
        Folders that each have a ``manifest.csv`` with the columns ``path`` and ``category``, or
        one folder for each category.

    Raises
    ------
    InputError
        If a folder is missing or has no recordings, or a manifest lacks a column.
    """
    noises: list[Noise] = []
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
        found = list(_listed(folder)) or list(_in_folders(folder))
        if not found:
            raise InputError(f"{folder}: no recordings in it")
        noises += found
    return noises


def half_of(noise: Noise) -> int:
    """Return 0 or 1, the same for all pieces of a recording: train on one half, test on the other.

    Pieces of one recording have the same name up to the first hyphen, as in UrbanSound8K.
    """
    source = noise.path.stem.split("-")[0]
    return hashlib.sha256(f"{noise.category}/{source}".encode()).digest()[0] % 2


def _listed(folder: Path) -> Iterator[Noise]:
    manifest = folder / MANIFEST
    if manifest.is_file():
        for row in read_rows(manifest, "path", "category"):
            yield Noise(folder / row["path"], row["category"])


def _in_folders(folder: Path) -> Iterator[Noise]:
    for path in sound_files(folder):
        yield Noise(path, path.parent.relative_to(folder).as_posix())
