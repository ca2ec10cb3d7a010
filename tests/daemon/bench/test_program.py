"""The figures of ``emotiond bench``: each is there and measures what it says."""

import json
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from emotiond.audio.signal import decibels
from emotiond.bench import stages
from emotiond.bench.program import Baseline, Bench, Start
from emotiond.bench.stages import LoopCost
from emotiond.commands.bench import side_by_side, table
from emotiond.model.runtime import Classifier
from tests.conftest import Run
from tests.daemon.sounds import RATE, silence, speech

FIGURES = Bench(
    machine="aarch64, Python 3.11.2",
    load=0.5,
    runtime="ai_edge_litert",
    model="01234567",
    file="emotiond-small.tflite",
    voices="with your voices (2 examples)",
    hop_seconds=0.512,
    stages_ms={"mfcc": 0.11, "inference": 0.22},
    loops={
        "quiet room": LoopCost(open=0.0, hop_ms=0.25, core_share=0.0005, times_real_time=2500.0)
    },
    start=Start(help_seconds=0.04, first_prediction_seconds=0.37, peak_megabytes=62.0),
    baseline=Baseline(
        first_mfcc_seconds=1.5,
        mfcc_ms=1.6,
        hop_ms=1.8,
        mfcc_ratio=15.1,
        hop_ratio=4.1,
        same_labels=1.0,
        peak_megabytes=275.0,
    ),
)


def test_every_stage_of_a_hop_is_measured(model_path: Path) -> None:
    found = stages.stages_ms(Classifier(model_path), speech(3.0), silence(3.0))
    assert set(found) == {
        "resample",
        "gate, speech",
        "gate, speech, energy alone",
        "gate, quiet room",
        "mfcc",
        "inference",
        "decision",
        "sinks",
        "screen",
    }
    assert all(0.0 < ms < 1000.0 for ms in found.values())


def test_the_loop_is_measured_with_its_gate_open_and_closed(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "SCENE_SECONDS", 10.0)
    model = Classifier(model_path)
    loud, quiet = (
        stages.loop_cost(model, each, "sound", 0.0) for each in (speech(5.0), silence(5.0))
    )
    assert (loud.open, quiet.open) == (pytest.approx(1.0, abs=0.1), 0.0)
    assert loud.hop_ms > quiet.hop_ms > 0.0
    assert loud.times_real_time < quiet.times_real_time


def test_waiting_for_sound_is_measured_in_real_time(model_path: Path) -> None:
    began = time.monotonic()
    assert 0.0 <= stages.waking_ms(Classifier(model_path), silence(1.0)) < 1000.0
    assert time.monotonic() - began >= 1.0


def test_speech_of_keeps_the_hops_at_which_the_gate_is_open(
    model_path: Path, sample: np.ndarray
) -> None:
    talk = stages.speech_of(Classifier(model_path), sample)
    assert 0.3 * len(sample) < len(talk) < 0.9 * len(sample)


def test_the_quiet_room_has_its_level() -> None:
    room = stages.pink(2.0, RATE, -60.0).astype(np.float64)
    assert decibels(np.mean(room**2, keepdims=True))[0] == pytest.approx(-60.0, abs=0.1)


def test_the_table_has_every_figure() -> None:
    text = table(FIGURES)
    for figure in (
        "0.110",
        "0.220",
        "0.05%",
        "2,500",
        "0.37 s",
        "62 MB",
        "15.1 times",
        "4.1 times",
    ):
        assert figure in text


def test_models_are_shown_side_by_side() -> None:
    loop = LoopCost(open=1.0, hop_ms=14.5, core_share=0.029, times_real_time=35.0)
    start = Start(help_seconds=0.04, first_prediction_seconds=0.61, peak_megabytes=128.0)
    figures = [
        msgspec.structs.replace(
            FIGURES,
            file=f"emotiond-{word}.tflite",
            stages_ms={"inference": ms},
            loops={"speech": loop},
            start=start,
        )
        for word, ms in (("large", 13.25), ("small", 0.25))
    ]
    head, large, small = side_by_side(figures).splitlines()
    assert len(head) == len(large) == len(small)
    assert " ".join(large.split()) == "emotiond-large.tflite 13.25 ms 14.50 ms 2.90% 128 MB 0.61 s"
    assert small.split()[:2] == ["emotiond-small.tflite", "0.25"]


def test_without_librosa_the_table_has_no_comparison() -> None:
    text = table(msgspec.structs.replace(FIGURES, baseline=None))
    assert "no comparison with librosa: it is not installed" in text


def test_a_missing_model_exits_with_2_and_one_line(emotiond: Run) -> None:
    ended = emotiond("bench", "--model", "missing.tflite")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr == b"emotiond: model missing.tflite: no such file or directory\n"


@pytest.mark.slow
def test_the_figures_of_the_program_are_json_and_agree_with_each_other(emotiond: Run) -> None:
    ended = emotiond("bench", "--json", "--model", "small", timeout=300)
    assert ended.stderr == b""
    figures = msgspec.json.decode(ended.stdout, type=Bench)
    assert json.loads(ended.stdout)["start"]["peak_megabytes"] > 20.0
    assert figures.loops["speech"].open > 0.8
    assert figures.loops["quiet room"].open < 0.1
    assert figures.loops["quiet room"].hop_ms < figures.loops["speech"].hop_ms
    assert figures.baseline is not None
    assert figures.baseline.same_labels > 0.9
    assert figures.baseline.mfcc_ratio > 3.0
