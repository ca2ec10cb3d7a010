"""What the daemon costs on this machine: each stage of a hop, the whole loop, starting, memory.

Work is measured in CPU time, the least of several runs, so that what else the machine does counts
little; only starting is measured by the clock on the wall.
"""

import io
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any, Final

import msgspec
import numpy as np
import soundfile

from emotiond import settings
from emotiond.daemon import listen
from emotiond.decision import Decision, DecisionSettings
from emotiond.engine import Engine
from emotiond.errors import EmotiondError
from emotiond.gate import Gate, GateSettings
from emotiond.logfile import LogSink, utc_now
from emotiond.mfcc import Signal, StreamingMfcc
from emotiond.modelfile import OpensFor
from emotiond.record import Record
from emotiond.runtime import Classifier
from emotiond.sinks import Sinks
from emotiond.sound import BLOCK_SECONDS, FAST_BLOCK_SECONDS, Resampler, file_blocks, read_sound
from emotiond.source import Replay

REPEATS: Final = 5
"""Runs of which the cheapest counts."""
SCENE_SECONDS: Final = 60.0
"""Sound in one run of the loop."""
ROOM_SECONDS: Final = 600.0
LIVE_SECONDS: Final = 8.0
"""Sound that is waited for."""
ROOM_DB: Final = -60.0
"""Level of the quiet room (dBFS)."""
MICROPHONE_RATE: Final = 48_000
"""What most microphones give (Hz), in stereo here."""
PROBE: Final = (
    "import sys; from emotiond.cli import main; code = main(sys.argv[1:]); "
    "from emotiond.bench import peak_megabytes; print(peak_megabytes()); sys.exit(code)"
)


class Loop(msgspec.Struct, frozen=True):
    """The whole loop on one kind of sound: file, engine, log.

    Parameters
    ----------
    open : float
        Share of hops at which the gate was open.
    hop_ms : float
        CPU time of a hop (ms), with a microphone's resampling and waiting.
    core_share : float
        Of one core, live.
    times_real_time : float
        Speed of a replay with ``--fast``, as CPU time.
    """

    open: float
    hop_ms: float
    core_share: float
    times_real_time: float


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
    sample = read_sound(settings.SAMPLE, model.contract.mfcc.sample_rate)
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


def stages_ms(model: Classifier, talk: Signal, room: Signal) -> dict[str, float]:
    """Return the CPU time of a hop (ms) in each stage by itself.

    Parameters
    ----------
    model : Classifier
        The classifier.
    talk, room : np.ndarray [shape=(n,), dtype=float32]
        Speech without pauses, and a quiet room, at the model's rate.
    """
    contract = model.contract
    rate = contract.mfcc.sample_rate
    hop = Engine(model).hop
    hops, quiet = _cut(talk, hop), _cut(room, hop)[: len(talk) // hop]
    records = _records(model, talk)
    size = round(BLOCK_SECONDS * MICROPHONE_RATE)
    length = round(len(hops) * hop / rate * MICROPHONE_RATE)
    stereo = np.zeros((length, 2), np.float32)
    stereo[:, 0] = pink(length / MICROPHONE_RATE, MICROPHONE_RATE, -20.0)[:length]
    blocks = [stereo[i : i + size] for i in range(0, length, size)]
    gates: dict[OpensFor, Gate] = {
        opens_for: Gate(GateSettings(), rate, hop, opens_for) for opens_for in ("speech", "sound")
    }
    resampler = Resampler(MICROPHONE_RATE, rate)
    mfcc = StreamingMfcc(contract.mfcc)
    frames = np.concatenate([mfcc.push(each) for each in hops])
    window = np.resize(frames, (contract.window_frames, contract.mfcc.n_mfcc))
    probabilities = model.probabilities(window)
    decision = Decision(contract, DecisionSettings(), hop / rate)
    work: dict[str, Callable[[], object]] = {
        "resample": lambda: _each(resampler.push, blocks),
        "gate, speech": lambda: _each(gates["speech"].push, hops),
        "gate, speech, energy alone": lambda: _each(gates["sound"].push, hops),
        "gate, quiet room": lambda: _each(gates["speech"].push, quiet),
        "mfcc": lambda: _each(mfcc.push, hops),
        "inference": lambda: _each(model.probabilities, [window] * len(hops)),
        "decision": lambda: _each(lambda _: decision.hear(probabilities, 1.0), hops),
    }
    stages = {name: 1000.0 * cpu_seconds(each) / len(hops) for name, each in work.items()}
    with tempfile.TemporaryDirectory() as folder:
        sinks = Sinks({"log": LogSink(Path(folder))}, contract.short_hash, utc_now)
        writing = cpu_seconds(lambda: _each(sinks.write, records))
        sinks.close()
    stages["sinks"] = 1000.0 * writing / len(hops)
    stages["screen"] = _screen_ms(model, records)
    return stages


def waking_ms(model: Classifier, room: Signal) -> float:
    """Return what waiting for each block adds to a hop (ms): a core that slept has forgotten all.

    Parameters
    ----------
    model : Classifier
        The classifier.
    room : np.ndarray [shape=(n,), dtype=float32]
        A quiet room; all of it is waited for, in real time.
    """
    with _Scene(model, room, "sound") as scene:
        began = time.process_time()
        scene.replay(BLOCK_SECONDS, fast=False)
        live = time.process_time() - began
        hurried = cpu_seconds(partial(scene.replay, BLOCK_SECONDS))
    return max(0.0, 1000.0 * (live - hurried) / scene.hops)


def loop(model: Classifier, sound: Signal, opens_for: OpensFor, live_ms: float) -> Loop:
    """Replay a sound from a file through engine and log and measure it.

    Parameters
    ----------
    model : Classifier
        The classifier.
    sound : np.ndarray [shape=(n,), dtype=float32]
        At the model's rate; repeated until it is long enough.
    opens_for : {"speech", "sound"}
        What the gate opens for.
    live_ms : float
        What a hop costs live beside that (ms).
    """
    rate = model.contract.mfcc.sample_rate
    sound = np.tile(sound, max(1, round(SCENE_SECONDS * rate / len(sound))))
    with _Scene(model, sound, opens_for) as scene:
        usual, fast = (
            cpu_seconds(partial(scene.replay, seconds), 3)
            for seconds in (BLOCK_SECONDS, FAST_BLOCK_SECONDS)
        )
    hop_ms = 1000.0 * usual / scene.hops + live_ms
    return Loop(
        open=scene.open,
        hop_ms=hop_ms,
        core_share=hop_ms / 1000.0 * rate / scene.hop,
        times_real_time=len(sound) / rate / fast,
    )


class _Scene:
    """A sound in a file, to be replayed through engine and log."""

    def __init__(self, model: Classifier, sound: Signal, opens_for: OpensFor) -> None:
        self._model = model
        self._rate = model.contract.mfcc.sample_rate
        self._gate = GateSettings(opens_for=opens_for)
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name, "scene.wav")
        soundfile.write(self._path, sound, self._rate, subtype="PCM_16")
        self.hop = Engine(model).hop
        self.hops = len(sound) / self.hop
        gate = Gate(self._gate, self._rate, self.hop)
        self.open = float(np.mean([gate.push(each) for each in _cut(sound, self.hop)]))

    def __enter__(self) -> "_Scene":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def replay(self, block_seconds: float, *, fast: bool = True) -> None:
        blocks = file_blocks(self._path, self._rate, block_seconds)
        source = Replay("a scene", blocks, self._rate, Event(), fast=fast)
        sinks = Sinks({"log": LogSink(Path(self._folder.name))}, "", utc_now)
        listen(source, Engine(self._model, gate=self._gate), sinks, "", Event())


def speech_of(model: Classifier, sound: Signal) -> Signal:
    """Return the hops of a sound at which the gate is open, one behind the other."""
    rate = model.contract.mfcc.sample_rate
    hop = Engine(model).hop
    gate = Gate(GateSettings(opens_for="speech"), rate, hop)
    return np.concatenate([each for each in _cut(sound, hop) if gate.push(each)])


def pink(seconds: float, rate: int, level_db: float) -> Signal:
    """Return pink noise of a level (dBFS), the same each time."""
    count = round(seconds * rate)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    sound = np.fft.irfft(spectrum, count)
    return np.asarray(sound / sound.std() * 10.0 ** (level_db / 20.0), np.float32)


def cpu_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the least CPU time that some work takes."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def peak_megabytes() -> float:
    """Return the most memory that this program has taken (MB)."""
    try:
        # getrusage would count what the process that started us had.
        status = Path("/proc/self/status").read_text()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def _each(work: Callable[[Any], object], items: Iterable[Any]) -> None:
    for item in items:
        work(item)


def _cut(sound: Signal, hop: int) -> list[Signal]:
    return [sound[i : i + hop] for i in range(0, len(sound) - hop + 1, hop)]


def _records(model: Classifier, sound: Signal) -> list[Record]:
    engine = Engine(model, gate=GateSettings(opens_for="sound"))
    return engine.push(sound) + engine.finish()


def _screen_ms(model: Classifier, records: Iterable[Record]) -> float:
    """Return the CPU time of a frame of the live screen (ms)."""
    from rich.console import Console

    from emotiond.screen import render
    from emotiond.view import View

    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=30)
    view = View(labels=model.contract.reported, title="emotiond")
    views = [view := view.after(record) for record in records]
    drawing = cpu_seconds(
        lambda: _each(lambda view: console.print(render(view, 100, 30, False)), views)
    )
    return 1000.0 * drawing / len(views)


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
            said = _program("-c", PROBE, "run", "--input", str(settings.SAMPLE), *flags)
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
    return msgspec.json.decode(_program("-m", "emotiond.baseline", str(path)), type=Baseline)


def _program(*arguments: str) -> str:
    """Run Python and return what it prints."""
    ended = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise EmotiondError(f"a program to measure failed: {ended.stderr.strip()}")
    return ended.stdout
