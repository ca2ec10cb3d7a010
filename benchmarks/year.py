"""Writes a year of logs, as large as a talkative household's, and measures how they are read.

    python benchmarks/year.py [--megabytes 1000] [--folder FOLDER] [--json]

The logs are drawn from fixed seeds: a daemon that listens day and night, talks of some minutes in
one of seven moods, corrections, a torn line each day. Measured are the seconds, the megabytes a
second and the largest memory of emotiond report for all days: summary alone, with CSV, with a page.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from emotiond.sinks.log import MEGABYTE
from emotiond.sinks.retention import log_file

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 365
LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
HOP = 0.512
MODEL = "46f51bca"
CORRECTED = 0.01
"""Share of the utterances that somebody corrects."""


class Day:
    """The lines of one day, of about a size, drawn from a random generator."""

    def __init__(self, number: int, size: int) -> None:
        self._random = np.random.default_rng(number)
        self._midnight = FIRST + timedelta(days=number)
        self._stream = number * 86_400.0
        """Stream time at midnight: the daemon has run since the first day (s)."""
        self._size = size
        self._number = number

    def __iter__(self) -> Iterator[bytes]:
        written = talks = 0
        if self._number == 0:
            started = {"event": "started", "message": "listening to a microphone"}
            yield self._line("status", 0.0, **started) + b"\n"
        yield b'{"type":"prediction","schema":2,"time":"2025-01\n'
        while written < self._size:
            # From seven o'clock on, as long as the size needs.
            talks += 1
            second = 7 * 3600.0 + talks * 540.0
            if second > 86_000.0:
                return
            mood = int(self._random.integers(len(LABELS)))
            for _ in range(int(self._random.integers(4, 14))):
                for line in self._utterance(second, mood, f"{self._number}-{written}"):
                    written += len(line)
                    yield line
                second += 40.0

    def _utterance(self, second: float, mood: int, name: str) -> Iterator[bytes]:
        """Yield the lines of an utterance that begins at a second of the day."""
        hops = int(self._random.integers(4, 50))
        logits = self._random.normal(0.0, 1.0, (hops, len(LABELS)))
        logits[:, mood] += 2.0
        rows = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        for number, row in enumerate(rows):
            end = second + (number + 1) * HOP
            yield self._judged("prediction", end, end - HOP, end, row) + b"\n"
        yield self._line("prediction", end + HOP, **self._silence(end)) + b"\n"
        mean = rows.mean(axis=0)
        judged = {"id": name, "source": "microphone", "profile": None}
        yield self._judged("utterance", end + 2.0, second, end, mean, **judged) + b"\n"
        if self._random.random() < CORRECTED:
            label = LABELS[int(self._random.integers(len(LABELS)))]
            yield self._line("correction", end + 9.0, utterance=name, label=label, by="hub") + b"\n"

    def _judged(
        self, kind: str, written: float, start: float, end: float, row: Any, **fields: Any
    ) -> bytes:
        best = int(np.argmax(row))
        sure = row[best] > 0.4
        hop = {"raw_label": LABELS[best], "speech": 0.98, "level": -31.5, "latency_ms": 19.1}
        return self._line(
            kind,
            written,
            **fields,
            start=round(self._stream + start, 3),
            end=round(self._stream + end, 3),
            state="emotion" if sure else "uncertain",
            label=LABELS[best] if sure else None,
            confidence=round(float(row[best]), 4),
            probabilities={
                label: round(float(share), 4) for label, share in zip(LABELS, row, strict=True)
            },
            **(hop | {"dropped": 0} if kind == "prediction" else {}),
        )

    def _silence(self, second: float) -> dict[str, Any]:
        return {
            "start": round(self._stream + second, 3),
            "end": round(self._stream + second + HOP, 3),
            "state": "no_speech",
            "label": None,
        }

    def _line(self, kind: str, second: float, **fields: Any) -> bytes:
        then = self._midnight + timedelta(seconds=second)
        head = {
            "type": kind,
            "schema": 2,
            "time": f"{then:%Y-%m-%dT%H:%M:%S}.{then.microsecond // 1000:03d}Z",
            "model": MODEL,
        }
        return msgspec.json.encode(head | fields)


def write_year(folder: Path, megabytes: float) -> int:
    """Write a year of logs of about a size; return how many bytes they have."""
    for number in range(DAYS):
        path = log_file(folder, FIRST + timedelta(days=number))
        path.write_bytes(b"".join(Day(number, round(megabytes * MEGABYTE / DAYS))))
    return sum(each.stat().st_size for each in folder.glob("*.jsonl"))


def measure(folder: Path, size: int, *flags: str) -> dict[str, float]:
    """Return seconds, megabytes a second and largest memory of one run of the command."""
    command = [sys.executable, "-m", "emotiond", "report", str(folder), *flags]
    before = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as program:
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - before
    if program.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {program.returncode}")
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "megabytes_a_second": round(size / MEGABYTE / seconds),
        "memory_megabytes": round(usage.ru_maxrss * 1024 / MEGABYTE),
    }


def main() -> int:
    """Write the logs where they are not there yet, measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=float, default=1000.0, help="size (default: 1000)")
    parser.add_argument("--folder", type=Path, help="keep the logs here, and use them again")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = args.folder or scratch / "log"
        folder.mkdir(parents=True, exist_ok=True)
        there = sum(each.stat().st_size for each in folder.glob("*.jsonl"))
        size = there or write_year(folder, args.megabytes)
        figures: dict[str, Any] = {"megabytes": round(size / MEGABYTE)}
        runs = {
            "summary": (),
            "csv": ("--csv", str(scratch / "year.csv")),
            "html": ("--html", str(scratch / "year.html")),
        }
        for name, flags in runs.items():
            figures[name] = measure(folder, size, *flags)
    if args.json:
        print(json.dumps(figures))
        return 0
    print(f"{figures.pop('megabytes')} MB of logs")
    for name, each in figures.items():
        print(f"{name:8}", ", ".join(f"{key} {value}" for key, value in each.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
