"""Corpora: readers that turn folders of recordings into one table of clips.

A reader is a function from a folder to its clips, in a module of its own, and a line in
``READERS``.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from emotiond.errors import InputError, reason
from emotiond_training.corpora.ased import read_ased
from emotiond_training.corpora.clips import Clip, content_hash, labels_of
from emotiond_training.corpora.cremad import read_cremad
from emotiond_training.corpora.emodb import read_emodb
from emotiond_training.corpora.folders import read_folders
from emotiond_training.corpora.nemo import read_nemo
from emotiond_training.corpora.ravdess import read_ravdess
from emotiond_training.corpora.savee import read_savee
from emotiond_training.corpora.tess import read_tess

READERS: Final[dict[str, Callable[[Path], list[Clip]]]] = {
    "ased": read_ased,
    "cremad": read_cremad,
    "emodb": read_emodb,
    "folders": read_folders,
    "nemo": read_nemo,
    "ravdess": read_ravdess,
    "savee": read_savee,
    "tess": read_tess,
}


def read_corpora(specs: Sequence[str]) -> list[Clip]:
    """Read corpora into one table.

    Parameters
    ----------
    specs : sequence of str
        ``NAME=FOLDER``, or ``FOLDER`` for a folder with one folder a label.

    Returns
    -------
    list of Clip
        In an order that depends on the names only; byte-identical recordings once.

    Raises
    ------
    InputError
        If a name is unknown, a folder is missing or has no recording of its corpus, there are fewer
        than two labels, or one recording has two labels.
    """
    clips = distinct(clip for spec in specs for clip in _read(spec))
    labels = labels_of(clips)
    if len(labels) < 2:
        raise InputError(f"{', '.join(specs)}: only the label {labels[0]!r}; training needs two")
    return clips


def distinct(clips: Iterable[Clip]) -> list[Clip]:
    """Return the clips without those whose file is byte-identical to an earlier one's.

    Raises
    ------
    InputError
        If byte-identical files have different labels.
    """
    seen: dict[str, Clip] = {}
    for clip in clips:
        first = seen.setdefault(content_hash(clip.path), clip)
        if first.label != clip.label:
            raise InputError(
                f"{first.path} and {clip.path} are the same recording, "
                f"but one is {first.label!r} and the other {clip.label!r}"
            )
    return list(seen.values())


def _read(spec: str) -> list[Clip]:
    """Read one corpus."""
    name, separator, folder = spec.partition("=")
    if not separator or Path(spec).is_dir():
        name, folder = "folders", spec
    if name not in READERS:
        raise InputError(f"unknown corpus {name!r}; known are {', '.join(sorted(READERS))}")
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise InputError(f"{folder}: no such folder")
    try:
        clips = READERS[name](path)
    except OSError as error:
        raise InputError(f"{folder}: {reason(error)}") from error
    if not clips:
        raise InputError(f"{folder}: holds no recording that the corpus {name!r} would have")
    return clips
