"""The live socket: publishes all records as JSON lines to every viewer that connects.

A viewer first gets a :class:`Hello`, the troubles that last and the last status; then every record
and every meter reading. Nothing is read from viewers, and none is waited for.
"""

import os
import socket
from pathlib import Path
from threading import Lock
from typing import Annotated, Final

import msgspec

from emotiond.errors import InputError
from emotiond.paths import SOCKET, state_folder, user_path
from emotiond.record import Hello, Meter, Record, Status, Voices, after_voices, encode
from emotiond.sinks.server import Server
from emotiond.sinks.troubles import Troubles, after

MOST_VIEWERS: Final = 32
"""Viewers at a time; more are turned away."""

_encoder: Final = msgspec.json.Encoder()


class LiveSink:
    """Publishes records and meter readings on a Unix socket.

    A viewer that does not keep up is dropped.

    Parameters
    ----------
    path : Path
        Path of the socket; its folder is made if it is missing.
    hello : Hello
        First message to a new viewer.
    """

    def __init__(self, path: Path, hello: Hello) -> None:
        self._hello = hello
        self._troubles: Troubles = ()
        self._last: Status | None = None
        self._viewers: list[socket.socket] = []
        self._viewers_lock = Lock()
        self._server = Server(path, self._admit, "viewers")

    def open(self) -> None:
        """Make the socket; if somebody deletes it, it is made again within seconds.

        Raises
        ------
        OSError
            If the socket can't be made, or belongs to another daemon. It is tried again every few
            seconds.
        """
        self._server.open()

    def write(self, record: Record) -> None:
        """Publish a record; raises OSError as :meth:`open` does."""
        self._server.listen()
        line = encode(record)
        with self._viewers_lock:
            if isinstance(record, Status):
                self._troubles, self._last = after(self._troubles, record), record
            self._send(line)

    def meter(self, reading: Meter) -> None:
        """Publish level and speech of a hop."""
        with self._viewers_lock:
            if self._viewers:
                self._send(_encoder.encode(reading))

    def voices(self, voices: Voices) -> None:
        """Publish new labels and the new number of examples, for later viewers, too."""
        with self._viewers_lock:
            self._hello = after_voices(self._hello, voices)
            self._send(_encoder.encode(voices))

    def close(self) -> None:
        """Disconnect all viewers and remove the socket."""
        self._server.close()
        with self._viewers_lock:
            for viewer in self._viewers:
                viewer.close()
            self._viewers = []

    def _admit(self, viewer: socket.socket) -> None:
        viewer.setblocking(False)
        with self._viewers_lock:
            if len(self._viewers) < MOST_VIEWERS and _sent(viewer, self._greeting()):
                self._viewers.append(viewer)
            else:
                viewer.close()

    def _greeting(self) -> bytes:
        """Return the first lines for a new viewer."""
        news = list(self._troubles)
        if self._last is not None and self._last not in news:
            news.append(self._last)
        return b"".join(line + b"\n" for line in map(_encoder.encode, (self._hello, *news)))

    def _send(self, line: bytes) -> None:
        stuck = [viewer for viewer in self._viewers if not _sent(viewer, line + b"\n")]
        for viewer in stuck:
            viewer.close()
            self._viewers.remove(viewer)


def _sent(viewer: socket.socket, data: bytes) -> bool:
    """Send data without waiting; say whether the viewer took all of it."""
    try:
        return viewer.send(data) == len(data)
    except OSError:
        return False


class LiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The live socket sends all predictions to emotiond watch and to other programs."""

    socket: Annotated[
        str | None,
        msgspec.Meta(
            description="path of the Unix socket; none: no socket",
            examples=["none"],
            extra={
                "metavar": "PATH",
                "default": "live.sock in the service's or the session's runtime folder",
            },
        ),
    ] = None

    @property
    def path(self) -> Path | None:
        """The socket: as set, or in the folder of systemd, of the session, or of the user.

        None where the settings say so, and for a user without any such folder.
        """
        if self.socket == "none":
            return None
        if self.socket:
            return user_path(self.socket)
        if systemd := os.environ.get("RUNTIME_DIRECTORY"):
            return Path(systemd.split(":")[0]) / SOCKET
        if session := os.environ.get("XDG_RUNTIME_DIR"):
            return Path(session) / "emotiond" / SOCKET
        try:
            return state_folder() / SOCKET
        except InputError:
            return None
