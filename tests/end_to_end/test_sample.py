"""The sample, where there is no microphone."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

RUN = (sys.executable, "-m", "emotiond", "run", "--or-sample", "--device", "no such one")


@pytest.fixture
def program(tmp_path: Path, environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Start the program on a terminal of its own; return its number and the terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 35, 110, 0, 0))
        # Without the size of the terminal that the tests run on.
        own = {key: environment[key] for key in environment.keys() - {"COLUMNS", "LINES"}}
        os.execvpe(RUN[0], RUN, {**own, "TERM": "xterm"})  # noqa: S606
    yield pid, terminal
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.close(terminal)


def test_on_a_terminal_it_is_named_says_how_to_go_on_and_ends_with_q(
    program: tuple[int, int],
) -> None:
    pid, terminal = program
    shown = b""
    is_typed = False
    give_up = time.monotonic() + 60.0
    while time.monotonic() < give_up:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # the program has ended
                break
        if not is_typed and b"acts no emotion" in shown:
            is_typed = True
            os.write(terminal, b"q")
    text = shown.decode()
    assert "playing a sample instead" in text
    for words in (" SAMPLE ", "plug in a microphone", "emotiond doctor", "emotiond teach"):
        assert words in text
    assert "emotiond listened for" in text
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
