"""Reload: which changed settings take effect without a restart."""

from collections.abc import Callable
from threading import Event
from typing import Final

import msgspec

from emotiond.errors import InputError
from emotiond.record import News
from emotiond.settings import Settings, differing
from emotiond.sinks.log import MEGABYTE, LogSink

OF_ENGINE: Final = ("hop_seconds", "gate.", "decision.")
"""Keys that take effect with a new engine."""
OF_LOG: Final = ("log.keep_days", "log.max_megabytes")
"""Keys that take effect in the log. All other keys need a restart."""


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

    def __call__(self) -> tuple[Settings | None, News]:
        """Apply the settings that have changed.

        Returns
        -------
        tuple of (Settings or None, News)
            The new settings if they need a new engine, else None; and a report. Wrong or unreadable
            settings change nothing.
        """
        self.wanted.clear()
        try:
            new = self._load()
        except InputError as error:
            return None, News("reload_failed", f"{error}; the settings stay as they were")
        changed = differing(self._settings, new)
        of_engine = [name for name in changed if name.startswith(OF_ENGINE)]
        of_log = [name for name in changed if name in OF_LOG]
        if of_log:
            self._log.retain(new.log.keep_days, round(new.log.max_megabytes * MEGABYTE))
        # Keep the old value of a key that needs a restart, so that every reload names it again.
        self._settings = msgspec.structs.replace(
            self._settings,
            hop_seconds=new.hop_seconds,
            gate=new.gate,
            decision=new.decision,
            log=msgspec.structs.replace(new.log, dir=self._settings.log.dir),
        )
        applied = [*of_engine, *of_log]
        waiting = [name for name in changed if name not in applied]
        parts = [f"changed: {', '.join(applied)}"] if applied else []
        parts += [f"waiting for a restart: {', '.join(waiting)}"] if waiting else []
        news = News("reloaded", "; ".join(parts) or "no setting has changed")
        return new if of_engine else None, news
