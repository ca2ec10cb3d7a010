"""The viewer's end of the live socket."""

import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

import msgspec

from emotiond.record import Hello, Meter, Record, Voices

POLL_SECONDS: Final = 0.1
"""Seconds between two looks at ``stop``."""
LONGEST_LINE: Final = 1_000_000
"""A longer line (bytes) is not from emotiond, and ends the connection."""
Message = Hello | Voices | Meter | Record
"""One line of the live socket."""
_decoder: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)


def connect(path: Path) -> socket.socket:
    """Return a connection to a daemon's live socket; raises OSError if no daemon listens there."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(os.fsencode(path))
    except OSError:
        connection.close()
        raise
    return connection


def messages(connection: socket.socket, stop: Event) -> Iterator[Message]:
    """Yield the messages of a daemon until it closes the connection or ``stop`` is set.

    Lines that can't be decoded, such as messages of a newer daemon or damaged ones, are left out.

    Parameters
    ----------
    connection : socket
        From :func:`connect`; closed in the end.
    stop : threading.Event
        Ends the messages; checked every ``POLL_SECONDS``.
    """
    rest = b""
    with connection:
        while not stop.is_set() and len(rest) < LONGEST_LINE:
            if not select.select([connection], [], [], POLL_SECONDS)[0]:
                continue
            try:
                data = connection.recv(65536)
            except OSError:
                return
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from filter(None, map(message_of, lines))


def message_of(line: bytes) -> Message | None:
    """Return the message that a line of the live socket holds; None if it can't be decoded."""
    try:
        return _decoder.decode(line)
    except (ValueError, RecursionError):
        return None
