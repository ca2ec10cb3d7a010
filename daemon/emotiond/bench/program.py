"""What the daemon costs on this machine: each stage of a hop, the whole loop, starting, memory."""

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Signal, pink
from emotiond.bench.stages import (
    LIVE_SECONDS,
    REPEATS,
    ROOM_DB,
    ROOM_SECONDS,
    Loop,
    loop,
    speech_of,
    stages_ms,
    waking_ms,
)
from emotiond.errors import EmotiondError
from emotiond.model.runtime import Classifier
from emotiond.paths import SAMPLE_RECORDING
from emotiond.recognition.engine import Engine
from emotiond.values import OpensFor

PROBE: Final = (
    "import sys; from emotiond.cli import main; code = main(sys.argv[1:]); "
    "from emotiond.bench.program import peak_megabytes; print(peak_megabytes()); sys.exit(code)"
)


class Start(msgspec.Struct, frozen=True):
    """A run of the program of its own.

    Parameters
    ----------
    help_seconds : float
        ``emotiond --help``, on the wall.
    first_prediction_seconds : float
        From starting ``emotiond run --input SAMPLE --fast --headless`` to its first prediction, on
        the wall, all sound before it included.
    peak_megabytes : float
        Memory that this run took at most.
    """

    help_seconds: float
    first_prediction_seconds: float
    peak_megabytes: float


class Baseline(msgspec.Struct, frozen=True):
    """The usual recipe beside this daemon, same sound, same model: librosa over every window.

    Parameters
    ----------
    first_mfcc_seconds : float
        CPU time of importing librosa and its first MFCC.
    mfcc_ms, hop_ms : float
        CPU time of a hop (ms).
    mfcc_ratio, hop_ratio : float
        By how much more than ours.
    same_labels : float
        Share of windows for which both say the same.
    peak_megabytes : float
        Memory of the process that ran both.
    """

    first_mfcc_seconds: float
    mfcc_ms: float
    hop_ms: float
    mfcc_ratio: float
    hop_ratio: float
    same_labels: float
    peak_megabytes: float


class Bench(msgspec.Struct, frozen=True):
    """All figures.

    Parameters
    ----------
    stages_ms : dict of str to float
        CPU time of a hop (ms), by stage; ``screen`` is one frame of the live screen, ``waking``
        what waiting for sound adds.
    loops : dict of str to Loop
        By sound.
    baseline : Baseline or None
        None where librosa is not installed.
    """

    machine: str
    load: float
    runtime: str
    model: str
    hop_seconds: float
    stages_ms: dict[str, float]
    loops: dict[str, Loop]
    start: Start
    baseline: Baseline | None


def bench(path: Path) -> Bench:
    """Measure everything with a model file; takes about a minute.

    Raises
    ------
    ModelError
        If the model is refused.
    EmotiondError
        If a program that was started for it fails.
    """
    model = Classifier(path)
    start = _start(path)
    sample = read_sound(SAMPLE_RECORDING, model.contract.mfcc.sample_rate)
    talk = speech_of(model, sample)
    room = pink(ROOM_SECONDS, model.contract.mfcc.sample_rate, ROOM_DB)
    stages = stages_ms(model, talk, room)
    stages["waking"] = waking_ms(model, room[: round(LIVE_SECONDS * len(room) / ROOM_SECONDS)])
    live_ms = stages["resample"] + stages["waking"]
    scenes: dict[str, tuple[Signal, OpensFor]] = {
        "speech": (talk, "speech"),
        "speech, energy gate": (talk, "sound"),
        "speech with pauses": (sample, "speech"),
        "quiet room": (room, "speech"),
    }
    return Bench(
        machine=f"{platform.machine()}, Python {platform.python_version()}",
        load=os.getloadavg()[0],
        runtime=model.runtime,
        model=model.contract.short_hash,
        hop_seconds=Engine(model).hop / model.contract.mfcc.sample_rate,
        stages_ms=stages,
        loops={
            name: loop(model, sound, opens_for, live_ms)
            for name, (sound, opens_for) in scenes.items()
        },
        start=start,
        baseline=_baseline(path),
    )


def peak_megabytes() -> float:
    """Return the most memory that this program has taken (MB)."""
    try:
        # getrusage would count what the process that started us had.
        status = Path("/proc/self/status").read_text()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def _start(path: Path) -> Start:
    """Measure runs of the program from outside."""
    helps = []
    for _ in range(REPEATS):
        began = time.monotonic()
        _program("-m", "emotiond", "--help")
        helps.append(time.monotonic() - began)
    firsts, peaks = [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            flags = ("--headless", "--fast", "--log-dir", folder, "--model", str(path))
            began = time.time()
            said = _program("-c", PROBE, "run", "--input", str(SAMPLE_RECORDING), *flags)
            peaks.append(float(said))
            lines = [json.loads(line) for log in Path(folder).iterdir() for line in log.open("rb")]
        first = next((line["time"] for line in lines if line["type"] == "prediction"), None)
        if first is None:
            raise EmotiondError("nobody speaks in the sample, says the gate: nothing to measure by")
        firsts.append(datetime.fromisoformat(first).astimezone(UTC).timestamp() - began)
    return Start(min(helps), min(firsts), max(peaks))


def _baseline(path: Path) -> Baseline | None:
    """Compare with librosa, in a process of its own."""
    if find_spec("librosa") is None:
        return None
    return msgspec.json.decode(_program("-m", "emotiond.bench.baseline", str(path)), type=Baseline)


def _program(*arguments: str) -> str:
    """Run Python and return what it prints."""
    ended = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise EmotiondError(f"a program to measure failed: {ended.stderr.strip()}")
    return ended.stdout
