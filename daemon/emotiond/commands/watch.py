"""``emotiond watch``: the console of a daemon that runs already."""

import argparse
import contextlib
import signal
from pathlib import Path
from socket import socket
from threading import Event
from typing import Final

from emotiond import settings
from emotiond.errors import EmotiondError
from emotiond.paths import SYSTEM_SOCKET
from emotiond.record import Event as StatusEvent
from emotiond.record import Hello, Meter, Status, stamp, utc_now
from emotiond.service.signals import set_on_signals
from emotiond.sinks.client import connect, messages
from emotiond.sinks.live import LiveSettings
from emotiond.sinks.sink import Sink
from emotiond.terminal.display import screen

RETRY_SECONDS: Final = 0.5
"""Pause between two attempts to connect to a daemon that has gone (s)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    settings.add_flags(parser, "live")


def run(args: argparse.Namespace) -> int:
    """Show the daemon's records until a signal comes; reconnect when the daemon restarts."""
    path = _find(settings.load(args).live)
    stop = Event()
    connection: socket | None = _connect(path)
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
        self._screen: Sink | None = None
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
            self._screen = screen(hello, self._stop.set)
            self._screen.open()
        if self._lost:
            self._lost = False
            self._report("service_back", "watching it again")

    def _report(self, event: StatusEvent, message: str) -> None:
        if self._screen is not None and self._hello is not None:
            status = Status(model=self._hello.model, event=event, message=message)
            self._screen.write(stamp(status, utc_now(), 0.0))


def _find(live: LiveSettings) -> Path:
    """Return the socket of the settings; by default the user's own, else the system service's."""
    path = live.path
    if path is None:
        raise EmotiondError(
            "there is nothing to watch: live.socket is set to none, or this user has no home "
            "folder; name the socket with --live-socket"
        )
    # Look for the folder of the service: not everybody may see the socket in it.
    system = SYSTEM_SOCKET
    if live.socket is None and system.parent.exists() and not _listens(path):
        return system
    return path


def _listens(path: Path) -> bool:
    """Say whether a daemon listens at a socket; one that was killed leaves its socket behind."""
    try:
        connect(path).close()
    except OSError as error:
        return not isinstance(error, FileNotFoundError | ConnectionRefusedError)
    return True


def _connect(path: Path) -> socket:
    try:
        return connect(path)
    except PermissionError as error:
        raise EmotiondError(
            f"{path} can't be opened: permission denied; join the group emotiond "
            "(sudo usermod -aG emotiond $USER, then log in again), or use sudo"
        ) from error
    except OSError as error:
        raise EmotiondError(
            f"no emotiond is running that can be watched (nothing listens at {path}); "
            "start it with: emotiond run"
        ) from error
