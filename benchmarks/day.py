"""Runs a day of sound through the whole daemon, as fast as possible, to see whether it grows.

    python benchmarks/day.py [--hours 24] [--json]

Somebody speaks several times an hour, and the room is quiet between. Engine, log (over midnight),
live socket (with a viewer) and plain lines are the daemon's own; only the clock counts sound. The
exit code is 1 if memory grows by more than 2 MB after the first hour, a file descriptor stays
open, or files or utterances are missing in the log.
"""

import argparse
import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Signal
from emotiond.audio.source import Replay
from emotiond.model.choice import AUTO, model_file
from emotiond.model.runtime import load_quietly
from emotiond.paths import SAMPLE_RECORDING
from emotiond.recognition.engine import Engine
from emotiond.record import Hello, Prediction, Utterance, decode
from emotiond.service.loop import listen
from emotiond.sinks.fanout import Sinks
from emotiond.sinks.live import LiveSink
from emotiond.sinks.log import LogSink
from emotiond.terminal.plain import PlainSink

NOON = datetime(2026, 2, 27, 12, 0, tzinfo=UTC)
TALKS_AN_HOUR = 6
TALK = SAMPLE_RECORDING
ROOM_LEVEL = 2e-4
"""Standard deviation of the quiet room's noise; full scale is 1."""
MOST_MEGABYTES = 2.0
"""Growth of memory that is accepted."""


class Day:
    """The sound of a day in blocks, its clock, and memory and descriptors at each full hour."""

    def __init__(self, hours: int, rate: int) -> None:
        self._hours = hours
        self._rate = rate
        self._samples = 0
        self.megabytes: list[float] = []
        self.descriptors: list[int] = []

    def __iter__(self) -> Iterator[Signal]:
        minute = 60 * self._rate
        talk = read_sound(TALK, self._rate)
        room = np.random.default_rng(0).normal(0.0, ROOM_LEVEL, minute).astype(np.float32)
        talking = np.concatenate((talk, room))[:minute]
        for _ in range(self._hours):
            for number in range(60):
                sound = talking if number % (60 // TALKS_AN_HOUR) == 0 else room
                for block in np.split(sound, 600):
                    self._samples += len(block)
                    yield block
            gc.collect()
            self.megabytes.append(_megabytes())
            self.descriptors.append(_descriptors())

    @property
    def seconds(self) -> float:
        """Seconds of sound since the beginning."""
        return self._samples / self._rate

    def now(self) -> datetime:
        """Return the time of day, counted in sound."""
        return NOON + timedelta(seconds=self.seconds)


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 2)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@contextlib.contextmanager
def _watching(path: Path) -> Iterator[None]:
    """Run a viewer, which connects again whenever it was dropped as too slow."""
    command = f"until {sys.executable} -m emotiond watch --live-socket {path}; do sleep 0.1; done"
    with subprocess.Popen(
        ["sh", "-c", command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as viewer:
        try:
            yield
        finally:
            os.killpg(viewer.pid, signal.SIGKILL)


def run(hours: int, folder: Path) -> dict[str, Any]:
    """Run some hours of sound through the daemon and return the figures."""
    model = load_quietly(model_file(AUTO))
    engine = Engine(model)
    day = Day(hours, engine.sample_rate)
    log = LogSink(folder / "log", keep_days=1, now=day.now, elapsed=lambda: day.seconds)
    hello = Hello(model=model.contract.short_hash, labels=model.contract.reported, title="a day")
    path = folder / "live.sock"
    descriptors = _descriptors()
    started = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere, _watching(path):
        named = {"log": log, "live": LiveSink(path, hello), "screen": PlainSink(nowhere)}
        stop = Event()
        source = Replay("a day", day, engine.sample_rate, stop, fast=True)
        sinks = Sinks(named, hello.model, day.now)
        listen(source, engine, sinks, stop)
    took = time.perf_counter() - started
    files = sorted((folder / "log").glob("*.jsonl"))
    records = [decode(line) for each in files for line in each.read_bytes().splitlines()]
    return {
        "hours": hours,
        "seconds": round(took, 1),
        "times_real_time": round(hours * 3600 / took),
        "megabytes": day.megabytes,
        "grown_megabytes": round(day.megabytes[-1] - day.megabytes[0], 2),
        "descriptors": [descriptors, *day.descriptors, _descriptors()],
        "log_files": [each.name for each in files],
        "log_megabytes": round(sum(each.stat().st_size for each in files) / 1e6, 2),
        "predictions": sum(isinstance(each, Prediction) for each in records),
        "utterances": sum(isinstance(each, Utterance) for each in records),
    }


def main() -> int:
    """Run, print the figures, and return 1 if one of them is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=int, default=24, help="hours of sound (default: 24)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(args.hours, Path(folder))
    if args.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:16} {value}" for name, value in figures.items()))
    midnights = (NOON + timedelta(hours=args.hours)).date() - NOON.date()
    right = (
        figures["grown_megabytes"] <= MOST_MEGABYTES
        and figures["descriptors"][0]
        == figures["descriptors"][-1] + 1  # the log's was open, and is closed
        and len(figures["log_files"]) == 1 + midnights.days
        and figures["utterances"] >= args.hours * TALKS_AN_HOUR
    )
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
