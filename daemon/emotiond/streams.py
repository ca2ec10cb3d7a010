"""Standard streams: complain on stderr, mute native libraries, detach an output nobody reads."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TextIO

from emotiond.text import escaped


def complain(sentence: str) -> None:
    """Print a sentence of the program on standard error, if that takes it."""
    with suppress(OSError):
        print(f"emotiond: {escaped(sentence)}", file=sys.stderr)


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Discard all that this process writes to stderr inside the ``with`` block.

    Native libraries write straight to descriptor 2. Their errors still arrive as exceptions or
    exit codes.
    """
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def keep_stderr() -> None:
    """Give ``sys.stderr`` a descriptor of its own and discard descriptor 2, for good.

    PortAudio writes to descriptor 2 from its threads, at any time, and libmpg123 what it thinks of
    a damaged file.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def of_its_own(stream: TextIO) -> TextIO:
    """Return a stream to the same file with a descriptor, a buffer and locks of its own.

    A thread that hangs in a write holds the locks of its stream.
    """
    try:
        descriptor = os.dup(stream.fileno())
    except (OSError, ValueError):  # not a file: it does not hang
        return stream
    return os.fdopen(descriptor, "w", encoding=stream.encoding, errors=stream.errors)


def is_ready(stream: IO[str]) -> bool:
    """Say whether a line can be written to a stream now, without waiting for its reader."""
    try:
        return bool(select.select([], [stream.fileno()], [], 0.0)[1])
    except (OSError, ValueError):  # not a file, or closed: the write raises the error
        return True


def in_foreground(terminal: IO[str]) -> bool:
    """Say whether a shell has given the terminal to this job."""
    try:
        return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # not the terminal that controls this process
        return False


def let_go_of(stream: IO[str]) -> None:
    """Point a stream that fails at /dev/null, so that the flush at exit does not fail too."""
    with suppress(OSError):
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
