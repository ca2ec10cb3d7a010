"""Which voice profile teaches a model: the one that a user names, the default one, or none."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from emotiond.errors import InputError
from emotiond.model.contract import Contract
from emotiond.model.profile import Profile
from emotiond.model.profile_file import read_profile
from emotiond.paths import user_path, voices_file

NONE: Final = "none"
"""Word for no voice profile."""


def profile_file(given: str | os.PathLike[str] | None) -> Path | None:
    """Return the file of the voice profile that a user's word or path names.

    Parameters
    ----------
    given : str, path-like or None
        ``none``, a path, or None for the default file; ``./none`` is a path.

    Returns
    -------
    Path or None
        The file, whether it exists or not. None for no profile.

    Raises
    ------
    InputError
        If a path begins with a home folder that is unknown, or if there is no default file, since
        this user has no home folder.
    """
    if given == NONE:
        return None
    return user_path(os.fspath(given)) if given else voices_file()


def chosen_profile(
    contract: Contract, given: str | os.PathLike[str] | None, say: Callable[[str], object]
) -> Profile | None:
    """Return the voice profile that teaches a model.

    Parameters
    ----------
    contract : Contract
        Contract of the model.
    given : str, path-like or None
        As for :func:`profile_file`. The default profile need not exist, nor fit.
    say : callable
        Called with a sentence if the default profile can't be used.

    Returns
    -------
    Profile or None
        None if there is none, or if it has no example.

    Raises
    ------
    InputError
        If the profile was named and can't be used.
    """
    profile = None
    if given:
        path = profile_file(given)
        profile = read_profile(path, contract) if path is not None else None
    elif (default := _default()) is not None:
        try:
            profile = read_profile(default, contract)
        except InputError as error:
            say(f"{error}; until then emotiond goes on untaught")
    return profile if profile is not None and profile.examples else None


def _default() -> Path | None:
    """Return the default profile if it is there."""
    try:
        path = voices_file()
    except InputError:  # this user has no home folder, and so nothing was taught
        return None
    return path if os.path.lexists(path) else None
