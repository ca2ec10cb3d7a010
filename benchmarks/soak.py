"""Runs a day of sound through daemon, hub, broker and Prometheus, to see whether anything is lost.

    python -m benchmarks.soak [--hours 24] [--pace 100] [--json]

The daemon reads a FIFO, at so many times the pace of real time. Somebody speaks for a minute four
times an hour, and the room is quiet between. Mosquitto and Prometheus are real ones. The exit code
is 1 if log, MQTT and metrics have other counts, or if the memory of daemon or hub grows by more
than 1 MB in the second half.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from tests.conftest import pcm
from tests.daemon.logs import so_far
from tests.end_to_end.brokers import Mosquitto, Subscriber
from tests.end_to_end.hubs import Hub
from tests.end_to_end.programs import wait_for
from tests.end_to_end.prometheus import Prometheus

from emotiond.audio.files import read_sound
from emotiond.paths import SAMPLE_RECORDING
from emotiond.record import Prediction, Utterance

RATE = 16_000
"""Sample rate of the sound (Hz)."""
ROOM_LEVEL = 2e-4
"""Standard deviation of the quiet room's noise; full scale is 1."""
TALKS_AN_HOUR = 4
MOST_MEGABYTES = 1.0
"""Growth of memory in the second half that is accepted."""
KINDS = {"predictions": Prediction, "utterances": Utterance}
"""Name of a kind of record in metrics -> its type."""
PATIENCE_SECONDS = 20.0
"""Longest time that the last records may take to arrive (s)."""


def minutes() -> Iterator[bytes]:
    """Yield the minutes of an hour as 16-bit PCM."""
    room = np.random.default_rng(0).normal(0.0, ROOM_LEVEL, 60 * RATE)
    quiet = pcm(room.astype(np.float32))
    talk = pcm(np.resize(read_sound(SAMPLE_RECORDING, RATE), 60 * RATE))
    for number in range(60):
        yield quiet if number % (60 // TALKS_AN_HOUR) else talk


class Soak:
    """A daemon with all that listens to it.

    Parameters
    ----------
    folder : Path
        Folder for the files of all programs.
    stack : ExitStack
        Ends the programs.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("EMOTIOND_", "XDG_"))
        }
        environment = {**kept, "HOME": str(folder)}
        self._fifo = folder / "sound"
        os.mkfifo(self._fifo)
        self._log = folder / "log"
        self._broker = Mosquitto(folder)
        stack.callback(self._broker.end)
        self._subscriber = Subscriber(self._broker.port)
        stack.callback(self._subscriber.end)
        self._hub = Hub(
            folder,
            environment,
            *("--hub-socket", "live.sock", "--hub-log", "log", "--hub-metrics"),
            *("--hub-mqtt-broker", "localhost", "--hub-mqtt-port", str(self._broker.port)),
            *("--hub-mqtt-node", "house"),
        )
        stack.callback(self._hub.kill)
        self._prometheus = Prometheus(folder, self._hub.port)
        stack.callback(self._prometheus.kill)
        self._daemon = subprocess.Popen(
            [
                *(sys.executable, "-m", "emotiond", "run", "--headless", "--model", "small"),
                *("--input", str(self._fifo), "--fast", "--name", "room"),
                *("--log-dir", "log", "--live-socket", "live.sock"),
            ],
            cwd=folder,
            env=environment,
        )
        stack.callback(self._daemon.kill)
        wait_for(self._hub.connected, "the hub reaches the daemon")

    def play(self, hours: int, pace: float) -> dict[str, list[float]]:
        """Play some hours; return the memory (MB) of daemon and hub after each.

        While the daemon is too slow for the pace, it falls behind, and does not catch up.
        """
        memory: dict[str, list[float]] = {"daemon": [], "hub": []}
        due = time.monotonic()
        with self._fifo.open("wb", buffering=0) as sound:
            for _ in range(hours):
                for minute in minutes():
                    for at in range(0, len(minute), 2 * RATE):
                        sound.write(minute[at : at + 2 * RATE])
                        due = max(due + 1.0 / pace, time.monotonic())
                        time.sleep(max(0.0, due - time.monotonic()))
                memory["daemon"].append(megabytes(self._daemon.pid))
                memory["hub"].append(megabytes(self._hub.program.pid))
        if self._daemon.wait(timeout=60):
            raise SystemExit("the daemon has failed")
        return memory

    def counts(self, name: str) -> dict[str, int]:
        """Return place -> count of a kind of record, once the last ones have arrived there."""
        logged = sum(isinstance(each, KINDS[name]) for each in so_far(self._log))
        series, query = f"emotiond_{name}_total{{", f"sum(emotiond_{name}_total)"

        def counted() -> int:
            lines = self._hub.ask("/metrics").body.decode().splitlines()
            return round(sum(float(each.split()[-1]) for each in lines if each.startswith(series)))

        places: dict[str, Callable[[], int]] = {
            "hub": counted,
            "prometheus": lambda: round(self._prometheus.value(query) or 0),
        }
        if name == "utterances":
            places["mqtt"] = lambda: len(self._subscriber.payloads("emotiond/house/room/utterance"))
        return {"log": logged, **{each: settled(count, logged) for each, count in places.items()}}

    def end(self) -> None:
        """End the hub; raises SystemExit if it has failed, or has complained."""
        if (ended := self._hub.end()) != (0, b""):
            raise SystemExit(f"the hub has ended with {ended}")


def settled(count: Callable[[], int], wanted: int) -> int:
    """Wait until a count is the wanted one, or until the patience ends; return the count."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while (found := count()) != wanted and time.monotonic() < give_up:
        time.sleep(0.1)
    return found


def megabytes(process: int) -> float:
    """Return the resident memory of a process (MB)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 2)


def run(hours: int, pace: float, folder: Path) -> dict[str, Any]:
    """Play some hours of sound and return the figures."""
    with ExitStack() as stack:
        soak = Soak(folder, stack)
        began = time.monotonic()
        memory = soak.play(hours, pace)
        took = time.monotonic() - began
        counts = {name: soak.counts(name) for name in KINDS}
        soak.end()
    half = (hours - 1) // 2
    return {
        "hours": hours,
        "times_real_time": round(3600 * hours / took),
        "megabytes": memory,
        "grown_megabytes": {name: round(each[-1] - each[half], 2) for name, each in memory.items()},
        **counts,
    }


def main() -> int:
    """Run, print the figures, and return 1 if one of them is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=int, default=24, help="hours of sound (default: 24)")
    parser.add_argument("--pace", type=float, default=100.0, help="times real time (default: 100)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(args.hours, args.pace, Path(folder))
    if args.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:16} {value}" for name, value in figures.items()))
    equal = all(len({*figures[name].values()}) == 1 for name in KINDS)
    flat = max(figures["grown_megabytes"].values()) <= MOST_MEGABYTES
    return 0 if equal and flat else 1


if __name__ == "__main__":
    sys.exit(main())
