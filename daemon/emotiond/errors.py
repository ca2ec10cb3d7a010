"""Errors that are sentences for the person who sees them."""


class EmotiondError(Exception):
    """Something went wrong that the user can act on; the message is one sentence.

    The command line prints it without a traceback and ends with ``exit_code``.
    """

    exit_code = 1


class InputError(EmotiondError):
    """What the user gave (a file, a flag, a key) can't be used."""

    exit_code = 2


class ModelError(InputError):
    """A model file is refused."""


class SoundError(InputError):
    """A sound file can't be read."""


class DeviceError(EmotiondError):
    """A microphone can't be opened or has gone.

    Parameters
    ----------
    problem : str
        What is wrong.
    remedy : str
        What the user can do about it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


def reason(error: OSError) -> str:
    """Return why the system refused something, in lower-case words."""
    return (error.strerror or str(error)).lower()
