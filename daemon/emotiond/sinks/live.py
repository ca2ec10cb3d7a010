"""The live socket: publishes all records as JSON lines to every viewer that connects.

A viewer first gets a :class:`Hello`, the troubles that last and the last status; then every record
and every meter reading. Nothing is read from viewers, and none is waited for.
"""

import contextlib
import errno
import fcntl
import os
import select
import socket
import stat
from pathlib import Path
from threading import Event, Lock, Thread
from typing import IO, Annotated, Final

import msgspec

from emotiond.errors import InputError
from emotiond.paths import SOCKET, state_folder, user_path
from emotiond.record import Hello, Meter, Record, Status, encode
from emotiond.sinks.troubles import Troubles, after

MODE: Final = 0o660
"""Permissions of the socket: the daemon's user and group may watch."""
MOST_VIEWERS: Final = 32
"""Viewers at a time; more are turned away."""
BACKLOG: Final = 8
"""Viewers that may wait to be accepted."""
FULL_SECONDS: Final = 1.0
"""Pause (s) after a viewer could not be accepted, for example for want of file descriptors."""
LOOK_SECONDS: Final = 2.0
"""Time between two looks whether the socket is still there (s)."""

_encoder: Final = msgspec.json.Encoder()


class LiveSink:
    """Publishes records and meter readings on a Unix socket.

    A lock file beside the socket shows whether its daemon is alive: the socket of a dead daemon is
    replaced, that of a living one is left alone. A viewer that does not keep up is dropped.

    Parameters
    ----------
    path : Path
        Path of the socket; its folder is made if it is missing.
    hello : Hello
        First message to a new viewer.
    """

    def __init__(self, path: Path, hello: Hello) -> None:
        self._path = path
        self._hello = _encoder.encode(hello)
        self._troubles: Troubles = ()
        self._last: Status | None = None
        self._viewers: list[socket.socket] = []
        self._viewers_lock = Lock()
        self._server: _Server | None = None
        self._server_lock = Lock()
        self._closed = Event()
        self._thread: Thread | None = None

    def open(self) -> None:
        """Make the socket; if somebody deletes it, it is made again within seconds.

        Raises
        ------
        OSError
            If the socket can't be made, or belongs to another daemon. It is tried again every
            ``LOOK_SECONDS``.
        """
        if self._thread is None:
            self._closed.clear()
            self._thread = Thread(target=self._serve, daemon=True, name="viewers")
            self._thread.start()
        self._listen()

    def write(self, record: Record) -> None:
        """Publish a record; raises OSError as :meth:`open` does."""
        self._listen()
        line = encode(record)
        with self._viewers_lock:
            if isinstance(record, Status):
                self._troubles, self._last = after(self._troubles, record), record
            self._send(line)

    def meter(self, seconds: float, level: float, speech: float) -> None:
        """Publish level and speech of a hop."""
        with self._viewers_lock:
            if self._viewers:
                self._send(_encoder.encode(Meter(seconds=seconds, level=level, speech=speech)))

    def close(self) -> None:
        """Disconnect all viewers and remove the socket."""
        with self._server_lock:
            self._closed.set()
            self._stop_listening()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        with self._viewers_lock:
            for viewer in self._viewers:
                viewer.close()
            self._viewers = []

    def _listen(self) -> None:
        """Make the socket, unless it is there."""
        with self._server_lock:
            if self._closed.is_set() or (self._server is not None and self._server.is_there()):
                return
            self._stop_listening()
            self._server = _Server(self._path)

    def _stop_listening(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _serve(self) -> None:
        """Accept viewers, and make the socket again, in a thread: records may be hours apart."""
        while not self._closed.is_set():
            with contextlib.suppress(OSError):  # the next record says what is wrong
                self._listen()
            server = self._server
            if server is None:
                self._closed.wait(LOOK_SECONDS)
            elif (viewer := server.accept(LOOK_SECONDS)) is not None:
                self._admit(viewer)

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
        return b"".join(line + b"\n" for line in (self._hello, *map(encode, news)))

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


class _Server:
    """A listening socket; its lock keeps other daemons from taking its place."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._closed = Event()
        with contextlib.ExitStack() as undo:
            self._lock = undo.enter_context(Path(f"{path}.lock").open("w"))
            _occupy(self._lock, path)
            self._socket = undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            self._socket.bind(os.fsencode(path))
            path.chmod(MODE)
            self._socket.listen(BACKLOG)
            self._identity = _identity(path)
            undo.pop_all()

    def is_there(self) -> bool:
        """Say whether the path still leads to this socket."""
        try:
            return _identity(self._path) == self._identity
        except OSError:
            return False

    def accept(self, seconds: float) -> socket.socket | None:
        """Wait for the next viewer and return its connection; None if none comes in time."""
        try:
            # Wait with select(): accept() reserves a file descriptor while it waits, and the log
            # may need the last free one.
            if select.select([self._socket], [], [], seconds)[0]:
                return self._socket.accept()[0]
        except (OSError, ValueError):  # no descriptor is free, or the socket was closed
            self._closed.wait(FULL_SECONDS)
        return None

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        if self.is_there():
            self._path.unlink(missing_ok=True)
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept()
        self._socket.close()
        self._lock.close()


def _occupy(lock: IO[str], path: Path) -> None:
    """Take the lock and remove a dead daemon's socket; refuse a living one's and other files."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EADDRINUSE, "another emotiond has the socket") from None
    if path.exists() and not path.is_socket():
        raise OSError(errno.EEXIST, "a file is there that is not a socket")
    path.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int]:
    """Return device and inode of a socket; zeros for any other file."""
    found = path.stat()
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else (0, 0)


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
