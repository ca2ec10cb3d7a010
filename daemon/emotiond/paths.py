"""Paths: the files shipped with the program, and the folders of users and services."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from emotiond.errors import EmotiondError, InputError, reason

LARGE_MODEL: Final = Path(__file__).parent / "data" / "emotiond-large.tflite"
"""The large model, for x86-64 and newer 64-bit ARM; an installation may lack it."""
SMALL_MODEL: Final = Path(__file__).parent / "data" / "emotiond-small.tflite"
"""The small model, for every machine."""
SAMPLE_RECORDING: Final = Path(__file__).parent / "data" / "sample.flac"
"""Recording that is shipped with the program: four synthetic sentences, with pauses."""
VOICES: Final = "voices.json"
"""File name of the voice profile."""
SOCKET: Final = "live.sock"
"""File name of the live socket."""
SYSTEM_SOCKET: Final = Path("/run/emotiond") / SOCKET
"""Live socket of the system service."""
CONTROL_SOCKET: Final = "control.sock"
"""File name of the control socket."""
SYSTEM_LOG: Final = Path("/var/log/emotiond")
"""Log folder of the system service."""


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


def control_socket(live: Path) -> Path:
    """Return the control socket of the daemon that has a live socket: it is beside that one.

    It is ``control.sock`` beside ``live.sock``, and ``NAME.control`` beside any other ``NAME``.
    """
    return live.with_name(CONTROL_SOCKET if live.name == SOCKET else f"{live.name}.control")


def state_folder() -> Path:
    """Return the user's folder for logs and sockets: ``$XDG_STATE_HOME/emotiond``.

    ``~/.local/state`` stands in for ``XDG_STATE_HOME`` where that is not set.

    Raises
    ------
    InputError
        If this user has no home folder.
    """
    return user_path(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "emotiond"


def voices_file() -> Path:
    """Return the default voice profile: in systemd's state folder, or in the user's.

    Raises
    ------
    InputError
        If this user has no home folder.
    """
    if systemd := os.environ.get("STATE_DIRECTORY"):
        return Path(systemd.split(":")[0]) / VOICES
    return state_folder() / VOICES


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


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Yield the path of a new file, which takes the place of another when all is written.

    An older file stays as it is until then, and for good if an exception is raised. A device or a
    pipe is written to directly.

    Parameters
    ----------
    path : Path
        The file to write.

    Raises
    ------
    EmotiondError
        If the file can't be written; also for an OSError inside the ``with`` block.
    """
    try:
        if path.exists() and not path.is_file():
            yield path
            return
        real = path.resolve()
        new = real.with_name(f".{real.name}.{os.getpid()}.new")
        try:
            yield new
            new.replace(real)
        finally:
            new.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EmotiondError(f"{path} can't be written: {reason(error)}") from error
