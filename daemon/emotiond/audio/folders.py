"""The sound files in a folder."""

import os
from pathlib import Path
from typing import Final, NoReturn

from emotiond.errors import InputError, reason
from emotiond.text import printable

SOUND_ENDINGS: Final = (
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf"),
    *(".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".sph", ".nist", ".voc", ".vox", ".gsm"),
    *(".m4a", ".mp4", ".aac", ".wma", ".webm", ".mka", ".amr", ".3gp"),  # named, if not read
)
"""Endings of the files that are taken from a folder."""


def sound_files(name: str) -> list[str]:
    """Return the sound files in a folder and its subfolders; of a file, its own name.

    Hidden ones are left out: archives made on a Mac hold a ``._name.wav`` for each file.

    Raises
    ------
    InputError
        If a folder can't be opened, or has no sound file.
    """
    found = []
    try:
        if not Path(name).is_dir():
            return [name]
        for folder, folders, files in os.walk(name, onerror=_refuse):
            folders[:] = [each for each in folders if not each.startswith(".")]
            found += [
                str(Path(folder, each))
                for each in files
                if each.lower().endswith(SOUND_ENDINGS) and not each.startswith(".")
            ]
    except OSError:  # a name that is too long, for example: reading the file says so
        return [name]
    if not found:
        raise InputError(f"{printable(name)}: a folder without sound files")
    return sorted(found)


def _refuse(error: OSError) -> NoReturn:
    raise InputError(f"{printable(error.filename)}: {reason(error)}")
