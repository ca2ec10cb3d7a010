"""Paths: the files shipped with the program, and the folders of users and services."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from emotiond.errors import InputError

LARGE_MODEL: Final = Path(__file__).parent / "data" / "emotiond-large.tflite"
"""The large model, for x86-64 and newer 64-bit ARM; an installation may lack it."""
SMALL_MODEL: Final = Path(__file__).parent / "data" / "emotiond-small.tflite"
"""The small model, for every machine."""
SAMPLE_RECORDING: Final = Path(__file__).parent / "data" / "sample.flac"
"""Recording that is shipped with the program: four synthetic sentences, with pauses."""
SOCKET: Final = "live.sock"
"""File name of the live socket."""
SYSTEM_SOCKET: Final = Path("/run/emotiond") / SOCKET
"""Live socket of the system service."""


def user_path(text: str) -> Path:
    """Return a path as a user writes it: ``~`` and ``~name`` at its start are home folders.

    Raises
    ------
    InputError
        If nobody has that name, or this user has no home folder.
    """
    try:
        return Path(text).expanduser()
    except (RuntimeError, ValueError) as error:  # ValueError: a name that no system takes
        name = text.partition("/")[0][1:]
        problem = f"there is no user {name}" if name else "this user has no home folder; set HOME"
        raise InputError(f"{text}: {problem}") from error


def state_folder() -> Path:
    """Return the user's folder for logs and sockets: ``$XDG_STATE_HOME/emotiond``.

    ``~/.local/state`` stands in for ``XDG_STATE_HOME`` where that is not set.

    Raises
    ------
    InputError
        If this user has no home folder.
    """
    return user_path(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "emotiond"


def nearest_folder(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    # Path.exists raises if a name is too long or a folder is closed to us.
    return next(each for each in (folder, *folder.parents) if os.path.lexists(each))


def try_folder(folder: Path) -> None:
    """Raise OSError if a folder can't be made or written to; makes nothing that stays."""
    import tempfile  # slow to load, and only checks need it

    with suppress(FileNotFoundError):
        folder.stat()
    with tempfile.TemporaryFile(dir=nearest_folder(folder)):
        pass


def try_file(path: Path) -> None:
    """Raise OSError if there is something at a path that can't be written to; writes nothing."""
    with suppress(FileNotFoundError):
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC))
