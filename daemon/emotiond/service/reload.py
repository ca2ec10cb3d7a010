"""Reloading: what of changed settings is taken up while listening."""

from collections.abc import Callable
from threading import Event
from typing import Final

import msgspec

from emotiond.errors import InputError
from emotiond.record import News
from emotiond.settings import Settings, differing
from emotiond.sinks.log import MEGABYTE, LogSink

HEARING: Final = ("hop_seconds", "gate.", "decision.")
"""Keys that a new engine takes up."""
KEEPING: Final = ("log.keep_days", "log.max_megabytes")
"""Keys that the log takes up. All others need a restart."""


class Reload:
    """Reads the settings again when it is asked to.

    Parameters
    ----------
    load : callable
        Reads them.
    settings : Settings
        Those that the daemon runs with.
    log : LogSink
        The log.

    Attributes
    ----------
    wanted : threading.Event
        Whether it was asked to.
    """

    def __init__(self, load: Callable[[], Settings], settings: Settings, log: LogSink) -> None:
        self._load = load
        self._settings = settings
        self._log = log
        self.wanted = Event()

    def __call__(self) -> tuple[Settings | None, News]:
        """Take up what has changed.

        Returns
        -------
        tuple of (Settings or None, News)
            The settings if they ask for another engine, and what was done. Settings that can't be
            read, or are wrong, leave all as it was.
        """
        self.wanted.clear()
        try:
            new = self._load()
        except InputError as error:
            return None, News("reload_failed", f"{error}; the settings stay as they were")
        changed = differing(self._settings, new)
        hearing = [name for name in changed if name.startswith(HEARING)]
        keeping = [name for name in changed if name in KEEPING]
        if keeping:
            self._log.retain(new.log.keep_days, round(new.log.max_megabytes * MEGABYTE))
        # What is not taken up stays as it is here too, so that it is named until the restart.
        self._settings = msgspec.structs.replace(
            self._settings,
            hop_seconds=new.hop_seconds,
            gate=new.gate,
            decision=new.decision,
            log=msgspec.structs.replace(new.log, dir=self._settings.log.dir),
        )
        taken = [*hearing, *keeping]
        waiting = [name for name in changed if name not in taken]
        parts = [f"now with other {', '.join(taken)}"] if taken else []
        parts += [f"{', '.join(waiting)} will change at the next restart"] if waiting else []
        news = News("reloaded", "; ".join(parts) or "no setting has changed")
        return new if hearing else None, news
