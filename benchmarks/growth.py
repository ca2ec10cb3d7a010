"""Measures whether costs stay the same while the work grows: a day of sound, and more files.

python benchmarks/growth.py
"""

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from emotiond.audio.files import read_sound
from emotiond.bench.program import PEAK_MEMORY_SCRIPT
from emotiond.model.choice import AUTO, model_file
from emotiond.model.runtime import Classifier, load_quietly
from emotiond.paths import SAMPLE_RECORDING
from emotiond.recognition.engine import Engine
from emotiond.recognition.settings import GateSettings

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
MEASURED = 500
"""Hops that are measured after a minute, an hour and a day."""


def hops(model: Classifier, engine: Engine) -> Iterator[np.ndarray]:
    """Yield hops of the sample recording, for ever."""
    sample = read_sound(SAMPLE_RECORDING, model.contract.sample_rate)
    cut = range(0, len(sample) - engine.hop + 1, engine.hop)
    return itertools.cycle([sample[i : i + engine.hop] for i in cut])


def day(model: Classifier, seconds: float = DAY) -> dict[str, dict[str, float]]:
    """Return the CPU time of a hop (ms) and memory (MB) after a minute, an hour, a day of sound."""
    engine = Engine(model, gate=GateSettings(opens_for="sound"))
    sound = hops(model, engine)
    rows = {}
    for name, after in (("a minute", MINUTE), ("an hour", HOUR), ("a day", DAY)):
        while engine.seconds < min(after, seconds):
            engine.push(next(sound))
        times = []
        for _ in range(MEASURED):
            began = time.process_time()
            engine.push(next(sound))
            times.append(time.process_time() - began)
        rows[name] = {"ms": 1000.0 * float(np.median(times)), "megabytes": resident()}
    return rows


def files(path: Path, counts: tuple[int, ...] = (20, 40, 80)) -> dict[str, dict[str, float]]:
    """Return CPU time (s) and peak memory (MB) of classifying ``counts`` files in one process."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            names = [Path(folder, f"{number}.flac") for number in range(count)]
            for name in names:
                if not name.exists():
                    name.symlink_to(SAMPLE_RECORDING)
            flags = ("--json", "--jobs", "1", "--model", str(path))
            command = [
                sys.executable,
                "-c",
                PEAK_MEMORY_SCRIPT,
                "classify",
                *flags,
                *map(str, names),
            ]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            ended = subprocess.run(command, capture_output=True, text=True, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            rows[str(count)] = {
                "seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
                "megabytes": float(ended.stdout.splitlines()[-1]),
            }
    return rows


def resident() -> float:
    """Return the memory of this process now (MB)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Print the figures of both as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=model_file, default=AUTO, help="model")
    args = parser.parse_args()
    print(json.dumps({"day": day(load_quietly(args.model)), "files": files(args.model)}, indent=1))


if __name__ == "__main__":
    main()
