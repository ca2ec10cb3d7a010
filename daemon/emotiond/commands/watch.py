"""``emotiond watch``: the console of a daemon that runs already."""

import argparse
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from socket import socket
from threading import Event
from typing import Final

from emotiond import settings
from emotiond.errors import EmotiondError, InputError
from emotiond.paths import SOCKET, SYSTEM_SOCKET, state_folder
from emotiond.record import Event as StatusEvent
from emotiond.record import Hello, Meter, Status, stamp, utc_now
from emotiond.service.signals import set_on_signals
from emotiond.sinks.client import connect, messages
from emotiond.sinks.fanout import LIVE_PATIENCE_SECONDS, Sinks
from emotiond.sinks.live import LiveSettings
from emotiond.terminal.display import screen

SESSIONS: Final = Path("/run/user")
"""Has the runtime folders of sessions, one for each user's number."""
RETRY_SECONDS: Final = 0.5
"""Pause between two attempts to connect to a daemon that has gone (s)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    settings.add_flags(parser, "live")


def run(args: argparse.Namespace) -> int:
    """Show the daemon's records until a signal comes; reconnect when the daemon restarts."""
    path, connected = _find(settings.load(args).live)
    stop = Event()
    connection: socket | None = connected
    set_on_signals(stop, signal.SIGINT, signal.SIGTERM)
    viewer = _Viewer(path, stop)
    try:
        while not stop.is_set():
            if connection is not None:
                viewer.watch(connection)
                connection = None
            elif not stop.wait(RETRY_SECONDS):
                with contextlib.suppress(OSError):
                    connection = connect(path)
    finally:
        viewer.close()
    return 0


class _Viewer:
    """Shows the messages of a daemon; reports when the daemon goes and comes back."""

    def __init__(self, path: Path, stop: Event) -> None:
        self._path = path
        self._stop = stop
        self._hello: Hello | None = None
        self._screen: Sinks | None = None
        self._lost = False

    def watch(self, connection: socket) -> None:
        """Show all messages of a connection."""
        for message in messages(connection, self._stop):
            if isinstance(message, Hello):
                self._begin(message)
            elif self._screen is None:
                raise EmotiondError(
                    f"the program that listens at {self._path} is not an emotiond; "
                    "name another socket with --live-socket"
                )
            elif isinstance(message, Meter):
                self._screen.meter(message.seconds, message.level, message.speech)
            else:
                self._screen.write(message)
        if self._screen is None and not self._stop.is_set():
            raise EmotiondError(
                f"the daemon at {self._path} closed the connection: "
                "it is stopping, or has too many viewers; try again"
            )
        if not self._stop.is_set() and not self._lost:
            self._lost = True
            self._report("service_lost", "waiting for it to start again")

    def close(self) -> None:
        """Close the display."""
        if self._screen is not None:
            self._screen.close()

    def _begin(self, hello: Hello) -> None:
        if hello != self._hello:
            self.close()
            self._hello = hello
            # The daemon may have news of its own screen: this one has another name.
            named = {"this screen": screen(hello, self._stop.set)}
            self._screen = Sinks(named, hello.model, utc_now, patience=LIVE_PATIENCE_SECONDS)
            self._screen.open()
        if self._lost:
            self._lost = False
            self._report("service_back", "watching it again")

    def _report(self, event: StatusEvent, message: str) -> None:
        if self._screen is not None and self._hello is not None:
            status = Status(model=self._hello.model, event=event, message=message)
            self._screen.write(stamp(status, utc_now(), 0.0))


def _find(live: LiveSettings) -> tuple[Path, socket]:
    """Return the socket of the settings, or else the first of the usual ones, and a connection."""
    path = live.path
    if path is None:
        raise EmotiondError(
            "there is nothing to watch: live.socket is set to none, or this user has no home "
            "folder; name the socket with --live-socket"
        )
    usual = [path] if live.socket is not None else [path, *_elsewhere()]
    for each in usual:
        try:
            return each, connect(each)
        except PermissionError as error:
            raise EmotiondError(
                f"{each} can't be opened: permission denied; join the group emotiond "
                "(sudo usermod -aG emotiond $USER, then log in again), or use sudo"
            ) from error
        except OSError:  # a daemon that was killed leaves its socket behind
            continue
    named = SYSTEM_SOCKET if SYSTEM_SOCKET in usual and SYSTEM_SOCKET.parent.exists() else path
    raise EmotiondError(
        f"no emotiond is running that can be watched (nothing listens at {named}); "
        "start it with: emotiond run"
    )


def _elsewhere() -> Iterator[Path]:
    """Yield the sockets of daemons that were started otherwise than this viewer."""
    yield SESSIONS / f"{os.getuid()}" / "emotiond" / SOCKET  # on the desktop
    with contextlib.suppress(InputError):
        yield state_folder() / SOCKET  # where no XDG_RUNTIME_DIR is
    yield SYSTEM_SOCKET
