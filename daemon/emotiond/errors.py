"""Errors whose message is one sentence for the user."""


class EmotiondError(Exception):
    """An error that the user can do something about; its message is one sentence.

    The command line prints the sentence without a traceback and exits with ``exit_code``.
    """

    exit_code = 1


class InputError(EmotiondError):
    """A file, a flag or a setting that the user gave can't be used."""

    exit_code = 2


class ModelError(InputError):
    """A model file can't be used."""


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
