"""Tricks with file descriptors: muted libraries, and outputs that nobody reads."""

import contextlib
import io
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from emotiond.streams import is_ready, let_go_of, quiet_stderr


@pytest.fixture
def pipe() -> Iterator[tuple[int, io.TextIOWrapper]]:
    """Return the reading end of a pipe, and the writing end as a stream."""
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w", buffering=1)
    yield reader, stream
    stream.close()
    os.close(reader)


def test_a_stream_is_ready_until_its_pipe_is_full(pipe: tuple[int, io.TextIOWrapper]) -> None:
    _, stream = pipe
    assert is_ready(stream)
    os.set_blocking(stream.fileno(), False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(stream.fileno(), b"x" * 4096)
    assert not is_ready(stream)


def test_a_stream_without_a_descriptor_is_ready() -> None:
    assert is_ready(io.StringIO())


def test_a_detached_stream_writes_to_nobody(pipe: tuple[int, io.TextIOWrapper]) -> None:
    reader, stream = pipe
    os.set_blocking(reader, False)
    let_go_of(stream)
    stream.write("lost\n")
    stream.flush()
    assert os.read(reader, 10) == b""  # the pipe has no writer any more


def test_native_libraries_are_mute_inside_the_block_and_heard_after_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_stderr():
        os.write(2, b"inside\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_kept_stderr_is_of_python_alone() -> None:
    code = textwrap.dedent(
        """
        import os, sys
        from emotiond.streams import keep_stderr

        keep_stderr()
        os.write(2, b"library")
        print("python", file=sys.stderr)
        """
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ended.stderr == b"python\n"
