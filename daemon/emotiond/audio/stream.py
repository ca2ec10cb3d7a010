"""What libsndfile reads in place of a file: a part of a file, or a pipe."""

import io
import os
import select
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event
from typing import Final, Protocol

from emotiond.audio.containers import METADATA
from emotiond.audio.parts import SLACK_BYTES, Part
from emotiond.errors import SoundError, reason

ENDLESS: Final = 1 << 50
"""Length of what has no known end (bytes)."""
TAG_BYTES: Final = 128
"""libmpg123 looks for a tag in so many last bytes of a file before it reads on."""


class Stream(Protocol):
    """What libsndfile reads in place of a file."""

    failure: BaseException | None
    """Why a read failed: an exception can't pass through libsndfile."""

    def tell(self) -> int:
        """Return the position."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position, and return it."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer, and return how many bytes it got; fewer than fit only at the end."""

    def guard(self) -> AbstractContextManager[None]:
        """Return a context in which libsndfile may read."""


class Window:
    """A part of a file, its header corrected.

    Parameters
    ----------
    file : io.FileIO
        The whole file.
    part : Part
        Which bytes of it, and what replaces the first of them.

    Attributes
    ----------
    failure : BaseException or None
        As of :class:`Stream`.
    """

    def __init__(self, file: io.FileIO, part: Part) -> None:
        self.failure: BaseException | None = None
        self._file = file
        self._part = part
        self._there = part.end - part.start
        self._length = ENDLESS if part.endless else self._there
        self._at = 0

    def tell(self) -> int:
        """Return the position (bytes from the start of the part)."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position, and return it."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer, and return how many bytes it got; fewer than fit only at the end."""
        size = len(buffer)
        if self._part.endless and self._at >= ENDLESS - TAG_BYTES:
            data = bytes(min(size, max(0, ENDLESS - self._at)))
        else:
            data = self._read(size)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Put off Ctrl-C inside the ``with`` block, where libsndfile calls this object.

        KeyboardInterrupt would be raised in such a call, and libsndfile would take it for the end.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _read(self, size: int) -> bytes:
        data = self._part.head[self._at : self._at + size]
        begin = self._at + len(data)
        wanted = min(size - len(data), self._there - begin)
        if wanted <= 0:
            return data
        try:
            return data + read_at(self._file, self._part.start + begin, wanted)
        except OSError as error:
            self.failure = error
            return data


class Pipe:
    """A pipe that libsndfile reads in place of a file.

    Bytes are held for a second look until :meth:`let_go` is called.

    Parameters
    ----------
    descriptor : int
        File descriptor, read without a buffer so that a slow pipe is read at once.
    name : str
        Name in messages.
    stop : threading.Event
        Ends the stream when set.

    Attributes
    ----------
    failure : BaseException or None
        As of :class:`Stream`.
    unread : int
        Number of bytes behind the sound that are none.
    """

    def __init__(self, descriptor: int, name: str, stop: Event) -> None:
        self.failure: BaseException | None = None
        self.unread = 0
        self.name = name
        self.stop = stop
        self._descriptor = descriptor
        self._at = 0
        self._held = b""
        self._held_at = 0
        self._holding = True
        self._end = ENDLESS

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes that were not dropped yet; fewer than wanted only at the end of the stream.

        Raises
        ------
        SoundError
            If the pipe can't be read.
        """
        begin = offset - self._held_at
        while (lacking := begin + size - len(self._held)) > 0 and (more := self._more(lacking)):
            self._held += more
        return self._held[begin : begin + size]

    def some(self, size: int) -> bytes:
        """Return the next bytes once there are any, at most so many; none at the end.

        Raises
        ------
        SoundError
            If the pipe can't be read.
        """
        if self._at == self._end and self._is_more_sound():
            self._end = ENDLESS
        size = min(size, self._end - self._at)
        begin = self._at - self._held_at
        if begin == len(self._held) and size:
            self._held += self._more(size)
        data = self._held[begin : begin + size]
        self._at += len(data)
        if not self._holding:
            self._held, self._held_at = self._held[begin + len(data) :], self._at
        return data

    def let_go(self) -> None:
        """Hold no bytes any more: from now on they are read forwards only."""
        self._holding = False

    def correct(self, header: bytes, end: int) -> None:
        """Replace the first bytes, and end the sound at an offset, unless more sound follows."""
        self._held = header + self._held[len(header) :]
        self._end = end

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Let libsndfile read inside the ``with`` block; in the first one it opens the stream."""
        yield
        self.let_go()

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position, and return it."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: ENDLESS}[whence]
        self._at = origin + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer, and return how many bytes it got; fewer than fit only at the end."""
        filled = 0
        try:
            while filled < len(buffer) and (data := self.some(len(buffer) - filled)):
                buffer[filled : filled + len(data)] = data
                filled += len(data)
        except BaseException as error:
            self.failure = error
        return filled

    def _is_more_sound(self) -> bool:
        """Say whether sound follows where it should end: some programs promise their first piece.

        Python's own module ``wave`` is one, where it writes to a pipe.
        """
        ahead = self.read_at(self._at, SLACK_BYTES + 1)
        if ahead.removeprefix(b"\0").startswith(METADATA):  # an odd number of bytes is filled up
            return False
        self.unread = len(ahead) if len(ahead) <= SLACK_BYTES else 0
        return len(ahead) > SLACK_BYTES

    def _more(self, size: int) -> bytes:
        """Return bytes that were not read before; none at the end, or once the stop is set."""
        while not self.stop.is_set():
            # A read that waits would not see the signal to stop.
            try:
                if select.select([self._descriptor], [], [], 0.1)[0]:
                    return os.read(self._descriptor, size)
            except OSError as error:
                raise SoundError(f"{self.name} can't be read ({reason(error)})") from error
        return b""


def read_at(file: io.FileIO, offset: int, size: int) -> bytes:
    """Return bytes of a file from an offset; fewer than wanted only at its end.

    Raises
    ------
    OSError
        If the file can't be read.
    """
    file.seek(offset)
    data = file.read(size)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
