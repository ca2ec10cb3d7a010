"""The one table that all of training works on: a list of clips."""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from emotiond.errors import InputError, reason

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
"""What corpora call an emotion, and its label here: one map, so that corpora can be joined."""


class Clip(msgspec.Struct, frozen=True):
    """One recording of one emotion.

    Parameters
    ----------
    path : Path
        Its sound file.
    label : str
        What is heard in it.
    speaker : str or None
        Who speaks, unique over all corpora; None where nobody knows.
    text : str or None
        Which word or sentence is spoken; None where nobody knows.
    corpus : str
        Name of the reader it came from.
    """

    path: Path
    label: str
    speaker: str | None
    text: str | None
    corpus: str


def labels_of(clips: Sequence[Clip]) -> tuple[str, ...]:
    """Return the labels that occur, in alphabetical order: the order of a network's outputs."""
    return tuple(sorted({clip.label for clip in clips}))


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, read once for as long as it does not change.

    Raises
    ------
    InputError
        If it can't be read.
    """
    try:
        return _content_hash(path.resolve(), path.stat().st_mtime_ns)
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error


@cache
def _content_hash(path: Path, changed: int) -> str:  # noqa: ARG001
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
