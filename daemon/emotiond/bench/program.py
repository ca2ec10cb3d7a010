"""Cost of the whole program on this machine: stages of a hop, the loop, start-up, memory."""

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
    LoopCost,
    loop_cost,
    speech_of,
    stages_ms,
    waking_ms,
)
from emotiond.errors import EmotiondError
from emotiond.model.runtime import load_quietly
from emotiond.model.taught import taught, voices_in_words
from emotiond.model.voices import NONE, chosen_profile
from emotiond.paths import SAMPLE_RECORDING
from emotiond.recognition.engine import Engine
from emotiond.streams import complain
from emotiond.values import OpensFor

PEAK_MEMORY_SCRIPT: Final = (
    "import sys; from emotiond.cli import main; code = main(sys.argv[1:]); "
    "from emotiond.bench.program import peak_megabytes; print(peak_megabytes()); sys.exit(code)"
)
"""Python source: runs the program with the arguments of the script, then prints its peak memory."""


class Start(msgspec.Struct, frozen=True):
    """Start-up time and memory of a whole run of the program.

    Parameters
    ----------
    help_seconds : float
        Wall time of ``emotiond --help`` (s).
    first_prediction_seconds : float
        Wall time from the start of ``emotiond run --input SAMPLE --fast --headless`` to its first
        prediction (s); includes the sound before that.
    peak_megabytes : float
        Peak memory of that run (MB).
    """

    help_seconds: float
    first_prediction_seconds: float
    peak_megabytes: float


class Baseline(msgspec.Struct, frozen=True):
    """Cost of the usual recipe, librosa over the whole window at every hop, beside ours.

    Both run over the same sound with the same model.

    Parameters
    ----------
    first_mfcc_seconds : float
        CPU time to import librosa and compute the first MFCCs (s).
    mfcc_ms, hop_ms : float
        CPU time of the MFCCs of a hop, and of the whole hop (ms).
    mfcc_ratio, hop_ratio : float
        These times divided by ours.
    same_labels : float
        Share of windows with the same label both ways, 0 to 1.
    peak_megabytes : float
        Peak memory of the process that ran both (MB).
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
    machine : str
        Architecture and version of Python.
    load : float
        Load average of the last minute.
    runtime, model, file : str
        Name of the TFLite runtime, short hash of the model, and name of its file.
    voices : str
        How the model was taught, in words; empty for an untaught one.
    hop_seconds : float
        Length of a hop (s).
    stages_ms : dict of str to float
        Stage -> CPU time of a hop (ms). ``screen`` is one frame of the console, ``waking`` the
        extra cost of waiting for sound.
    loops : dict of str to LoopCost
        Kind of sound -> cost of the whole loop.
    start : Start
        Start-up time and memory.
    baseline : Baseline or None
        Comparison with librosa; None if it is not installed, or was not wanted.
    """

    machine: str
    load: float
    runtime: str
    model: str
    file: str
    voices: str
    hop_seconds: float
    stages_ms: dict[str, float]
    loops: dict[str, LoopCost]
    start: Start
    baseline: Baseline | None


def bench(path: Path, profile: str | None = NONE, *, compare: bool = True) -> Bench:
    """Measure all figures with a model file; takes about a minute.

    Parameters
    ----------
    path : Path
        The model file.
    profile : str or None
        Its voice profile: a path, ``none``, or None for the default one.
    compare : bool
        Whether to compare with librosa, if it is installed.

    Raises
    ------
    ModelError
        If the model file can't be used.
    ProfileError
        If the profile can't be used.
    EmotiondError
        If a run of the program fails.
    """
    classifier = load_quietly(path)
    model = taught(classifier, chosen_profile(classifier.contract, profile, complain))
    start = _start(path, profile)
    sample = read_sound(SAMPLE_RECORDING, model.contract.sample_rate)
    talk = speech_of(model, sample)
    room = pink(ROOM_SECONDS, model.contract.sample_rate, ROOM_DB)
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
        runtime=classifier.runtime,
        voices=voices_in_words(model),
        model=model.contract.short_hash,
        file=path.name,
        hop_seconds=Engine(model).hop / model.contract.sample_rate,
        stages_ms=stages,
        loops={
            name: loop_cost(model, sound, opens_for, live_ms)
            for name, (sound, opens_for) in scenes.items()
        },
        start=start,
        baseline=_baseline(path) if compare else None,
    )


def peak_megabytes() -> float:
    """Return the peak memory of this process (MB)."""
    try:
        # Not getrusage: it includes the memory of the process that started this one.
        status = Path("/proc/self/status").read_text()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def _start(path: Path, profile: str | None) -> Start:
    """Measure start-up time and memory of runs of the program, from outside."""
    helps = []
    for _ in range(REPEATS):
        began = time.monotonic()
        _program("-m", "emotiond", "--help")
        helps.append(time.monotonic() - began)
    firsts, peaks = [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            flags = ["--headless", "--fast", "--log-dir", folder, "--model", str(path)]
            flags += ["--profile", profile] if profile else []
            began = time.time()
            printed = _program(
                "-c", PEAK_MEMORY_SCRIPT, "run", "--input", str(SAMPLE_RECORDING), *flags
            )
            peaks.append(float(printed))
            lines = [json.loads(line) for log in Path(folder).iterdir() for line in log.open("rb")]
        first = next((line["time"] for line in lines if line["type"] == "prediction"), None)
        if first is None:
            raise EmotiondError(
                f"with {path} no prediction comes from the sample recording; use another model"
            )
        firsts.append(datetime.fromisoformat(first).astimezone(UTC).timestamp() - began)
    return Start(min(helps), min(firsts), max(peaks))


def _baseline(path: Path) -> Baseline | None:
    """Compare with librosa in a process of its own; None if it is not installed."""
    if find_spec("librosa") is None:
        return None
    return msgspec.json.decode(_program("-m", "emotiond.bench.baseline", str(path)), type=Baseline)


def _program(*arguments: str) -> str:
    """Run Python with arguments and return what it prints."""
    ended = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise EmotiondError(f"a run of the program failed: {ended.stderr.strip()}")
    return ended.stdout
