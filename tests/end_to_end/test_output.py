"""Output of the program: to a pipe, to a reader that leaves, to a closed or full stdout."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from emotiond.record import Prediction, Utterance
from tests.conftest import UTTERANCES_IN_SAMPLE, Run, pcm
from tests.end_to_end.runs import events, logged


def test_a_pipe_gets_plain_lines(emotiond: Run, tmp_path: Path, sample_path: Path) -> None:
    ended = emotiond("run", "--input", sample_path, "--fast", "--log-dir", "logs")
    assert (ended.returncode, ended.stderr) == (0, b"")
    lines = ended.stdout.decode().splitlines()
    assert b"\x1b" not in ended.stdout
    assert len(lines) >= 6
    assert all(re.match(r"\d\d:\d\d\.\d \S", line) for line in lines)
    assert lines[0].endswith(f"started: listening to {sample_path}")
    assert "source ended" in lines[-1]
    assert sum(line.endswith(" no speech") for line in lines) >= 4


def test_a_reader_that_leaves_ends_the_run_and_the_log_is_whole(
    tmp_path: Path, environment: dict[str, str], sample: np.ndarray
) -> None:
    (tmp_path / "sound").write_bytes(pcm(sample))
    sound = "while cat sound; do :; done"  # never ends: only the reader ends the run
    command = f"{sys.executable} -m emotiond run --input - --fast --log-dir logs"
    ended = subprocess.run(
        ["bash", "-c", f"({sound}) | {command} | head -n 3; exit ${{PIPESTATUS[1]}}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.count(b"\n") == 3
    assert events(logged(tmp_path / "logs")) == ["started", "sink_failed", "stopping"]


@pytest.mark.parametrize("closed", [">&-", "> /dev/full"])
def test_a_closed_or_full_stdout_costs_the_log_no_record(
    tmp_path: Path, environment: dict[str, str], sample_path: Path, closed: str
) -> None:
    command = f"{sys.executable} -m emotiond run --input {sample_path} --fast --log-dir logs"
    script = f"set -o pipefail; {command} {closed}"
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"Traceback" not in ended.stderr
    assert b"Exception ignored" not in ended.stderr
    records = logged(tmp_path / "logs")
    assert sum(isinstance(each, Utterance) for each in records) == UTTERANCES_IN_SAMPLE
    assert events(records)[-1] == "source_ended"
    if closed != ">&-":
        assert events(records).count("sink_failed") == 1
    assert ended.returncode == 0


@pytest.mark.parametrize("arguments", [("model",), ("model", "--json"), ("classify", "SAMPLE")])
@pytest.mark.parametrize("out", ["pipe", "full"])
def test_output_to_a_closed_pipe_or_a_full_disk_prints_no_traceback(
    tmp_path: Path, environment: dict[str, str], sample_path: Path, arguments, out: str
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    full = os.open("/dev/full", os.O_WRONLY)
    command = [sys.executable, "-m", "emotiond", *arguments]
    try:
        ended = subprocess.run(
            [str(sample_path) if each == "SAMPLE" else each for each in command],
            stdout=writer if out == "pipe" else full,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=environment,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writer)
        os.close(full)
    assert ended.returncode == 1
    said = b"" if out == "pipe" else b"emotiond: no space left on device\n"
    assert ended.stderr == said


class Terminal:
    """A terminal with a shell; a named pipe in its folder gives sound that never ends."""

    def __init__(self, folder: Path, environment: dict[str, str], sample: np.ndarray) -> None:
        self.logs = folder / "logs"
        self._shown = b""
        os.mkfifo(folder / "sound")
        # With PYTHONUNBUFFERED a program has no buffer whose lock may be held.
        kept = {key: value for key, value in environment.items() if key != "PYTHONUNBUFFERED"}
        self.pid, self.ours = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            shell = ("bash", "--norc", "--noediting", "-i")
            os.execvpe("bash", shell, {**kept, "TERM": "xterm", "PS1": "$ "})  # noqa: S606
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        arguments = (folder / "sound", pcm(sample))
        threading.Thread(target=self._speak, args=arguments, daemon=True).start()

    def _speak(self, pipe: Path, sound: bytes) -> None:
        with contextlib.suppress(OSError), pipe.open("wb") as file:
            while True:
                file.write(sound)

    def type(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def read_until(self, what: bytes, seconds: float = 30.0) -> bytes:
        """Read until some bytes are shown; return what was shown up to their end."""
        give_up = time.monotonic() + seconds
        while what not in self._shown:
            assert time.monotonic() < give_up, self._shown[-2000:]
            if select.select([self.ours], [], [], 0.1)[0]:
                self._shown += os.read(self.ours, 65536)
        before, self._shown = self._shown.split(what, 1)
        return before + what

    def shown_within(self, seconds: float) -> bytes:
        """Return what is shown within some seconds."""
        give_up = time.monotonic() + seconds
        while (left := give_up - time.monotonic()) > 0.0:
            if select.select([self.ours], [], [], left)[0]:
                self._shown += os.read(self.ours, 65536)
        shown, self._shown = self._shown, b""
        return shown

    def exit_code(self, seconds: float = 10.0) -> int:
        """Wait for the end of the program."""
        give_up = time.monotonic() + seconds
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < give_up
            time.sleep(0.01)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.ours)


RUN = f"{sys.executable} -m emotiond run --input - --log-dir logs <sound\n"


@pytest.fixture
def terminal(tmp_path: Path, environment: dict[str, str], sample: np.ndarray) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, environment, sample)
    yield terminal
    terminal.close()


ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?1049l"
SHOW_CURSOR = b"\x1b[?25h"


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_draws_the_console_anew(
    terminal: Terminal,
) -> None:
    terminal.type(RUN)
    terminal.read_until(ENTER)
    terminal.read_until(b"listening to standard input")
    for resume in ("fg\n", "bg\n", "fg\n"):
        terminal.type("\x1a")  # Ctrl-Z
        terminal.read_until(LEAVE + SHOW_CURSOR)
        terminal.read_until(b"Stopped")
        terminal.read_until(b"$ ")
        terminal.type(resume)
        if resume == "bg\n":  # a job in the background draws nothing over the shell
            assert ENTER not in terminal.shown_within(1.0)
            terminal.type("fg\n")
        terminal.read_until(ENTER)
        terminal.read_until(b"dBFS")
    terminal.type("\x03")  # Ctrl-C
    terminal.read_until(LEAVE)
    terminal.read_until(SHOW_CURSOR)
    terminal.type("echo code $?\n")
    terminal.read_until(b"code 0")
    assert events(logged(terminal.logs)) == ["started", "stopping"]


def test_q_ends_the_run_with_a_summary_and_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.type("stty -a\n")
    terminal.read_until(b"-echoprt")
    before = termios.tcgetattr(terminal.ours)
    terminal.type(RUN)
    terminal.read_until(b"q\x1b[0m quit")
    assert termios.tcgetattr(terminal.ours) != before
    terminal.type("q")
    terminal.read_until(LEAVE)
    terminal.read_until(b"emotiond listened for ")
    terminal.read_until(b"The log is in logs")
    terminal.type("echo code $?\n")
    terminal.read_until(b"code 0")
    assert termios.tcgetattr(terminal.ours) == before
    assert events(logged(terminal.logs)) == ["started", "stopping"]


def test_nothing_is_lost_in_the_log_while_the_display_is_paused(terminal: Terminal) -> None:
    terminal.type(RUN)
    terminal.read_until(b"q\x1b[0m quit")
    terminal.type("p")
    terminal.read_until(b"paused: p goes on")
    logged_before = len(logged(terminal.logs))
    terminal.shown_within(3.0)
    assert len(logged(terminal.logs)) > logged_before
    terminal.type("p")
    terminal.read_until(b"emotiond")
    terminal.type("q")
    terminal.read_until(b"The log is in logs")


def test_a_terminal_that_takes_nothing_does_not_keep_the_daemon_from_ending(
    terminal: Terminal,
) -> None:
    terminal.type(f"exec {RUN}")
    terminal.read_until(ENTER)
    # Nobody reads what is shown then, until a thread hangs in the middle of a frame.
    give_up = time.monotonic() + 60.0
    while max((each.end for each in _predictions(terminal.logs)), default=0.0) < 8.0:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    sent = time.monotonic()
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.exit_code() == 0
    assert time.monotonic() - sent < 2.0
    assert events(logged(terminal.logs))[-1] == "stopping"


def _predictions(folder: Path) -> list[Prediction]:
    return [each for each in logged(folder) if isinstance(each, Prediction)]
