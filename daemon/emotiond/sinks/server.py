"""A server on a Unix socket: keeps the socket there, and gives each connection to a function."""

import contextlib
import errno
import fcntl
import os
import select
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread
from typing import IO, Final

MODE: Final = 0o660
"""Permissions of a socket: the daemon's user and group may connect."""
BACKLOG: Final = 8
"""Clients that may wait to be accepted."""
FULL_SECONDS: Final = 1.0
"""Pause (s) after a client could not be accepted, for example for want of file descriptors."""
LOOK_SECONDS: Final = 2.0
"""Time between two looks whether the socket is still there (s)."""


class Server:
    """Accepts clients on a Unix socket, in a thread.

    A lock file beside the socket shows whether its daemon is alive: the socket of a dead daemon is
    replaced, that of a living one is left alone. A socket that somebody deletes is made again.

    Parameters
    ----------
    path : Path
        Path of the socket; its folder is made if it is missing.
    admit : callable
        Called with each new connection, in the thread; must not wait.
    name : str
        Name of the thread.
    listening : callable
        Called again and again in the thread, with None if the socket is there, else with the error.
    """

    def __init__(
        self,
        path: Path,
        admit: Callable[[socket.socket], None],
        name: str,
        listening: Callable[[OSError | None], None] = lambda _: None,
    ) -> None:
        self._path = path
        self._admit = admit
        self._name = name
        self._listening = listening
        self._socket: _Socket | None = None
        self._lock = Lock()
        self._closed = Event()
        self._thread: Thread | None = None

    def open(self) -> None:
        """Start the thread, and make the socket; raises as :meth:`listen` does."""
        if self._thread is None:
            self._closed.clear()
            self._thread = Thread(target=self._serve, daemon=True, name=self._name)
            self._thread.start()
        self.listen()

    def listen(self) -> None:
        """Make the socket, unless it is there.

        Raises
        ------
        OSError
            If the socket can't be made, or belongs to another daemon. The thread tries again every
            ``LOOK_SECONDS``.
        """
        with self._lock:
            if self._closed.is_set() or (self._socket is not None and self._socket.is_there()):
                return
            self._stop_listening()
            self._socket = _Socket(self._path)

    def close(self) -> None:
        """Remove the socket and end the thread; may be called twice."""
        with self._lock:
            self._closed.set()
            self._stop_listening()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _stop_listening(self) -> None:
        listening, self._socket = self._socket, None
        if listening is not None:
            listening.close()

    def _serve(self) -> None:
        """Accept clients, and make the socket again."""
        while not self._closed.is_set():
            try:
                self.listen()
            except OSError as error:
                self._listening(error)
            else:
                self._listening(None)
            listening = self._socket
            if listening is None:
                self._closed.wait(LOOK_SECONDS)
            elif (client := listening.accept(LOOK_SECONDS)) is not None:
                self._admit(client)


class _Socket:
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
        """Wait for the next client and return its connection; None if none comes in time."""
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
