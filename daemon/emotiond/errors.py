"""Errors whose message is one sentence for the user."""

import os

from emotiond.text import escaped


class EmotiondError(Exception):
    """An error that the user can do something about; its message is one sentence.

    The command line prints the sentence without a traceback and exits with ``exit_code``.

    Parameters
    ----------
    message : str
        The sentence. Names in it may have any characters: those that could steer a terminal or
        begin a new line become escapes.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(escaped(message))


class InputError(EmotiondError):
    """A file, a flag or a setting that the user gave can't be used."""

    exit_code = 2


class ModelError(InputError):
    """A model file can't be used."""


class ProfileError(InputError):
    """A voice profile can't be used."""


class SoundError(InputError):
    """A sound file can't be read."""


class DeviceError(EmotiondError):
    """A microphone can't be opened, or has gone.

    Parameters
    ----------
    problem : str
        What is wrong.
    remedy : str
        What the user can do.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


def reason(error: OSError) -> str:
    """Return the system's reason for an error, in lower case: ``no such file or directory``."""
    return (error.strerror or str(error)).lower()


def complaint(error: OSError) -> str:
    """Return the file that an error is about, if it is known, and the system's reason for it."""
    if isinstance(error.filename, str | bytes | os.PathLike):
        return f"{os.fsdecode(error.filename)}: {reason(error)}"
    return reason(error)
