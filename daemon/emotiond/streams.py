"""Tricks with file descriptors: mute native libraries, detach an output that nobody reads."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO


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


def is_ready(stream: IO[str]) -> bool:
    """Say whether a line can be written to a stream now, without waiting for its reader."""
    try:
        return bool(select.select([], [stream.fileno()], [], 0.0)[1])
    except (OSError, ValueError):  # not a file, or closed: the write raises the error
        return True


def let_go_of(stream: IO[str]) -> None:
    """Point a stream that fails at /dev/null, so that the flush at exit does not fail too."""
    with suppress(OSError):
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
