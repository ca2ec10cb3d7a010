"""The voice profile of a running daemon: changed, saved, and its head fitted anew."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from emotiond.errors import ModelError, ProfileError
from emotiond.model.interface import Model
from emotiond.model.profile import Profile, check_teachable
from emotiond.model.profile_file import read_profile, update_profile
from emotiond.model.taught import taught, untaught

Change = Callable[[Profile], Profile]
"""From a profile to the changed one."""


class Learner:
    """Learns examples. Only one thread at a time may use it.

    Parameters
    ----------
    model : Model
        Model that judges now, taught or not.
    path : Path or None
        File of the profile that taught it, which may be missing; None: nothing is learnt.

    Attributes
    ----------
    model : Model
        Model that is to judge.
    profile : Profile
        The profile that taught it.
    """

    def __init__(self, model: Model, path: Path | None) -> None:
        self._unsaved: list[Change] = []
        """Changes that could not be written; the profile has them."""
        self._path: Path | None = None
        self.begin(model, path)

    def begin(self, model: Model, path: Path | None) -> bool:
        """Go on with another model or profile; the parameters are those of the class.

        Changes of another profile that still can't be written are lost.

        Returns
        -------
        bool
            Whether the file is another one.
        """
        another = path != self._path
        if another:
            with suppress(ProfileError):
                self.save()
            self._unsaved = []
        self.model = model
        self._untaught = untaught(model)
        self._path = path
        self.profile = Profile(model=self._untaught.contract.sha256)
        if path is not None and os.path.lexists(path):
            with suppress(ModelError, ProfileError):  # learn() says what is wrong
                self.profile = read_profile(path, self._untaught.contract)
        return another

    @property
    def obstacle(self) -> str | None:
        """Why nothing can be learnt, in a sentence; None if it can."""
        if self._path is None:
            return "no voice profile is used; name one with --profile"
        try:
            check_teachable(self._untaught.contract)
        except ModelError as error:
            return str(error)
        return None

    def learn(self, change: Change) -> None:
        """Change the profile, on disk too, and fit the head.

        Raises
        ------
        ProfileError
            If the profile can't be written; the model has learnt nevertheless, and the change is
            written together with the next one.
        """
        self._unsaved.append(change)
        try:
            self.save()
        except ProfileError:
            self.profile = change(self.profile)
            raise
        finally:
            self.model = taught(self._untaught, self.profile)

    def save(self) -> None:
        """Write the changes that could not be written before; raises ProfileError if it fails."""
        if self._unsaved and self._path is not None:
            self.profile = update_profile(self._path, self._untaught.contract, self._with_unsaved)
            self._unsaved = []

    def _with_unsaved(self, profile: Profile) -> Profile:
        for change in self._unsaved:
            profile = change(profile)
        return profile
