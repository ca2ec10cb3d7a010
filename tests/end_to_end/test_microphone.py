"""The daemon with a microphone of PulseAudio, into which the sample recording is played."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotiond.record import Prediction, Record, Status, Utterance
from tests.conftest import UTTERANCES_IN_SAMPLE, Run
from tests.daemon.logs import so_far

PROGRAMS = ("pulseaudio", "pactl", "paplay")

pytestmark = pytest.mark.microphone


def missing() -> list[str]:
    """Return the programs and libraries that the tests need and that are not installed."""
    there = {name: shutil.which(name) for name in PROGRAMS}
    there["libportaudio2"] = find_library("portaudio")
    return [name for name, found in there.items() if not found]


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait until a condition holds."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)


class Server:
    """A PulseAudio of the test's own; its default microphone is the monitor of the sink ``mic``."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        foreign = ("PULSE_", "DBUS_", "PIPEWIRE_", "ALSA_")
        kept = {k: v for k, v in environment.items() if not k.startswith(foreign)}
        self.environment = {
            **kept,
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PULSE_RUNTIME_PATH": str(runtime / "pulse"),
            "PULSE_SERVER": f"unix:{runtime / 'pulse' / 'native'}",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--log-level=error"]
        for module in ("module-native-protocol-unix", "module-null-sink sink_name=mic"):
            command += ["-L", module]
        with (self._folder / "pulseaudio.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        wait_for(lambda: self.pactl("info"), "PulseAudio is ready")
        assert self.pactl("set-default-source", "mic.monitor")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def play(self, path: Path, to: str = "mic") -> None:
        """Play a file to its end."""
        subprocess.run(
            ["paplay", f"--device={to}", str(path)], env=self.environment, check=True, timeout=60
        )

    def plug(self, name: str) -> None:
        assert self.pactl("load-module", "module-null-sink", f"sink_name={name}")

    def unplug_all(self) -> None:
        assert self.pactl("unload-module", "module-null-sink")

    def pactl(self, *arguments: str) -> bool:
        ended = subprocess.run(
            ["pactl", *arguments],
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=10,
        )
        return ended.returncode == 0


@pytest.fixture
def server(tmp_path: Path, environment: dict[str, str]) -> Iterator[Server]:
    if lacking := missing():
        reason = f"not installed: {', '.join(lacking)}"
        if os.environ.get("EMOTIOND_REQUIRE_MICROPHONE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    server = Server(tmp_path, environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def sentence(tmp_path: Path, sample: np.ndarray) -> Path:
    """Return the first five seconds of the sample, as a file."""
    path = tmp_path / "sentence.wav"
    soundfile.write(path, sample[: 5 * 16_000], 16_000)
    return path


class Daemon:
    """A running daemon with a microphone, whose stdout is a pipe."""

    def __init__(self, folder: Path, environment: dict[str, str], *flags: str) -> None:
        self._folder = folder
        self._log = folder / "logs"
        self._out, self._err = folder / "stdout", folder / "stderr"
        with self._err.open("wb") as err:
            # A pipe to cat, which writes the file that the test reads.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "emotiond", "run", "--log-dir", str(self._log), *flags],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
            )
        with self._out.open("wb") as out:
            self._cat = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=out)

    def logged(self) -> list[Record]:
        """Return the records of all whole lines in the log so far."""
        return so_far(self._log)

    def events(self) -> list[str]:
        return [each.event for each in self.logged() if isinstance(each, Status)]

    def wait_for(self, condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        def so() -> object:
            assert self.process.poll() is None, f"ended early: {self._err.read_text()}"
            return condition()

        wait_for(so, f"{what} (events: {self.events()}; said: {self._err.read_text()})", seconds)

    def stop(self) -> tuple[int, str, str, float]:
        """Stop the daemon with SIGTERM; return exit code, stdout, stderr, and seconds it took."""
        sent = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=15)
        took = time.monotonic() - sent
        self._cat.wait(timeout=10)
        return code, self._out.read_text(), self._err.read_text(), took

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)
        self._cat.wait(timeout=10)


@pytest.fixture
def daemon(server: Server, tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, server.environment)
    try:
        yield daemon
    finally:
        daemon.kill()


def predictions(records: list[Record]) -> list[Prediction]:
    """Return the predictions of speech."""
    return [each for each in records if isinstance(each, Prediction) and each.raw_label]


@pytest.mark.timeout(120)
def test_speech_at_the_microphone_is_printed_and_logged(
    server: Server, daemon: Daemon, sample_path: Path
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.play(sample_path)
    daemon.wait_for(
        lambda: (
            sum(isinstance(each, Utterance) for each in daemon.logged()) >= UTTERANCES_IN_SAMPLE
        ),
        "every utterance is logged",
    )
    code, out, err, took = daemon.stop()
    assert (code, err) == (0, "")
    assert took < 1.0
    records = daemon.logged()
    assert daemon.events() == ["started", "stopping"]
    assert len(predictions(records)) >= 8
    assert not any(each.dropped for each in predictions(records))
    # Every prediction is in the log; a line is printed when the label or the state changes.
    lines = [line.split(" ", 1)[1] for line in out.splitlines()]
    assert lines[0].startswith("started: listening to ")
    assert lines[-1].startswith("stopping: ")
    assert sum(line == "no speech" for line in lines) >= 4
    shown = {each.label or "uncertain" for each in predictions(records)}
    for word in shown:
        assert any(line.startswith(word) for line in lines), word


@pytest.mark.timeout(180)
def test_a_microphone_that_goes_and_comes_back_is_reported_once_each_and_used_again(
    server: Server, daemon: Daemon, sentence: Path
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.play(sentence)
    daemon.wait_for(lambda: predictions(daemon.logged()), "speech is predicted")
    server.stop()
    daemon.wait_for(lambda: "microphone_lost" in daemon.events(), "the loss is logged")
    server.start()
    daemon.wait_for(lambda: "microphone_back" in daemon.events(), "it is back", 60.0)
    before = len(predictions(daemon.logged()))
    server.play(sentence)
    daemon.wait_for(lambda: len(predictions(daemon.logged())) > before, "speech is predicted again")
    code, out, err, took = daemon.stop()
    assert (code, err) == (0, "")  # PortAudio prints nothing either
    assert took < 1.0
    assert daemon.events() == ["started", "microphone_lost", "microphone_back", "stopping"]
    assert out.count("microphone lost: ") == out.count("microphone back: ") == 1


@pytest.mark.timeout(120)
def test_the_daemon_ends_at_once_while_the_microphone_is_away(
    server: Server, daemon: Daemon
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.stop()
    daemon.wait_for(lambda: "microphone_lost" in daemon.events(), "the loss is logged")
    code, _, err, took = daemon.stop()
    assert (code, err) == (0, "")
    assert took < 1.0
    assert daemon.events() == ["started", "microphone_lost", "stopping"]


@pytest.mark.timeout(180)
def test_a_default_microphone_that_comes_back_under_another_name_is_used(
    server: Server, daemon: Daemon, sentence: Path
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.unplug_all()
    daemon.wait_for(lambda: "microphone_lost" in daemon.events(), "the loss is logged")
    server.plug("desk")
    assert server.pactl("set-default-source", "desk.monitor")
    daemon.wait_for(lambda: "microphone_back" in daemon.events(), "it is back", 60.0)
    server.play(sentence, "desk")
    daemon.wait_for(lambda: predictions(daemon.logged()), "speech is predicted")
    code, _, err, _ = daemon.stop()
    assert (code, err) == (0, "")
    assert daemon.events() == ["started", "microphone_lost", "microphone_back", "stopping"]


@pytest.mark.timeout(120)
def test_without_a_name_the_daemon_follows_the_default_microphone(
    server: Server, daemon: Daemon, sentence: Path
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.plug("desk")
    assert server.pactl("set-default-source", "desk.monitor")
    server.play(sentence, "desk")
    daemon.wait_for(lambda: predictions(daemon.logged()), "speech is predicted")
    code, _, err, _ = daemon.stop()
    assert (code, err) == (0, "")


@pytest.mark.timeout(120)
def test_the_doctor_says_that_the_default_microphone_is_a_monitor(
    server: Server, emotiond: Run
) -> None:
    found = emotiond("doctor", "--json", env=server.environment).stdout.splitlines()
    said = {row["check"]: row for row in map(json.loads, found)}["microphone"]
    assert "no microphone but a monitor" in said["message"]
    assert "pactl set-default-source NAME" in said["remedy"]


def name_devices(folder: Path, **names: str) -> None:
    """Define ALSA devices for the user: name -> source of PulseAudio."""
    lines = [f'pcm.{name} {{ type pulse device "{source}" }}\n' for name, source in names.items()]
    (folder / ".asoundrc").write_text("".join(lines))


@pytest.mark.timeout(180)
def test_a_named_microphone_is_waited_for_and_no_other_is_used(
    server: Server, tmp_path: Path, sentence: Path
) -> None:
    name_devices(tmp_path, desk_mic="mic.monitor", webcam="mic.monitor")
    daemon = Daemon(tmp_path, server.environment, "--device", "desk")
    try:
        daemon.wait_for(daemon.events, "the daemon listens")
        server.play(sentence)
        daemon.wait_for(lambda: predictions(daemon.logged()), "speech is predicted")
        name_devices(tmp_path, webcam="mic.monitor")
        server.stop()
        daemon.wait_for(lambda: "microphone_lost" in daemon.events(), "the loss is logged")
        server.start()
        before = len(predictions(daemon.logged()))
        server.play(sentence)  # lasts longer than three attempts
        assert len(predictions(daemon.logged())) == before
        name_devices(tmp_path, webcam="mic.monitor", mic_on_the_desk="mic.monitor")
        daemon.wait_for(lambda: "microphone_back" in daemon.events(), "it is back", 60.0)
        server.play(sentence)
        daemon.wait_for(
            lambda: len(predictions(daemon.logged())) > before, "speech is predicted again"
        )
        code, out, err, _ = daemon.stop()
        assert (code, err) == (0, "")
        assert "started: listening to desk_mic" in out
        assert "microphone back: listening to mic_on_the_desk" in out
    finally:
        daemon.kill()
