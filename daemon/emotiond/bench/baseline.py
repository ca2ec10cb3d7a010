"""The baseline: the usual recipe, which computes librosa's MFCCs of the whole window at every hop.

    python -m emotiond.bench.baseline MODEL

``emotiond bench`` runs this module if librosa is installed. No other module of the daemon imports
librosa.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Signal
from emotiond.bench.program import Baseline, peak_megabytes
from emotiond.bench.stages import speech_of
from emotiond.features.mfcc import Frames, Mfcc, MfccConfig, StreamingMfcc
from emotiond.model.runtime import load_quietly
from emotiond.paths import SAMPLE_RECORDING
from emotiond.recognition.engine import Engine
from emotiond.recognition.settings import GateSettings

ROUNDS: Final = 10
"""Passes over all items."""


def librosa_mfcc(window: Signal, config: MfccConfig) -> Frames:
    """Return the MFCCs of a window as librosa computes them, [shape=(frames, n_mfcc)]."""
    import librosa

    power = librosa.feature.melspectrogram(
        y=window,
        sr=config.sample_rate,
        n_fft=config.frame_length,
        hop_length=config.hop_length,
        n_mels=config.n_mels,
        fmin=config.fmin,
        fmax=config.fmax,
        center=False,
    )
    decibels = librosa.power_to_db(power, top_db=None)
    return np.asarray(librosa.feature.mfcc(S=decibels, n_mfcc=config.n_mfcc).T, np.float32)


def compare(path: Path) -> Baseline:
    """Run both over the same speech and compare the median CPU time of a hop."""
    model = load_quietly(path)
    config, frames = model.contract.mfcc, model.contract.window_frames
    window = np.zeros(config.samples(frames), np.float32)
    began = time.process_time()
    librosa_mfcc(window, config)
    first = time.process_time() - began

    talk = speech_of(model, read_sound(SAMPLE_RECORDING, config.sample_rate))
    engine = Engine(model, gate=GateSettings(opens_for="sound"))
    hops = [talk[i : i + engine.hop] for i in range(0, len(talk) - engine.hop + 1, engine.hop)]
    windows = [
        talk[end - len(window) : end] for end in range(len(window), len(talk) + 1, engine.hop)
    ]
    whole, streaming = Mfcc(config), StreamingMfcc(config)
    theirs = _times(lambda each: librosa_mfcc(each, config), windows)
    inference = _times(lambda each: model.run(each), [whole(each) for each in windows])
    ours = _times(streaming.push, hops)
    our_hop = _times(engine.push, hops)
    same = [
        np.argmax(model.run(librosa_mfcc(each, config)).logits)
        == np.argmax(model.run(whole(each)).logits)
        for each in windows
    ]
    return Baseline(
        first_mfcc_seconds=first,
        mfcc_ms=1000.0 * theirs,
        hop_ms=1000.0 * (theirs + inference),
        mfcc_ratio=theirs / ours,
        hop_ratio=(theirs + inference) / our_hop,
        same_labels=float(np.mean(same)),
        peak_megabytes=peak_megabytes(),
    )


def _times(work: Callable[[np.ndarray], object], items: Sequence[np.ndarray]) -> float:
    """Return the median CPU time of an item (s) over ``ROUNDS`` passes over all items."""
    times = []
    for _ in range(ROUNDS):
        for item in items:
            began = time.process_time()
            work(item)
            times.append(time.process_time() - began)
    return float(np.median(times))


if __name__ == "__main__":
    print(msgspec.json.encode(compare(Path(sys.argv[1]))).decode())
