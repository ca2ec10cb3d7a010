"""Sound stays in memory: none of it reaches a file, a terminal or a socket."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from emotiond.sinks.client import connect
from tests.daemon.sounds import RATE, after_conditioning
from tests.end_to_end.programs import EMOTIOND, Programs, Terminal, wait_for
from tests.end_to_end.tracing import FORMATS, Strace, Wiretap, kill, traced

MICROPHONE = (sys.executable, str(Path(__file__).with_name("breakable.py")), os.devnull)
"""Begins the command of a program whose microphone plays the sample."""


def as_captured(sample: np.ndarray) -> np.ndarray:
    """Return the sample as that microphone gives it."""
    return np.round(sample * 32767).astype("<i2")


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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("source", ["pipe", "microphone"])
def test_no_sound_leaves_the_daemon(
    strace: Strace, tmp_path: Path, environment: dict[str, str], sample: np.ndarray, source: str
) -> None:
    captured = as_captured(sample)
    ours, theirs = os.openpty()
    shown, watched = bytearray(), bytearray()
    home = tmp_path / "home"
    home.mkdir()
    if source == "pipe":
        command = [*EMOTIOND, "run", "--input", "-", "--fast"]
    else:
        command = [*MICROPHONE, "run"]
    program = subprocess.Popen(
        [*strace.command, *command, "--live-socket=live.sock", "--log-dir=logs"],
        cwd=home,
        env={**environment, "HOME": str(home), "TMPDIR": str(home), "TERM": "xterm"},
        stdin=subprocess.PIPE,
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    try:
        os.close(theirs)
        threading.Thread(target=pour, args=(ours, shown), daemon=True).start()
        wait_for((home / "live.sock").is_socket, "the daemon publishes")
        with connect(home / "live.sock") as viewer:
            watching = threading.Thread(target=pour, args=(viewer.fileno(), watched))
            watching.start()
            if source == "microphone":
                wait_for(lambda: b'"utterance"' in watched, "an utterance ends", 60.0)
                os.kill(traced(program.pid), signal.SIGTERM)
            feed = captured.tobytes() if source == "pipe" else None
            _, errors = program.communicate(feed, timeout=200)
            watching.join(timeout=30.0)
    finally:
        kill(program)
    assert (program.returncode, errors) == (0, b"")

    # Log, socket and screen were all in use.
    (log,) = (home / "logs").iterdir()
    assert b'"utterance"' in log.read_bytes()
    assert b'"utterance"' in watched
    assert b"meter" in watched
    assert b"dBFS" in shown
    written = list(strace.written())
    assert sum(map(len, written)) > log.stat().st_size + len(watched)

    wiretap = Wiretap(captured / np.float32(32768.0))
    assert [data[:80] for data in written if wiretap.finds(data)] == []
    assert not wiretap.finds(bytes(shown))
    files = [each for each in home.rglob("*") if each.is_file()]
    assert {each.name for each in files} == {log.name, "live.sock.lock", "control.sock.lock"}
    assert not any(wiretap.finds(each.read_bytes()) for each in files)
    allowed = {os.devnull, "/dev/tty", "live.sock.lock", "control.sock.lock", f"logs/{log.name}"}
    assert set(strace.opened()) <= allowed


def test_no_sound_of_a_taught_recording_is_written(
    strace: Strace,
    wiretap: Wiretap,
    tmp_path: Path,
    environment: dict[str, str],
    sample_path: Path,
    embedding_path: Path,
) -> None:
    (tmp_path / "mine" / "angry").mkdir(parents=True)
    (tmp_path / "mine" / "angry" / "one.flac").write_bytes(sample_path.read_bytes())
    flags = ("--from", "mine", "--model", str(embedding_path), "--jobs", "1")
    subprocess.run(
        [*strace.command, *EMOTIOND, "teach", *flags],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        timeout=200,
    )
    profile = tmp_path / "state" / "emotiond" / "voices.json"
    written = list(strace.written())
    assert profile.read_bytes() in written
    assert not any(map(wiretap.finds, written))
    assert set(strace.opened()) <= {os.devnull, "/dev/tty", f"{profile}.new"}
    assert strace.families() == set()


@pytest.mark.timeout(180)
def test_no_sound_of_a_guided_teaching_is_written(
    strace: Strace, tmp_path: Path, environment: dict[str, str], sample: np.ndarray
) -> None:
    flags = ["teach", "--labels", "angry,sad", "--rounds", "1"]
    terminal = Terminal(flags, tmp_path, environment, command=[*strace.command, *MICROPHONE])
    try:
        terminal.keep("angry (1 of 2, round 1 of 1)")
        terminal.keep("sad (2 of 2, round 1 of 1)")
        assert terminal.wait() == 0
    finally:
        terminal.kill()
    profile = tmp_path / "state" / "emotiond" / "voices.json"
    written = list(strace.written())
    assert profile.read_bytes() in written
    wiretap = Wiretap(as_captured(sample) / np.float32(32768.0))
    assert [data[:80] for data in written if wiretap.finds(data)] == []
    assert set(strace.opened()) <= {os.devnull, "/dev/tty", f"{profile}.new"}
    assert strace.families() <= {"AF_UNIX"}


def test_a_correction_writes_no_sound_and_needs_no_network(
    strace: Strace,
    wiretap: Wiretap,
    programs: Programs,
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    programs.daemon()
    wait_for(lambda: b'"utterance"' in logged(programs.logs), "an utterance ends")
    command = [*strace.command, *EMOTIOND, "correct", "angry"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)
    wait_for(lambda: b'"correction"' in logged(programs.logs), "the correction is logged")
    assert not any(map(wiretap.finds, strace.written()))
    assert set(strace.opened()) <= {os.devnull, "/dev/tty"}
    assert strace.families() == {"AF_UNIX"}


def logged(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.glob("*.jsonl"))


def test_a_crash_leaves_no_core_dump(tmp_path: Path, environment: dict[str, str]) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_CORE)[1]
    program = subprocess.Popen(
        [*EMOTIOND, "run", "--input", "-", "--headless"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (unlimited, unlimited)),
    )
    try:
        wait_for(lambda: list((tmp_path / "state").rglob("*.jsonl")), "the daemon logs")
        assert resource.prlimit(program.pid, resource.RLIMIT_CORE) == (0, 0)
    finally:
        program.kill()
        program.communicate()
