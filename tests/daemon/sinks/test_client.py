"""The viewer's end of the live socket."""

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.record import Hello, Status, encode
from emotiond.sinks.client import connect, messages

STARTED = Status(model="abcd", event="started", message="")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder whose name is short enough for sockets; tmp_path may be too long."""
    with tempfile.TemporaryDirectory(prefix="live") as name:
        yield Path(name)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the daemon's and the viewer's end of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_connect_reaches_the_daemon_that_listens(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "live.sock"))
        server.listen()
        with connect(folder / "live.sock") as viewer:
            server.accept()[0].close()
            assert viewer.recv(1) == b""


def test_connect_raises_and_leaks_no_descriptor_where_no_daemon_listens(folder: Path) -> None:
    (folder / "file").write_text("mine")
    before = descriptors()
    for name, error in (("missing", FileNotFoundError), ("file", ConnectionRefusedError)):
        with pytest.raises(error):
            connect(folder / name)
    assert descriptors() == before


def test_messages_are_decoded_wherever_they_are_cut(ends) -> None:
    ours, theirs = ends
    hello = Hello(model="abcd", labels=("calm",), title="emotiond")
    stream = messages(theirs, Event())
    first, second = encode(hello), encode(STARTED)
    ours.sendall(first + b"\n" + second[:7])
    assert next(stream) == hello
    ours.sendall(second[7:] + b"\n")
    assert next(stream) == STARTED


def test_unknown_messages_nonsense_and_a_torn_line_are_left_out(ends) -> None:
    ours, theirs = ends
    ours.sendall(b'{"type":"later"}\n' + encode(STARTED) + b"\n\nnonsense\n")
    ours.sendall(encode(STARTED)[:10])
    ours.shutdown(socket.SHUT_WR)
    assert list(messages(theirs, Event())) == [STARTED]


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\x00",
        b'{"type":"status","model":"a","event":"started","message":"\xc3\x28"}',
        b'{"type":"status","model":"a","event":"started","message":"\\ud800"}',
        b'{"type":"meter","seconds":1e999,"level":0,"speech":0}',
        b'{"a":' * 20_000,
        b"\r\x1b[2J",
    ],
)
def test_bad_bytes_are_left_out(ends, line: bytes) -> None:
    ours, theirs = ends
    ours.sendall(line + b"\n" + encode(STARTED) + b"\n")
    assert next(messages(theirs, Event())) == STARTED


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_no_bytes_end_the_messages(lines: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(b"\n".join(lines) + b"\n" + encode(STARTED) + b"\n")
        ours.shutdown(socket.SHUT_WR)
        assert list(messages(theirs, Event()))[-1] == STARTED


def test_a_line_that_never_ends_closes_the_connection(ends) -> None:
    ours, theirs = ends

    def send() -> None:
        with contextlib.suppress(OSError):
            while True:
                ours.sendall(b"x" * 65536)

    sender = Thread(target=send, daemon=True)
    sender.start()
    assert list(messages(theirs, Event())) == []
    sender.join(10.0)
    assert not sender.is_alive()


def test_stop_ends_the_messages_and_closes_the_connection(ends) -> None:
    ours, theirs = ends
    stop = Event()
    ours.sendall((encode(STARTED) + b"\n") * 2)
    stream = messages(theirs, stop)
    assert next(stream) == STARTED
    stop.set()
    assert list(stream) == [STARTED]  # it had arrived with the first
    assert theirs.fileno() == -1
