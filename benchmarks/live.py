"""Measures the peak memory of ``emotiond run`` while it listens in real time.

    python benchmarks/live.py [--seconds 60]

With the log and the live socket, from a pipe and from a microphone of PulseAudio: a server of its
own, into which the sample recording is played. Without PulseAudio the microphone is left out.
"""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np

from emotiond.audio.files import read_sound
from emotiond.model.choice import AUTO, model_file
from emotiond.paths import SAMPLE_RECORDING

RATE = 16_000
WINDOW = struct.pack("HHHH", 40, 120, 0, 0)
"""Size of the terminal: 40 lines, 120 columns."""


def peak_of(process: subprocess.Popen[bytes]) -> float:
    """Return the peak memory of a running process (MB), shared libraries included."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


@contextlib.contextmanager
def daemon(
    folder: Path, model: Path, console: bool, *flags: str, **options: object
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the daemon with its console on a terminal of its own, or headless."""
    command = [sys.executable, "-m", "emotiond", "run", "--model", str(model), *flags]
    command += ["--log-dir", str(folder / "log"), "--live-socket", str(folder / "live.sock")]
    if not console:
        command.append("--headless")
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, WINDOW)
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, **options)
    os.close(theirs)
    Thread(target=_drain, args=(ours,), daemon=True).start()
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _drain(terminal: int) -> None:
    with contextlib.suppress(OSError):  # the program has ended
        while os.read(terminal, 65536):
            pass


def from_pipe(folder: Path, model: Path, seconds: float, console: bool) -> float:
    """Return the peak memory (MB) of a daemon that reads PCM from a pipe."""
    sample = (read_sound(SAMPLE_RECORDING, RATE) * 32767).astype("<i2")
    quarter = RATE // 4
    with daemon(folder, model, console, "--input", "-", stdin=subprocess.PIPE) as process:
        began = time.monotonic()
        for number in range(round(4 * seconds)):
            sound = np.take(sample, range(number * quarter, (number + 1) * quarter), mode="wrap")
            process.stdin.write(sound.tobytes())
            process.stdin.flush()
            time.sleep(max(0.0, began + (number + 1) / 4 - time.monotonic()))
        return peak_of(process)


def from_microphone(
    folder: Path, model: Path, seconds: float, console: bool, server: dict[str, str]
) -> float:
    """Return the peak memory (MB) of a daemon that reads the monitor of the sink ``mic``."""
    with daemon(folder, model, console, stdin=subprocess.DEVNULL, env=server) as process:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0.0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(
                    ["paplay", "--device=mic", str(SAMPLE_RECORDING)],
                    env=server,
                    check=True,
                    timeout=left,
                )
        return peak_of(process)


@contextlib.contextmanager
def pulseaudio(folder: Path) -> Iterator[dict[str, str]]:
    """Run a PulseAudio whose microphone plays what its sink ``mic`` gets; yield its environment."""
    run = folder / "run"
    run.mkdir(mode=0o700)
    server = {**os.environ, "XDG_RUNTIME_DIR": str(run), "PULSE_RUNTIME_PATH": str(run)}
    server |= {"PULSE_SERVER": f"unix:{run / 'native'}", "XDG_CONFIG_HOME": str(folder)}
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--log-level=error"]
    command += ["-L", "module-native-protocol-unix", "-L", "module-null-sink sink_name=mic"]
    process = subprocess.Popen(command, env=server, stderr=subprocess.DEVNULL)
    try:
        source = ["pactl", "set-default-source", "mic.monitor"]
        until = time.monotonic() + 30.0
        while subprocess.run(source, env=server, capture_output=True, check=False).returncode:
            if time.monotonic() > until:
                raise SystemExit("PulseAudio does not start")
            time.sleep(0.1)
        yield server
    finally:
        process.kill()
        process.wait()


def measured(model: Path, seconds: float) -> dict[str, float]:
    """Return source and display -> peak memory (MB)."""
    found = {}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        server = None
        if all(map(shutil.which, ("pulseaudio", "pactl", "paplay"))):
            server = stack.enter_context(pulseaudio(folder))
        for words, console in (("console", True), ("headless", False)):
            found[f"a pipe, {words}"] = from_pipe(folder, model, seconds, console)
            if server is not None:
                found[f"a microphone of PulseAudio, {words}"] = from_microphone(
                    folder, model, seconds, console, server
                )
    return found


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=model_file, default=AUTO, help="model")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each (default: 60)")
    args = parser.parse_args()
    print(json.dumps(measured(args.model, args.seconds), indent=1))


if __name__ == "__main__":
    main()
