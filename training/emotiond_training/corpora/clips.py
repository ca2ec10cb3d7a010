"""The table that all of training works on: a list of clips."""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from emotiond.errors import InputError, reason
from emotiond.values import OpensFor
from emotiond_training.corpora.files import sound_files

EMOTIONS: Final = {
    "angry": "angry",
    "anger": "angry",
    "disgust": "disgust",
    "disgusted": "disgust",
    "fear": "fear",
    "fearful": "fear",
    "happy": "happy",
    "happiness": "happy",
    "joy": "happy",
    "neutral": "neutral",
    "calm": "neutral",
    "sad": "sad",
    "sadness": "sad",
    "surprise": "surprise",
    "surprised": "surprise",
    "ps": "surprise",
}
"""Name of an emotion in corpora -> its label here: one map, so that corpora can be joined."""


class Clip(msgspec.Struct, frozen=True):
    """One recording of one emotion.

    Parameters
    ----------
    path : Path
        Sound file.
    label : str
        Label of the recording: the emotion, or the category.
    speaker : str or None
        Name of the speaker, unique over all corpora; None if unknown.
    text : str or None
        Word or sentence that is spoken, named within its corpus; None if unknown, or for no words.
    corpus : str
        Name of the corpus: that of its reader, or as a table names it.
    voice : bool
        Whether it is a recording of a voice for sure; True by default. A model of such recordings
        alone waits for voices.
    """

    path: Path
    label: str
    speaker: str | None
    text: str | None
    corpus: str
    voice: bool = True


def labels_of(clips: Sequence[Clip]) -> tuple[str, ...]:
    """Return the labels that occur, in alphabetical order: the order of a network's outputs."""
    return tuple(sorted({clip.label for clip in clips}))


def opens_for(clips: Sequence[Clip]) -> OpensFor:
    """Return what opens the gate for a model of some clips: a voice if all are voices."""
    return "speech" if all(clip.voice for clip in clips) else "sound"


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content; it is read again only after the file has changed.

    Raises
    ------
    InputError
        If it can't be read.
    """
    try:
        return _content_hash(path.resolve(), path.stat().st_mtime_ns)
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error


def contents_of(folder: Path) -> list[tuple[str, str]]:
    """Return the path below a folder, and the SHA-256, of each recording in it.

    Raises
    ------
    InputError
        If the folder or a recording can't be read.
    """
    try:
        recordings = sound_files(folder)
    except OSError as error:
        raise InputError(f"{error.filename or folder}: {reason(error)}") from error
    return [(path.relative_to(folder).as_posix(), content_hash(path)) for path in recordings]


@cache
def _content_hash(path: Path, changed: int) -> str:  # noqa: ARG001
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
