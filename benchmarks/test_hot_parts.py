"""Benchmarks of the parts of a hop, to compare two versions of the code.

    pytest benchmarks --benchmark-autosave
    pytest benchmarks --benchmark-compare

``emotiond bench`` measures them together. EMOTIOND_MODEL names another model file.
"""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Conditioner, pink
from emotiond.bench.baseline import librosa_mfcc
from emotiond.bench.stages import speech_of
from emotiond.features.mfcc import StreamingMfcc
from emotiond.model.choice import AUTO, model_file
from emotiond.model.examples import Examples
from emotiond.model.head import fit
from emotiond.model.runtime import Classifier, load_quietly
from emotiond.paths import SAMPLE_RECORDING
from emotiond.recognition.decision import Decision
from emotiond.recognition.engine import Engine
from emotiond.recognition.gate import Gate
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.sinks.log import LogSink
from emotiond.values import OpensFor

RATE = 16_000

pytestmark = pytest.mark.benchmark(timer=time.process_time, min_rounds=50)


@pytest.fixture(scope="module")
def model() -> Classifier:
    """Return the classifier that is measured."""
    return load_quietly(model_file(os.environ.get("EMOTIOND_MODEL", AUTO)))


@pytest.fixture(scope="module")
def hops(model: Classifier) -> list[np.ndarray]:
    """Return hops of speech without pauses."""
    talk = speech_of(model, read_sound(SAMPLE_RECORDING, RATE))
    hop = Engine(model).hop
    return [talk[i : i + hop] for i in range(0, len(talk) - hop + 1, hop)]


@pytest.fixture(scope="module")
def window(model: Classifier, hops: list[np.ndarray]) -> np.ndarray:
    """Return the sound of one window."""
    return np.concatenate(hops)[: model.contract.window_samples]


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_resampling(benchmark: BenchmarkFixture, rate: int) -> None:
    conditioner = Conditioner(rate, RATE)
    block = np.repeat(pink(0.1, rate, -20.0)[:, np.newaxis], 2, axis=1)
    benchmark(conditioner.push, block)


@pytest.mark.parametrize("opens_for", ["sound", "speech"])
def test_gate(benchmark: BenchmarkFixture, hops: list[np.ndarray], opens_for: OpensFor) -> None:
    gate = Gate(GateSettings(), RATE, len(hops[0]), opens_for)
    turns = iter(hops * 10_000)
    benchmark(lambda: gate.push(next(turns)))


def test_gate_in_a_quiet_room(benchmark: BenchmarkFixture, model: Classifier) -> None:
    hop = Engine(model).hop
    gate = Gate(GateSettings(), RATE, hop, "speech")
    room = pink(60.0, RATE, -60.0)
    turns = [room[i : i + hop] for i in range(0, len(room) - hop, hop)]
    for each in turns:
        gate.push(each)
    endless = iter(turns * 10_000)
    benchmark(lambda: gate.push(next(endless)))


def test_mfcc(benchmark: BenchmarkFixture, model: Classifier, hops: list[np.ndarray]) -> None:
    mfcc = StreamingMfcc(model.contract.mfcc)
    benchmark(mfcc.push, hops[0])


def test_mfcc_by_librosa(
    benchmark: BenchmarkFixture, model: Classifier, window: np.ndarray
) -> None:
    pytest.importorskip("librosa")
    benchmark(librosa_mfcc, window, model.contract.mfcc)


def test_inference(benchmark: BenchmarkFixture, model: Classifier) -> None:
    contract = model.contract
    frames = np.zeros((contract.window_frames, contract.mfcc.n_mfcc), np.float32)
    benchmark(model.run, frames)


def test_decision(benchmark: BenchmarkFixture, model: Classifier) -> None:
    decision = Decision(model.contract, DecisionSettings(), 0.5)
    count = len(model.contract.labels)
    benchmark(decision.push, np.full(count, 1.0 / count, np.float32), 1.0)


@pytest.fixture(scope="module")
def taught() -> Examples:
    """Return as many taught examples as a profile may have, of a large embedding."""
    random = np.random.default_rng(1)
    labels = np.arange(500) % 7
    embeddings = random.normal(0.0, 0.6, (7, 4400))[labels] + random.normal(0.0, 3.0, (500, 4400))
    own_logits = random.normal(0.0, 2.0, (500, 7)) + 2.0 * np.eye(7)[labels]
    return Examples(
        embeddings.astype(np.float32), own_logits.astype(np.float32), labels, np.arange(500)
    )


@pytest.mark.benchmark(timer=time.process_time, min_rounds=5)
@pytest.mark.parametrize("leave_out", [False, True])
def test_fit_of_a_taught_head(
    benchmark: BenchmarkFixture, taught: Examples, leave_out: bool
) -> None:
    benchmark(fit, taught, "abcdefg", leave_out=leave_out)


def test_taught_head(benchmark: BenchmarkFixture, taught: Examples) -> None:
    head = fit(taught, "abcdefg", leave_out=False)
    benchmark(head.logits, taught.embeddings[0], taught.own_logits[0])


def test_log(
    benchmark: BenchmarkFixture, model: Classifier, hops: list[np.ndarray], tmp_path: Path
) -> None:
    engine = Engine(model, gate=GateSettings(opens_for="sound"))
    record = engine.push(np.concatenate(hops))[0]
    log = LogSink(tmp_path)
    benchmark(log.write, record)
    log.close()


def test_hop_of_the_engine(
    benchmark: BenchmarkFixture, model: Classifier, hops: list[np.ndarray]
) -> None:
    engine = Engine(model, gate=GateSettings(opens_for="sound"))
    turns = iter(hops * 10_000)
    benchmark(lambda: engine.push(next(turns)))
