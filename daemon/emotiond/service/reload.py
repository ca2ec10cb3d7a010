"""Reload: which changed settings take effect without a restart. The voice profile does, too."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

import msgspec

from emotiond.errors import InputError
from emotiond.model.interface import Model
from emotiond.model.taught import taught, untaught
from emotiond.model.voices import chosen_profile, profile_file
from emotiond.record import News
from emotiond.settings import HUB, Settings, differing
from emotiond.sinks.log import MEGABYTE, LogSink

OF_ENGINE: Final = ("hop_seconds", "gate.", "decision.")
"""Keys that take effect with a new engine."""
OF_LOG: Final = ("log.keep_days", "log.max_megabytes")
"""Keys that take effect in the log."""
PROFILE: Final = "profile"
"""Key of the voice profile, which takes effect with a new engine. All other keys need a restart."""


class Changed(NamedTuple):
    """What a new engine is made of."""

    settings: Settings
    model: Model


class Reload:
    """Reads the settings again on demand.

    Parameters
    ----------
    load : callable
        Returns the settings, read anew.
    settings : Settings
        Settings that the daemon runs with.
    log : LogSink
        The log, whose retention may change.

    Attributes
    ----------
    wanted : threading.Event
        Set when a reload is wanted.
    """

    def __init__(self, load: Callable[[], Settings], settings: Settings, log: LogSink) -> None:
        self._load = load
        self._settings = settings
        self._log = log
        self.wanted = Event()

    @property
    def profile(self) -> Path | None:
        """File of the voice profile by the present settings; None if there is to be none."""
        with suppress(InputError):  # this user has no home folder: nothing can be kept
            return profile_file(self._settings.profile)
        return None

    def __call__(self, model: Model) -> tuple[Changed | None, News]:
        """Apply the settings that have changed, and a voice profile that has.

        Parameters
        ----------
        model : Model
            The model that runs now.

        Returns
        -------
        tuple of (Changed or None, News)
            The new settings and the model if they need a new engine, else None; and a report. Wrong
            or unreadable settings, and a named profile that can't be used, change nothing.
        """
        self.wanted.clear()
        said: list[str] = []
        base = untaught(model)
        try:
            new = self._load()
            profile = chosen_profile(base.contract, new.profile, said.append)
        except InputError as error:
            return None, News("reload_failed", f"{error}; the settings stay as they were")
        changed = [
            name for name in differing(self._settings, new) if not name.startswith(f"{HUB}.")
        ]
        of_engine = [name for name in changed if name.startswith(OF_ENGINE)]
        if (None if profile is None else profile.hash) != model.profile:
            of_engine.append(PROFILE)
            model = taught(base, profile)
        of_log = [name for name in changed if name in OF_LOG]
        if of_log:
            self._log.retain(new.log.keep_days, round(new.log.max_megabytes * MEGABYTE))
        # Keep the old value of a key that needs a restart, so that every reload names it again.
        self._settings = msgspec.structs.replace(
            self._settings,
            hop_seconds=new.hop_seconds,
            gate=new.gate,
            decision=new.decision,
            profile=new.profile,
            log=msgspec.structs.replace(new.log, dir=self._settings.log.dir),
        )
        applied = [*of_engine, *of_log]
        waiting = [name for name in changed if name not in (*applied, PROFILE)]
        parts = [f"changed: {', '.join(applied)}"] if applied else []
        parts += [f"waiting for a restart: {', '.join(waiting)}"] if waiting else []
        news = News("reloaded", "; ".join(parts + said) or "no setting has changed")
        return Changed(new, model) if of_engine else None, news
