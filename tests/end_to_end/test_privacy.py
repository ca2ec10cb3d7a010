"""Sound stays in memory: none of it reaches a file, a terminal or a socket."""

import contextlib
import itertools
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from emotiond.sinks.client import connect
from tests.daemon.sounds import after_conditioning

RATE = 16_000
WINDOW = 16
"""Bytes of sound that other data does not contain by chance."""
CALLS = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice"
OPENS = "open,openat,openat2,creat,memfd_create"
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
    """Traces programs: what they wrote, and which files they opened for writing."""

    def __init__(self, folder: Path) -> None:
        self._trace = folder / "trace"
        self.command = ["strace", "-f", "-qq", "-xx", "-s", "100000000", "-o", str(self._trace)]
        self.command += ["-e", f"trace={CALLS},{OPENS}", "-e", "signal=none"]

    def written(self) -> Iterator[bytes]:
        """Yield the data of each call that writes or sends."""
        for line in self._lines(CALLS):
            for text in re.findall(r'"((?:\\x[0-9a-f]{2})+)"', line):
                assert f'"{text}"...' not in line  # strace cut the data short
                yield bytes.fromhex(text.replace("\\x", ""))

    def opened(self) -> Iterator[str]:
        """Yield the names of files that were opened for writing, including files in memory."""
        for line in self._lines(OPENS):
            if re.search(r"O_WRONLY|O_RDWR|creat\(|memfd_create\(", line) and " = -1" not in line:
                name = re.search(r'"((?:\\x[0-9a-f]{2})*)"', line)
                assert name, line
                yield bytes.fromhex(name[1].replace("\\x", "")).decode()

    def _lines(self, calls: str) -> Iterator[str]:
        # strace splits a call that another thread interrupts; the first half has the data.
        pattern = re.compile(rf"^\d+ +(?:{calls.replace(',', '|')})\(")
        for line in self._trace.read_text().splitlines():
            if pattern.match(line):
                yield line


@pytest.fixture
def strace(tmp_path: Path) -> Strace:
    works = shutil.which("strace") and subprocess.run(
        ["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, check=False
    )
    if not works or works.returncode:
        reason = "strace is not installed, or may not trace"
        if os.environ.get("EMOTIOND_REQUIRE_STRACE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return Strace(tmp_path)


@pytest.fixture(scope="module")
def wiretap(sample: np.ndarray) -> Wiretap:
    return Wiretap(sample)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("before", [b"", b"x", b"header of 13"])
def test_the_wiretap_finds_sound_in_any_format_at_any_place(
    wiretap: Wiretap, sample: np.ndarray, form: str, before: bytes
) -> None:
    loudest = int(np.argmax(np.abs(sample)))
    for start in (loudest - 8, loudest - 5, loudest):
        for sound in (sample, after_conditioning(sample)):
            piece = FORMATS[form](sound[start : start + 200])
            assert wiretap.finds(before + piece.tobytes() + b"\n")
    assert not wiretap.finds(before + b'{"type":"prediction","level":-21.3,"speech":0.97}' * 100)
    assert not wiretap.finds(bytes(100_000))


LEAKS = {
    "a file": "open('leak', 'wb').write(piece)",
    "a file, in pieces": "import os; os.writev(os.open('leak', os.O_CREAT | os.O_WRONLY), "
    "[b'x', piece])",
    "a socket": "import socket; a, b = socket.socketpair(); a.send(piece)",
    "a thread's file": "import threading; t = threading.Thread("
    "target=lambda: open('leak', 'wb').write(piece)); t.start(); t.join()",
    "stdout": "import sys; sys.stdout.buffer.write(piece)",
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_program_that_leaks_sound_is_caught(
    strace: Strace, wiretap: Wiretap, tmp_path: Path, sample_path: Path, leak: str
) -> None:
    code = (
        "from pathlib import Path; from emotiond.audio.files import read_sound; "
        f"piece = read_sound(Path({str(sample_path)!r}), {RATE})[30_000:60_000].tobytes(); {leak}"
    )
    subprocess.run(
        [*strace.command, sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    assert any(map(wiretap.finds, strace.written()))
    assert ("leak" in strace.opened()) == ("leak" in leak)


def pour(descriptor: int, into: bytearray) -> None:
    """Read a descriptor to its end into a buffer."""
    with contextlib.suppress(OSError):
        while data := os.read(descriptor, 65536):
            into += data


def daemon_of(tracer: int) -> int:
    """Return the process id of the program that a tracer runs."""
    return int(Path(f"/proc/{tracer}/task/{tracer}/children").read_text())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("source", ["pipe", "microphone"])
def test_no_sound_leaves_the_daemon(
    strace: Strace, tmp_path: Path, environment: dict[str, str], sample: np.ndarray, source: str
) -> None:
    captured = np.round(sample * 32767).astype("<i2")  # as breakable.py's microphone gives it
    ours, theirs = os.openpty()
    shown, watched = bytearray(), bytearray()
    home = tmp_path / "home"
    home.mkdir()
    fake = [str(Path(__file__).with_name("breakable.py")), str(tmp_path / "no fault")]
    if source == "pipe":
        command = ["-m", "emotiond", "run", "--input", "-", "--fast"]
    else:
        command = [*fake, "run"]
    program = subprocess.Popen(
        [*strace.command, sys.executable, *command, "--live-socket=live.sock", "--log-dir=logs"],
        cwd=home,
        env={**environment, "HOME": str(home), "TMPDIR": str(home), "TERM": "xterm"},
        stdin=subprocess.PIPE,
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    try:
        os.close(theirs)
        threading.Thread(target=pour, args=(ours, shown), daemon=True).start()
        wait_for((home / "live.sock").is_socket)
        with connect(home / "live.sock") as viewer:
            watching = threading.Thread(target=pour, args=(viewer.fileno(), watched))
            watching.start()
            if source == "microphone":
                wait_for(lambda: b'"utterance"' in watched)
                os.kill(daemon_of(program.pid), signal.SIGTERM)
            feed = captured.tobytes() if source == "pipe" else None
            _, errors = program.communicate(feed, timeout=200)
            watching.join(timeout=30.0)
    finally:
        program.kill()
        program.communicate()
    assert (program.returncode, errors) == (0, b"")

    # Log, socket and screen were all in use.
    (log,) = (home / "logs").iterdir()
    assert b'"utterance"' in log.read_bytes()
    assert b'"utterance"' in watched
    assert b"meter" in watched
    assert b"dBFS" in shown
    written = list(strace.written())
    assert sum(map(len, written)) > log.stat().st_size + len(watched)

    wiretap = Wiretap(captured.astype(np.float32) / np.float32(32768.0))
    assert [data[:80] for data in written if wiretap.finds(data)] == []
    assert not wiretap.finds(bytes(shown))
    files = [each for each in home.rglob("*") if each.is_file()]
    assert {each.name for each in files} == {log.name, "live.sock.lock"}
    assert not any(wiretap.finds(each.read_bytes()) for each in files)
    allowed = {os.devnull, "/dev/tty", "live.sock.lock", f"logs/{log.name}"}
    assert set(strace.opened()) <= allowed


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until a condition holds."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_a_crash_leaves_no_core_dump(tmp_path: Path, environment: dict[str, str]) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_CORE)[1]
    program = subprocess.Popen(
        [sys.executable, "-m", "emotiond", "run", "--input", "-", "--headless"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (unlimited, unlimited)),
    )
    try:
        give_up = time.monotonic() + 30.0
        while not list((tmp_path / "state").rglob("*.jsonl")):
            assert time.monotonic() < give_up
            time.sleep(0.02)
        assert resource.prlimit(program.pid, resource.RLIMIT_CORE) == (0, 0)
    finally:
        program.kill()
        program.communicate()
