"""``emotiond watch``: the console of a daemon that runs already."""

import argparse
import contextlib
import signal
from functools import partial
from pathlib import Path
from socket import socket
from threading import Event
from typing import Final

from emotiond import settings
from emotiond.errors import EmotiondError, InputError
from emotiond.paths import control_socket
from emotiond.record import Event as StatusEvent
from emotiond.record import Hello, Meter, Status, Voices, stamp, utc_now
from emotiond.service.control_client import ask_at
from emotiond.service.correcting import correcting_keys
from emotiond.service.requests import Answer, Request
from emotiond.service.signals import set_on_signals
from emotiond.sinks.client import connect, messages
from emotiond.sinks.fanout import LIVE_PATIENCE_SECONDS, Sinks
from emotiond.sinks.places import find
from emotiond.terminal.display import screen

RETRY_SECONDS: Final = 0.5
"""Pause between two attempts to connect to a daemon that has gone (s)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument(
        "microphone",
        metavar="NAME",
        nargs="?",
        default="",
        help="name of the microphone, where several have a service each (default: the only one)",
    )
    settings.add_flags(parser, "live")


def run(args: argparse.Namespace) -> int:
    """Show the daemon's records until a signal comes; reconnect when the daemon restarts."""
    live = settings.load(args).live
    if args.microphone and live.socket is not None:
        raise InputError("name either a microphone or its socket, not both")
    path, connected = find(live, name=args.microphone)
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
                self._screen.meter(message)
            elif isinstance(message, Voices):
                self._screen.voices(message)
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
            keys = partial(correcting_keys, self._ask)
            named = {"this screen": screen(hello, self._stop.set, keys)}
            self._screen = Sinks(
                named, hello.model, utc_now, source=hello.source, patience=LIVE_PATIENCE_SECONDS
            )
            self._screen.open()
        if self._lost:
            self._lost = False
            self._report("service_back", "watching it again")

    def _ask(self, request: Request) -> Answer:
        """Send a request to the daemon that is watched; raises EmotiondError if it takes none."""
        return ask_at(control_socket(self._path), request)

    def _report(self, event: StatusEvent, message: str) -> None:
        if self._screen is not None and self._hello is not None:
            status = Status(model=self._hello.model, event=event, message=message)
            self._screen.write(stamp(status, utc_now(), source=self._hello.source))
