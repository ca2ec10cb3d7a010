"""Microphones that tests have: a PulseAudio of their own, and daemons that listen to it."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path

from emotiond.record import Record, Status
from tests.daemon.logs import so_far
from tests.end_to_end.programs import wait_for

PROGRAMS = ("pulseaudio", "pactl", "paplay")


def missing() -> list[str]:
    """Return the programs and libraries that the tests need and that are not installed."""
    there = {name: shutil.which(name) for name in PROGRAMS}
    there["libportaudio2"] = find_library("portaudio")
    return [name for name, found in there.items() if not found]


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
