"""Daemons, viewers and terminals that tests start, and their output as it comes."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

EMOTIOND = (sys.executable, "-m", "emotiond")
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


class Programs:
    """Starts daemons that read the sample over and over, and viewers that watch them.

    ``inside`` begins their commands; it may put them into another network.
    """

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        sample: np.ndarray,
        inside: Sequence[str] = (),
    ) -> None:
        self.logs = folder / "logs"
        self._folder = folder
        self._environment = environment
        self._inside = inside
        self._pcm = (sample * 32768).round().astype("<i2").tobytes()
        self._started: list[subprocess.Popen[bytes]] = []

    def daemon(self, *flags: str, env: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """Start a daemon with a pipe in place of a microphone, in real time."""
        command = ("run", "--input", "-", "--headless", "--log-dir", "logs", *flags)
        program = self._start(*command, env=env, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        threading.Thread(target=self._speak, args=(program,), daemon=True).start()
        return program

    def watch(
        self, *arguments: str, env: dict[str, str] | None = None, **streams: object
    ) -> "subprocess.Popen[bytes]":
        """Start a viewer, with additions to the environment."""
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return self._start("watch", *arguments, env=env, **{**given, **streams})

    def end(self) -> None:
        """Kill all programs that still run."""
        for program in self._started:
            program.kill()
            program.communicate()

    def _start(
        self, *arguments: str, env: dict[str, str] | None = None, **streams: object
    ) -> "subprocess.Popen[bytes]":
        program = subprocess.Popen(
            [*self._inside, *EMOTIOND, *arguments],
            cwd=self._folder,
            env={**self._environment, **(env or {})},
            **streams,
        )
        self._started.append(program)
        return program

    def _speak(self, program: "subprocess.Popen[bytes]") -> None:
        try:
            while True:
                program.stdin.write(self._pcm)
        except (OSError, ValueError):
            pass


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait until a condition holds."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)


def script(path: Path, code: str) -> Path:
    """Write a program in Python, and return its path."""
    path.write_text(f"#!{sys.executable} -S\n{code}\n")
    path.chmod(0o755)
    return path


class Output:
    """The output of a program, read as it comes."""

    def __init__(self, descriptor: int) -> None:
        self.content = b""
        self._descriptor = descriptor

    def wait_for(self, words: str, seconds: float = 30.0) -> None:
        """Read until the output contains some words."""
        self._wait(lambda: words.encode() in CONTROL.sub(b"", self.content), repr(words), seconds)

    def wait_for_lines(self, count: int) -> None:
        """Read until the output has so many whole lines."""
        self._wait(lambda: self.content.count(b"\n") >= count, f"{count} lines", 30.0)

    def _wait(self, there: Callable[[], bool], what: str, seconds: float) -> None:
        give_up = time.monotonic() + seconds
        while not there():
            assert time.monotonic() < give_up, f"no {what} in {self.content[-2000:]!r}"
            if select.select([self._descriptor], [], [], 0.1)[0]:
                self.content += os.read(self._descriptor, 65536)

    def lines(self) -> list[str]:
        return self.content.decode().splitlines()


class Terminal:
    """A program on a terminal of its own, which it controls; 80 columns wide, if not said.

    ``command`` comes before the arguments: a tracer, or another program.
    """

    def __init__(
        self,
        arguments: list[str],
        folder: Path,
        environment: dict[str, str],
        *,
        columns: int = 80,
        term: str = "xterm",
        command: Sequence[str] = EMOTIOND,
    ) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            termios.tcsetwinsize(0, (24, columns))
            os.execvpe(command[0], [*command, *arguments], {**environment, "TERM": term})  # noqa: S606
        self.output = Output(self.descriptor)

    def type_until(self, key: bytes, words: str) -> None:
        """Type a key again and again until the terminal shows some words."""
        give_up = time.monotonic() + 30.0
        while True:
            self.press(key)
            try:
                self.output.wait_for(words, 2.0)
            except AssertionError:
                assert time.monotonic() < give_up
            else:
                return

    def keep(self, prompt: str) -> None:
        """Wait until something was heard at a prompt of the guided teaching, and keep it."""
        self.output.wait_for(prompt)
        self.output.content = b""
        self.output.wait_for(" s heard")
        self.press(b"\n")
        self.output.wait_for("kept as")

    def press(self, keys: bytes) -> None:
        """Type keys."""
        os.write(self.descriptor, keys)

    def text(self) -> str:
        """Return the output so far, in one line and without control sequences."""
        return " ".join(CONTROL.sub(b"", self.output.content).decode(errors="replace").split())

    def wait(self) -> int:
        """Wait for the end of the program, and return its exit code."""
        with contextlib.suppress(OSError):  # the terminal is gone when the program is
            while data := os.read(self.descriptor, 65536):
                self.output.content += data
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def end(self) -> int:
        """Type the key that quits, and return the exit code."""
        self.press(b"q")
        return self.wait()

    def kill(self) -> None:
        """Kill the program, if it still runs."""
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.descriptor)
