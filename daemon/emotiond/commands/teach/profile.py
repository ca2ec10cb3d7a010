"""The voice profile that ``emotiond teach`` and its actions work on."""

from pathlib import Path

from emotiond.errors import InputError
from emotiond.model.voices import profile_file


def chosen_file(given: str | None) -> Path:
    """Return the file of the profile that a flag names, or the default one.

    Raises
    ------
    InputError
        If the flag says ``none``, or as of :func:`~emotiond.model.voices.profile_file`.
    """
    path = profile_file(given)
    if path is None:
        raise InputError("--profile must be a file here: none can't be taught")
    return path
