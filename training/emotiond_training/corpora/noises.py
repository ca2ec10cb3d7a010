"""Recordings without speech, for training: what stands behind voices, and what is no voice."""

import csv
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from emotiond.errors import InputError
from emotiond_training.corpora.files import sound_files

MANIFEST: Final = "manifest.csv"
VOICES: Final = "babble"
"""Categories that begin so hold voices."""
TRAINING_HALF: Final = 0
"""The half that trains where the other one tests."""


class Noise(NamedTuple):
    """A recording without speech."""

    path: Path
    category: str


def read_noises(folders: Iterable[Path]) -> list[Noise]:
    """List the recordings of folders.

    Parameters
    ----------
    folders : iterable of Path
        Each with a ``manifest.csv`` that has columns ``path`` and ``category``, or with one folder
        for each category.

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

    Pieces of one recording share what stands before the first hyphen of their names, as in
    UrbanSound8K.
    """
    source = noise.path.stem.split("-")[0]
    return hashlib.sha256(f"{noise.category}/{source}".encode()).digest()[0] % 2


def _listed(folder: Path) -> Iterator[Noise]:
    manifest = folder / MANIFEST
    if manifest.is_file():
        with manifest.open(newline="") as file:
            for row in csv.DictReader(file):
                try:
                    yield Noise(folder / row["path"], row["category"])
                except KeyError as error:
                    raise InputError(f"{manifest}: no column {error}") from error


def _in_folders(folder: Path) -> Iterator[Noise]:
    for path in sound_files(folder):
        yield Noise(path, path.parent.relative_to(folder).as_posix())
