"""Programs under strace: the sound that they wrote, their files, sockets and programs."""

import contextlib
import itertools
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.daemon.sounds import after_conditioning

WINDOW = 16
"""Bytes of sound that other data does not contain by chance."""
CALLS = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice"
OPENS = "open,openat,openat2,creat,memfd_create"
SOCKETS = "socket,socketpair"
CONNECTS = "connect,bind"
STARTS = "execve,execveat"
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
"""Text or data, as strace shows it."""
FORMATS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "int16": lambda sound: np.round(sound * 32768).astype("<i2"),
    "int16, big-endian": lambda sound: np.round(sound * 32768).astype(">i2"),
    "int32": lambda sound: np.round(np.clip(sound, -1.0, 1.0 - 2.0**-24) * 2**31).astype("<i4"),
    "float32": lambda sound: sound.astype("<f4"),
    "float32 of int16": lambda sound: np.round(sound * 32768).astype("<f4"),
    "float64": lambda sound: sound.astype("<f8"),
}


class Wiretap:
    """Finds a known sound in bytes, conditioned or not, in any sample format and at any place."""

    def __init__(self, captured: np.ndarray) -> None:
        self._known: set[bytes] = set()
        sounds = (captured, after_conditioning(captured))
        for form, sound in itertools.product(FORMATS.values(), sounds):
            samples = form(sound)
            data, size = samples.tobytes(), samples.itemsize
            loud = np.abs(sound) > 0.01  # silence is zeros, which all data has
            windows = np.lib.stride_tricks.sliding_window_view(loud, WINDOW // size).all(axis=1)
            starts = np.flatnonzero(windows) * size
            self._known |= {data[start : start + WINDOW] for start in starts.tolist()}

    def finds(self, data: bytes) -> bool:
        """Say whether data contains sound."""
        ends = range(WINDOW, len(data) + 1)
        return any(data[end - WINDOW : end] in self._known for end in ends)


class Strace:
    """Traces programs: the data that they wrote, and what they opened, connected to and started."""

    def __init__(self, folder: Path) -> None:
        self._trace = folder / "trace"
        self.command = ["strace", "-f", "-qq", "-xx", "-s", "100000000", "-o", str(self._trace)]
        traced = ",".join((CALLS, OPENS, SOCKETS, CONNECTS, STARTS))
        self.command += ["-e", f"trace={traced}", "-e", "signal=none"]

    def written(self) -> Iterator[bytes]:
        """Yield the data of each call that writes or sends."""
        for line in self._lines(CALLS):
            for text in TEXT.findall(line):
                assert f'"{text}"...' not in line  # strace cut the data short
                if text:
                    yield _bytes_of(text)

    def opened(self) -> Iterator[str]:
        """Yield the names of files that were opened for writing, including files in memory."""
        for line in self._lines(OPENS):
            if re.search(r"O_WRONLY|O_RDWR|creat\(|memfd_create\(", line) and " = -1" not in line:
                yield _name_in(line)

    def named(self, calls: str) -> set[str]:
        """Return the names that were opened, connected to or started, also in vain.

        Parameters
        ----------
        calls : str
            ``OPENS``, ``CONNECTS`` or ``STARTS``.
        """
        return {_name_in(line) for line in self._lines(calls) if TEXT.search(line)}

    def families(self) -> set[str]:
        """Return the address families of all sockets that were made."""
        return set(re.findall(r"\((AF_\w+)", "\n".join(self._lines(SOCKETS))))

    def _lines(self, calls: str) -> Iterator[str]:
        # strace splits a call that another thread interrupts; the first half has the data.
        pattern = re.compile(rf"^\d+ +(?:{calls.replace(',', '|')})\(")
        for line in self._trace.read_text().splitlines():
            if pattern.match(line):
                yield line


def _bytes_of(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _name_in(line: str) -> str:
    """Return the first text of a call."""
    found = TEXT.search(line)
    assert found, line
    return _bytes_of(found[1]).decode(errors="replace")


def traced(tracer: int) -> int:
    """Return the process id of the program that a tracer runs."""
    return int(Path(f"/proc/{tracer}/task/{tracer}/children").read_text())


def kill(tracer: "subprocess.Popen[bytes]") -> None:
    """Kill a tracer and its program, which goes on alone otherwise; both may have ended."""
    with contextlib.suppress(OSError, ValueError):
        os.kill(traced(tracer.pid), signal.SIGKILL)
    tracer.kill()
    tracer.communicate()
