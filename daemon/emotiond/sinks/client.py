"""A viewer's end of the live socket."""

import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

import msgspec

from emotiond.record import Hello, Meter, Record

POLL_SECONDS: Final = 0.1
LONGEST_LINE: Final = 1_000_000
Message = Hello | Meter | Record
_decoder: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)


def connect(path: Path) -> socket.socket:
    """Return a connection to a daemon's socket; raises OSError if there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(os.fsencode(path))
    except OSError:
        connection.close()
        raise
    return connection


def messages(connection: socket.socket, stop: Event) -> Iterator[Message]:
    """Yield what a daemon publishes until it ends or ``stop`` is set; closes the connection.

    What a newer daemon may say that is not known here is left out.
    """
    rest = b""
    with connection:
        while not stop.is_set() and len(rest) < LONGEST_LINE:
            if not select.select([connection], [], [], POLL_SECONDS)[0]:
                continue
            try:
                data = connection.recv(65536)
            except ConnectionError:
                return
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                try:
                    yield _decoder.decode(line)
                except msgspec.DecodeError:
                    continue
