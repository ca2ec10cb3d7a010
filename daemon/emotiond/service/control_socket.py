"""The control socket: requests to a running daemon, one line of JSON each.

A client has a thread of its own, so one that hangs holds up neither the daemon nor other clients.
Lines, time and clients are bounded.
"""

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from typing import Final, Self

from emotiond.errors import reason
from emotiond.record import Event
from emotiond.service.requests import Answer, Refused, Request, decode_request, encode_line
from emotiond.sinks.lines import Lines
from emotiond.sinks.server import Server

NAME: Final = "control"
"""Subject of status records about the socket."""
MOST_CLIENTS: Final = 8
"""Clients at a time; more are turned away."""
LONGEST_REQUEST: Final = 65_536
"""Longest line of a client (bytes)."""
CLIENT_SECONDS: Final = 10.0
"""Longest time that a client may take over a request, and over taking its answer (s)."""


class ControlSocket:
    """Answers requests on a Unix socket.

    Parameters
    ----------
    path : Path
        Path of the socket; its folder is made if it is missing.
    ask : callable
        Carries out a request; called from many threads.
    tell : callable
        Called with event, subject and message when the socket fails, and when it works again.
    """

    def __init__(
        self,
        path: Path,
        ask: Callable[[Request], Answer],
        tell: Callable[[Event, str, str], None],
    ) -> None:
        self._path = path
        self._ask = ask
        self._tell = tell
        self._failing = False
        self._clients: set[socket.socket] = set()
        self._clients_lock = Lock()
        self._server = Server(path, self._admit, NAME, self._listening)

    def __enter__(self) -> Self:
        """Begin to answer; a socket that can't be made now is tried again until it can."""
        with contextlib.suppress(OSError):  # the server's thread reports it
            self._server.open()
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect all clients and remove the socket."""
        self._server.close()
        with self._clients_lock:
            for client in self._clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)  # wakes its thread

    def _listening(self, error: OSError | None) -> None:
        """Tell once when the socket can't be made, and once when it is there."""
        if error is not None and not self._failing:
            self._tell(
                "sink_failed",
                NAME,
                f"control socket {self._path}: {reason(error)}; "
                "no request can be sent until it is there",
            )
        elif error is None and self._failing:
            self._tell("sink_back", NAME, f"control socket {self._path}: it is there now")
        self._failing = error is not None

    def _admit(self, client: socket.socket) -> None:
        with self._clients_lock:
            if len(self._clients) >= MOST_CLIENTS:
                client.close()
                return
            self._clients.add(client)
        thread = Thread(target=self._serve, args=(client,), daemon=True, name=NAME)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more threads
            self._dismiss(client)

    def _serve(self, client: socket.socket) -> None:
        """Answer the requests of a client until it leaves, takes too long or sends too much."""
        lines = Lines(client, LONGEST_REQUEST, CLIENT_SECONDS)
        try:
            while (answer := self._next_answer(lines)) is not None:
                client.settimeout(CLIENT_SECONDS)
                client.sendall(encode_line(answer))
        except OSError:  # it left, or does not take its answer
            pass
        finally:
            self._dismiss(client)

    def _next_answer(self, lines: Lines) -> Answer | None:
        try:
            line = lines.next()
        except OverflowError as error:
            return _refused(f"the request is too long: {error}")
        if line is None:
            return None
        try:
            request = decode_request(line)
        except (ValueError, RecursionError) as error:
            return _refused(f"this is no request: {error}")
        return self._ask(request)

    def _dismiss(self, client: socket.socket) -> None:
        with self._clients_lock:
            self._clients.discard(client)
        client.close()


def _refused(message: str) -> Refused:
    return Refused(message=message, exit_code=2)
