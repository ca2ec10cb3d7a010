"""Cost of a hop: each stage of the daemon's work alone, and the whole loop on different sounds.

Costs are CPU times, the smallest of several runs, so that other work on the machine matters little.
"""

import io
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, Final

import msgspec
import numpy as np
import soundfile

from emotiond.audio.files import BLOCK_SECONDS, FAST_BLOCK_SECONDS, file_blocks
from emotiond.audio.signal import Conditioner, Signal, pink
from emotiond.audio.source import Replay
from emotiond.features.mfcc import StreamingMfcc
from emotiond.model.interface import Model
from emotiond.recognition.decision import Decision
from emotiond.recognition.engine import Engine
from emotiond.recognition.gate import Gate
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Hello, Record, utc_now
from emotiond.service.loop import listen
from emotiond.sinks.fanout import Sinks
from emotiond.sinks.log import LogSink
from emotiond.values import OpensFor

REPEATS: Final = 5
"""Runs of each measurement; the cheapest counts."""
SCENE_SECONDS: Final = 60.0
"""Sound in one run of the loop (s)."""
ROOM_SECONDS: Final = 600.0
"""Length of the quiet room's sound (s)."""
LIVE_SECONDS: Final = 8.0
"""Sound that is replayed in real time (s)."""
ROOM_DB: Final = -60.0
"""Level of the quiet room (dBFS)."""
MICROPHONE_RATE: Final = 48_000
"""Sample rate of most microphones (Hz); here with two channels."""


class LoopCost(msgspec.Struct, frozen=True):
    """Cost of the whole loop (file, engine, log) on one kind of sound.

    Parameters
    ----------
    open : float
        Share of hops at which the gate was open, 0 to 1.
    hop_ms : float
        CPU time of a hop (ms), including resampling and waiting for a microphone.
    core_share : float
        Share of one core that live sound takes, 0 to 1.
    times_real_time : float
        Seconds of sound for each second of CPU time, with ``--fast``.
    """

    open: float
    hop_ms: float
    core_share: float
    times_real_time: float


def stages_ms(model: Model, talk: Signal, room: Signal) -> dict[str, float]:
    """Return stage -> CPU time of a hop in that stage alone (ms).

    Parameters
    ----------
    model : Model
        The classifier.
    talk, room : np.ndarray [shape=(n,), dtype=float32]
        Speech without pauses, and the sound of a quiet room, at the model's sample rate.
    """
    contract = model.contract
    rate = contract.sample_rate
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
    conditioner = Conditioner(MICROPHONE_RATE, rate)
    mfcc = StreamingMfcc(contract.mfcc)
    frames = np.concatenate([mfcc.push(each) for each in hops])
    window = np.resize(frames, (contract.window_frames, contract.mfcc.n_mfcc))
    probabilities = model.run(window).probabilities(contract.temperature)
    decision = Decision(contract, DecisionSettings(), hop / rate)
    work: dict[str, Callable[[], object]] = {
        "resample": lambda: _each(conditioner.push, blocks),
        "gate, speech": lambda: _each(gates["speech"].push, hops),
        "gate, speech, energy alone": lambda: _each(gates["sound"].push, hops),
        "gate, quiet room": lambda: _each(gates["speech"].push, quiet),
        "mfcc": lambda: _each(mfcc.push, hops),
        "inference": lambda: _each(model.run, [window] * len(hops)),
        "decision": lambda: _each(lambda _: decision.push(probabilities, 1.0), hops),
    }
    stages = {name: 1000.0 * cpu_seconds(each) / len(hops) for name, each in work.items()}
    with tempfile.TemporaryDirectory() as folder:
        sinks = Sinks({"log": LogSink(Path(folder))}, contract.short_hash, utc_now)
        writing = cpu_seconds(lambda: _each(sinks.write, records))
        sinks.close()
    stages["sinks"] = 1000.0 * writing / len(hops)
    stages["screen"] = _screen_ms(model, records)
    return stages


def waking_ms(model: Model, room: Signal) -> float:
    """Return the extra CPU time of a hop (ms) when each block is waited for: cold caches.

    Parameters
    ----------
    model : Model
        The classifier.
    room : np.ndarray [shape=(n,), dtype=float32]
        Sound of a quiet room; replayed in real time, so the call takes as long.
    """
    with _Scene(model, room, "sound") as scene:
        began = time.process_time()
        scene.replay(BLOCK_SECONDS, fast=False)
        live = time.process_time() - began
        hurried = cpu_seconds(partial(scene.replay, BLOCK_SECONDS))
    return max(0.0, 1000.0 * (live - hurried) / scene.hops)


def loop_cost(model: Model, sound: Signal, opens_for: OpensFor, live_ms: float) -> LoopCost:
    """Replay a sound from a file through engine and log, and return the cost.

    Parameters
    ----------
    model : Model
        The classifier.
    sound : np.ndarray [shape=(n,), dtype=float32]
        Sound at the model's sample rate; repeated up to about ``SCENE_SECONDS``.
    opens_for : {"speech", "sound"}
        What the gate opens for.
    live_ms : float
        Extra CPU time of a hop with a microphone (ms): resampling and waiting.
    """
    rate = model.contract.sample_rate
    sound = np.tile(sound, max(1, round(SCENE_SECONDS * rate / len(sound))))
    with _Scene(model, sound, opens_for) as scene:
        usual, fast = (
            cpu_seconds(partial(scene.replay, seconds), 3)
            for seconds in (BLOCK_SECONDS, FAST_BLOCK_SECONDS)
        )
    hop_ms = 1000.0 * usual / scene.hops + live_ms
    return LoopCost(
        open=scene.open,
        hop_ms=hop_ms,
        core_share=hop_ms / 1000.0 * rate / scene.hop,
        times_real_time=len(sound) / rate / fast,
    )


class _Scene:
    """A sound in a file, replayed through engine and log; ``open`` as in :class:`LoopCost`."""

    def __init__(self, model: Model, sound: Signal, opens_for: OpensFor) -> None:
        self._model = model
        self._rate = model.contract.sample_rate
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
        listen(source, Engine(self._model, gate=self._gate), sinks, Event())


def speech_of(model: Model, sound: Signal) -> Signal:
    """Return the hops of a sound at which the gate is open, joined together."""
    rate = model.contract.sample_rate
    hop = Engine(model).hop
    gate = Gate(GateSettings(opens_for="speech"), rate, hop)
    return np.concatenate([each for each in _cut(sound, hop) if gate.push(each)])


def cpu_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the smallest CPU time of some work over several runs (s)."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def _each(work: Callable[[Any], object], items: Iterable[Any]) -> None:
    for item in items:
        work(item)


def _cut(sound: Signal, hop: int) -> list[Signal]:
    return [sound[i : i + hop] for i in range(0, len(sound) - hop + 1, hop)]


def _records(model: Model, sound: Signal) -> list[Record]:
    engine = Engine(model, gate=GateSettings(opens_for="sound"))
    return engine.push(sound) + engine.finish()


def _screen_ms(model: Model, records: Iterable[Record]) -> float:
    """Return the CPU time of a frame of the console (ms)."""
    from rich.console import Console

    from emotiond.terminal.console import local_now, text_of
    from emotiond.terminal.frame import Frame
    from emotiond.terminal.view import View

    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=30)
    frame = Frame(100, 30, "dark")
    contract = model.contract
    hello = Hello(model=contract.short_hash, labels=contract.reported, title="emotiond")
    view = View.of(hello, local_now())
    views = [view := view.after(record, view.now) for record in records]
    drawing = cpu_seconds(lambda: _each(lambda view: text_of(console, view, frame), views))
    return 1000.0 * drawing / len(views)
