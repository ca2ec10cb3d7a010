"""Lines of a connection: whole, and bounded in size and time."""

import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.sinks.lines import Lines


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@given(
    lines=st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=8),
    whole=st.booleans(),
)
def test_every_line_comes_as_it_was_sent(lines: list[bytes], whole: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\n".join(lines) + b"\n" * (whole and bool(lines)))
        theirs.shutdown(socket.SHUT_WR)
        reader = Lines(ours, 20, 10.0)
        got = list(iter(reader.next, None))
        assert got == (lines if whole or not lines or lines[-1] else lines[:-1])
        assert reader.next() is None


def test_a_line_that_is_too_long_is_refused_and_ends_the_lines(pair) -> None:
    ours, theirs = pair
    for sent in (b"x" * 10 + b"\n", b"x" * 11 + b"\nnext\n"):
        theirs.sendall(sent)
    reader = Lines(ours, 10, 10.0)
    assert reader.next() == b"x" * 10
    with pytest.raises(OverflowError, match="longer than 10 bytes"):
        reader.next()
    assert reader.next() is None


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(pair) -> None:
    ours, theirs = pair
    theirs.sendall(b"x" * 20)
    with pytest.raises(OverflowError):
        Lines(ours, 10, 10.0).next()


@pytest.mark.parametrize("sent", [b"", b"half a li"])
def test_a_line_that_takes_too_long_is_given_up(pair, sent: bytes) -> None:
    ours, theirs = pair
    theirs.sendall(sent)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        Lines(ours, 10, 0.05).next()
    assert time.monotonic() - began < 5.0
