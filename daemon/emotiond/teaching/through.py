"""Ears of a running daemon: its live socket, and its control socket."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from socket import socket
from threading import Event
from typing import Final

from emotiond.errors import EmotiondError
from emotiond.paths import control_socket
from emotiond.record import Event as StatusEvent
from emotiond.record import Hello, Meter, Record, Status, Utterance, Voices, stamp, utc_now
from emotiond.service.control_client import ask_at
from emotiond.service.requests import Answer, Request
from emotiond.sinks.client import Message, connect, messages

RETRY_SECONDS: Final = 0.5
"""Pause between two attempts to connect to a daemon that has gone (s)."""


class DaemonEars:
    """Ears of a running daemon; when it goes, they wait for it.

    Parameters
    ----------
    path : Path
        Its live socket.
    connection : socket
        A connection to it.
    stop : threading.Event
        Ends the messages when set.

    Attributes
    ----------
    hello, through
        As :class:`~emotiond.teaching.ears.Ears` has them.

    Raises
    ------
    EmotiondError
        If the daemon says nothing.
    """

    def __init__(self, path: Path, connection: socket, stop: Event) -> None:
        self._path = path
        self._stop = stop
        self._incoming = messages(connection, stop)
        hello = next(self._incoming, None)
        if not isinstance(hello, Hello):
            raise EmotiondError(
                f"the daemon at {path} closed the connection: "
                "it is stopping, or has too many viewers; try again"
            )
        self.hello = hello
        self.through = True

    def messages(self) -> Iterator[Meter | Record]:
        """Yield the daemon's messages, and news when it goes and comes back."""
        while True:
            for message in self._incoming:
                if isinstance(message, Voices):
                    continue
                if not isinstance(message, Hello):
                    yield message
                elif message.model != self.hello.model:
                    raise EmotiondError(
                        "the emotiond that came back has another model; start emotiond teach again"
                    )
                else:
                    yield self._status("service_back", "listening through it again")
            if self._stop.is_set():
                return
            yield self._status("service_lost", "waiting for it; nothing taught is lost")
            self._incoming = self._again()

    def ask(self, request: Request) -> Answer:
        """Send the daemon a request; raises EmotiondError if it is refused or not answered."""
        return ask_at(control_socket(self._path), request)

    def keep(self, _utterance: Utterance, _label: str, /) -> Path | None:
        """Return None: a daemon gives no sound to anybody."""
        return None

    def _again(self) -> Iterator[Message]:
        """Connect again; return the messages, none if the session stops."""
        while not self._stop.wait(RETRY_SECONDS):
            with contextlib.suppress(OSError):
                return messages(connect(self._path), self._stop)
        return iter(())

    def _status(self, event: StatusEvent, message: str) -> Status:
        status = Status(model=self.hello.model, event=event, message=message)
        return stamp(status, utc_now(), source=self.hello.source)
