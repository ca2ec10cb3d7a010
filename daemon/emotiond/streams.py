"""Silences streams: of native libraries that write past Python, and of those that nobody reads."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send the process's stderr nowhere meanwhile; what matters comes as an exception or a code."""
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
    """Leave stderr to Python for good: PortAudio writes to it from threads, whenever it likes."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def takes(stream: IO[str]) -> bool:
    """Say whether a stream takes a line now, without waiting for whoever reads it."""
    try:
        return bool(select.select([], [stream.fileno()], [], 0.0)[1])
    except (OSError, ValueError):  # no file at all, or gone: writing says how
        return True


def let_go_of(stream: IO[str]) -> None:
    """Point a stream that takes no more at nothing, since the interpreter flushes it at exit."""
    with suppress(OSError):
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
