"""Settings files: checked, printed, and changed while the daemon runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from emotiond.record import Record, Status
from tests.conftest import Run, pcm
from tests.daemon.logs import so_far


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Leave the choice of the model to the settings files of these tests."""
    return {name: value for name, value in environment.items() if name != "EMOTIOND_MODEL"}


def test_the_default_file_is_valid_and_changes_nothing(emotiond: Run, tmp_path: Path) -> None:
    ended = emotiond("config", "default")
    assert (ended.returncode, ended.stderr) == (0, b"")
    (tmp_path / "emotiond.toml").write_bytes(ended.stdout)
    ended = emotiond("config", "check", "emotiond.toml")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout == b"emotiond.toml: the settings are valid; changed: none\n"


def test_a_check_names_changed_keys_and_errors(
    emotiond: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    path = tmp_path / "emotiond.toml"
    path.write_text("device = 'USB'\n[gate]\nmargin_db = 9\n")
    environment = {**environment, "EMOTIOND_CONFIG": str(path), "EMOTIOND_LOG_KEEP_DAYS": "3"}
    ended = emotiond("config", "check", env=environment)
    said = f"{path}: the settings are valid; changed: device, gate.margin_db, log.keep_days\n"
    assert (ended.returncode, ended.stdout.decode()) == (0, said)
    for wrong, words in (
        ("[gate]\nmargin = 9\n", "margin"),
        ("model = 'nowhere.tflite'", "nowhere.tflite: no such file"),
    ):
        path.write_text(wrong)
        ended = emotiond("config", "check", path)
        assert (ended.returncode, ended.stdout) == (2, b"")
        assert words in ended.stderr.decode()
        assert ended.stderr.count(b"\n") == 1


def _dangling(folder: Path) -> None:
    folder.mkdir()
    for day in (-1, 0, 1):  # midnight may come meanwhile
        at = time.gmtime(time.time() + day * 86_400)
        (folder / time.strftime("predictions-%Y-%m-%d.jsonl", at)).mkdir()


@pytest.mark.parametrize(
    ("text", "make", "words"),
    [
        ("[log]\ndir = 'file/logs'", None, "log folder file/logs can't be written to (not a dir"),
        ("[log]\ndir = 'logs'", _dangling, "log folder logs can't be written to (is a directory)"),
        ("[live]\nsocket = 'file/x'", None, "live socket file/x can't be made (not a directory)"),
        ("[live]\nsocket = 'file'", None, "can't be made (a file is there that is not a socket)"),
        ("[live]\nsocket = '" + "x" * 108 + "'", None, "(its path is longer than 107 bytes)"),
        (
            "[live]\nsocket = '" + "x" * 100 + "'",
            None,
            ".control can't be made (its path is",
        ),
        ("model = 'file'", None, "model file: not a TFLite file"),
        ("model = 'text.tflite'", None, "model text.tflite: no such file or directory"),
    ],
)
def test_a_check_finds_what_would_stop_the_daemon_and_leaves_nothing_behind(
    emotiond: Run, tmp_path: Path, text: str, make: Callable[[Path], None] | None, words: str
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "emotiond.toml").write_text(text)
    if make is not None:
        make(tmp_path / "logs")
    before = sorted(tmp_path.rglob("*"))
    ended = emotiond("config", "check", "emotiond.toml")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert words in ended.stderr.decode()
    assert ended.stderr.count(b"\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_text() == "mine"


def test_a_check_accepts_what_is_there_already(emotiond: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        name = "x" * 99  # the longest that there is, with NAME.control beside it
        before = Path.cwd()
        os.chdir(tmp_path)
        try:
            listening.bind(name)
        finally:
            os.chdir(before)
        (tmp_path / f"{name}.lock").touch()
        (tmp_path / "emotiond.toml").write_text(f"[log]\ndir = 'logs'\n[live]\nsocket = '{name}'\n")
        ended = emotiond("config", "check", "emotiond.toml")
    assert (ended.returncode, ended.stderr) == (0, b"")
    (tmp_path / f"{name}.lock").unlink()
    (tmp_path / f"{name}.lock").mkdir()
    ended = emotiond("config", "check", "emotiond.toml")
    assert ended.returncode == 2
    assert b"can't be made (is a directory); choose another: live.socket" in ended.stderr


def test_a_check_needs_a_runtime_that_can_run_the_model(
    emotiond: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    for name in ("ai_edge_litert", "tflite_runtime"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('libm.so.6 not found')")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    ended = emotiond("config", "check", env={**environment, "PYTHONPATH": path})
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"emotiond: ai_edge_litert is installed but can't be imported")
    assert ended.stderr.count(b"\n") == 1


class Daemon:
    """A daemon with a settings file, and a pipe in place of a microphone."""

    def __init__(self, folder: Path, environment: dict[str, str], sample: np.ndarray) -> None:
        self._logs = folder / "logs"
        self._pcm = pcm(sample[20_000:50_000])
        self.config = folder / "emotiond.toml"
        self.config.write_text("")
        command = ("run", "--input", "-", "--headless", "--log-dir", "logs")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emotiond", *command, "--config", "emotiond.toml"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.wait_for(lambda: self.records(), "it starts")

    def speak(self) -> None:
        self.process.stdin.write(self._pcm)
        self.process.stdin.flush()

    def records(self) -> list[Record]:
        return so_far(self._logs)

    def statuses(self, event: str) -> list[str]:
        found = [each for each in self.records() if isinstance(each, Status)]
        return [each.message for each in found if each.event == event]

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        give_up = time.monotonic() + 30.0
        while not condition():
            assert time.monotonic() < give_up, f"{what}: {self.process.poll()}"
            time.sleep(0.02)


@pytest.fixture
def daemon(tmp_path: Path, environment: dict[str, str], sample: np.ndarray) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, environment, sample)
    yield daemon
    with daemon.process:
        daemon.process.kill()


def test_sighup_reloads_settings_and_keeps_the_old_ones_if_the_file_is_broken(
    daemon: Daemon,
) -> None:
    for text, event, message in (
        ("hop_seconds = 1.0", "reloaded", "changed: hop_seconds"),
        ("hop_seconds = ", "reload_failed", "emotiond.toml: not TOML"),
        ("device = 'x'", "reloaded", "changed: hop_seconds; waiting for a restart: device"),
    ):
        before = len(daemon.statuses(event))
        daemon.config.write_text(text)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.speak()
        daemon.wait_for(lambda: len(daemon.statuses(event)) > before, event)  # noqa: B023
        assert daemon.statuses(event)[-1].startswith(message)
    daemon.process.stdin.close()
    daemon.wait_for(lambda: daemon.statuses("source_ended"), "it ends")
    assert daemon.process.wait(timeout=10) == 0
    assert daemon.process.stderr.read() == b""


class Terminal:
    """A run whose stdout or stderr is a terminal."""

    def __init__(self, folder: Path, environment: dict[str, str], stream: str, *flags: str) -> None:
        self._logs = folder / "logs"
        self.ours, theirs = os.openpty()
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: theirs}
        command = ("run", "--input", "-", "--log-dir", "logs", *flags)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emotiond", *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            **streams,
        )
        os.close(theirs)
        self.wait_for(self.events)

    def read_until(self, what: bytes) -> None:
        shown = b""
        while what not in shown:
            shown += os.read(self.ours, 65536)

    def records(self) -> list[Record]:
        return so_far(self._logs)

    def events(self) -> list[str]:
        return [each.event for each in self.records() if isinstance(each, Status)]

    def wait_for(self, condition: Callable[[], object]) -> None:
        give_up = time.monotonic() + 30.0
        while not condition():
            assert time.monotonic() < give_up, self.process.poll()
            time.sleep(0.02)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        if not self.process.stdin.closed:
            self.process.communicate()


@pytest.mark.parametrize(
    ("stream", "flags"), [("stdout", ()), ("stderr", ()), ("stderr", ("--headless",))]
)
def test_closing_the_terminal_ends_the_run(
    tmp_path: Path, environment: dict[str, str], stream: str, flags: tuple[str, ...]
) -> None:
    with Terminal(tmp_path, environment, stream, *flags) as terminal:
        if stream == "stdout":
            terminal.read_until(b"listening to standard input")
        os.close(terminal.ours)
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.process.wait(timeout=10) == 0
        # The screen has lost its terminal, too; that may be noticed at the end only.
        assert "stopping" in terminal.events()[-2:]
        assert set(terminal.events()) <= {"started", "stopping", "sink_failed"}


def test_a_run_under_nohup_outlives_its_terminal(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        terminal = Terminal(tmp_path, environment, "stderr", "--headless")
    finally:
        signal.signal(signal.SIGHUP, before)
    with terminal:
        terminal.process.send_signal(signal.SIGHUP)
        terminal.process.communicate(timeout=10)
        assert terminal.process.returncode == 0
        assert terminal.events() == ["started", "source_ended"]


@pytest.mark.parametrize("dumb", [False, True])
def test_a_terminal_that_is_stopped_by_ctrl_s_does_not_keep_the_daemon_from_ending(
    tmp_path: Path, environment: dict[str, str], sample: np.ndarray, dumb: bool
) -> None:
    environment = {**environment, "TERM": "dumb" if dumb else "xterm"}
    with Terminal(tmp_path, environment, "stdout") as terminal:
        terminal.read_until(b"listening to standard input")
        os.write(terminal.ours, b"\x13")  # Ctrl-S
        terminal.process.stdin.write(pcm(sample[20_000:50_000]))
        terminal.process.stdin.flush()
        terminal.wait_for(lambda: len(terminal.records()) > 1)
        terminal.process.terminate()
        assert terminal.process.wait(timeout=10) == 0
        assert "stopping" in terminal.events()
