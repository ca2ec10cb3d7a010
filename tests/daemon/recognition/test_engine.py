"""The engine: live equals replay, and the records of speech, silence, gaps and ends."""

import gc
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiond.features.mfcc import Mfcc, MfccConfig
from emotiond.model.interface import Model
from emotiond.model.runtime import Classifier
from emotiond.recognition.decision import PRIOR_WEIGHT
from emotiond.recognition.engine import Engine
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Prediction, Utterance
from emotiond.testing import FakeModel
from tests.daemon.recognition.steps import Step, perform, steps
from tests.daemon.sounds import (
    RATE,
    SCENES,
    RememberingModel,
    cut,
    lines,
    noise,
    push_all,
    silence,
    sizes,
    speech,
    tone,
)


@given(todo=steps, into=sizes, hop_seconds=st.sampled_from([0.05, 0.1, 0.5, 1.0]))
def test_live_equals_replay_to_the_byte(
    todo: list[Step], into: list[int], hop_seconds: float
) -> None:
    whole = perform(Engine(FakeModel(), hop_seconds=hop_seconds), todo)
    blocks = perform(Engine(FakeModel(), hop_seconds=hop_seconds), todo, into)
    assert lines(blocks) == lines(whole)


@settings(max_examples=15)
@given(todo=steps, into=sizes)
def test_live_equals_replay_to_the_byte_with_the_shipped_model(
    classifier: Classifier, todo: list[Step], into: list[int]
) -> None:
    whole = perform(Engine(classifier), todo)
    assert lines(perform(Engine(classifier), todo, into)) == lines(whole)


@pytest.mark.parametrize("into", [[1], [7, 0], [160], [1600], [7999], [8192], [8193], [10**6]])
@pytest.mark.parametrize("which", ["shipped", "fake"])
def test_live_equals_replay_on_speech(
    classifier: Classifier, sample: np.ndarray, which: str, into: list[int]
) -> None:
    model: Model = classifier if which == "shipped" else FakeModel()
    piece = sample[: 6 * RATE]
    whole, blocks = Engine(model), Engine(model)
    expected = whole.push(piece) + whole.finish()
    assert any(isinstance(record, Utterance) for record in expected)
    assert lines(push_all(blocks, cut(piece, into)) + blocks.finish()) == lines(expected)


@given(todo=steps, hop_seconds=st.sampled_from([0.05, 0.5, 10.0]))
def test_two_engines_give_the_same_records_also_after_a_finish(
    todo: list[Step], hop_seconds: float
) -> None:
    one, other = (Engine(FakeModel(), hop_seconds=hop_seconds) for _ in range(2))
    assert lines(perform(one, todo)) == lines(perform(other, todo))
    assert one.seconds == other.seconds
    assert lines(perform(one, todo)) == lines(perform(other, todo))


@pytest.mark.parametrize("sound", [silence(20.0), np.full(20 * RATE, 0.2, np.float32)[:0]])
def test_digital_silence_gives_no_record(sound: np.ndarray) -> None:
    engine = Engine(FakeModel())
    assert push_all(engine, [sound]) + engine.finish() == []


@pytest.mark.parametrize("level", [1e-5, 1e-3, 0.03, 0.3])
@pytest.mark.parametrize("kind", ["white noise", "hum", "constant"])
def test_steady_noise_gives_no_record_once_the_noise_floor_has_settled(
    kind: str, level: float
) -> None:
    sound = {
        "white noise": noise(30.0, level=level),
        "hum": tone(30.0, 100.0, level=level),
        "constant": np.full(30 * RATE, level, np.float32),
    }[kind]
    engine = Engine(FakeModel())
    records = engine.push(sound)
    assert [record for record in records if record.end > 5.0] == []


def test_speech_in_steady_noise_gives_predictions() -> None:
    engine = Engine(FakeModel())
    push_all(engine, [noise(10.0, level=0.005)])
    records = push_all(engine, [speech(2.0) + noise(2.0, level=0.005)])
    assert [record.state for record in records if isinstance(record, Prediction)]


@pytest.mark.parametrize("hop_seconds", [0.001, 0.05, 0.3, 0.5, 2.0, 10.0])
@pytest.mark.parametrize(
    "mfcc",
    [
        MfccConfig(n_mels=20, n_mfcc=8),
        MfccConfig(frame_length=1000, hop_length=300, n_mels=20, n_mfcc=8),
        MfccConfig(frame_length=400, hop_length=160, n_mels=20, n_mfcc=8),
        MfccConfig(frame_length=512, hop_length=512, n_mels=20, n_mfcc=8),
    ],
    ids=lambda config: f"{config.frame_length}/{config.hop_length}",
)
def test_a_window_is_the_last_frames_also_when_the_gate_has_just_opened(
    mfcc: MfccConfig, hop_seconds: float
) -> None:
    model = RememberingModel(mfcc=mfcc, window_frames=30)
    engine = Engine(model, hop_seconds=hop_seconds)
    parts = [silence(0.7), speech(1.1), noise(2.5, level=2e-4), speech(0.9), silence(11.0)]
    sound = np.concatenate([noise(0.4, level=1e-4), *parts, speech(0.8)])
    seen: list[tuple[int, np.ndarray]] = []
    for end in range(engine.hop, len(sound) + 1, engine.hop):
        engine.push(sound[end - engine.hop : end])
        seen += [(end, window) for window in model.windows]
        model.windows.clear()
    assert seen
    # The engine takes silence, in whole hops, for the sound before the stream.
    hops = -(-mfcc.samples(30) // engine.hop)
    padded = np.concatenate((np.zeros(hops * engine.hop, np.float32), sound))
    for end, window in seen[:: max(1, len(seen) // 200)]:
        context = padded[: hops * engine.hop + end]
        frames_needed = mfcc.samples(40) // mfcc.hop_length * mfcc.hop_length
        cut_at = max(0, (len(context) - frames_needed) // mfcc.hop_length * mfcc.hop_length)
        expected = Mfcc(mfcc)(context[cut_at:])[-30:]
        np.testing.assert_allclose(window, expected, rtol=0, atol=1e-4)


def test_the_last_utterance_is_not_in_the_window_of_the_next() -> None:
    seen = []
    for first in (speech(1.0), silence(1.0)):
        model = RememberingModel(window_frames=90)
        engine = Engine(model)
        engine.push(np.concatenate((silence(8.0), first, silence(1.4))))
        model.windows.clear()
        engine.push(speech(1.0))
        seen.append(np.array(model.windows))
    np.testing.assert_array_equal(*seen)
    assert len(seen[0])


def test_the_sound_before_the_gate_opens_is_in_the_first_window() -> None:
    model = RememberingModel(window_frames=90)
    engine = Engine(model)
    sound = np.concatenate((noise(8.0, level=2e-4), speech(1.0)))
    ends = range(engine.hop, len(sound) + 1, engine.hop)
    opened = next(end for end in ends if engine.push(sound[end - engine.hop : end]))
    expected = Mfcc(model.contract.mfcc)(sound[:opened])[-90:]
    np.testing.assert_allclose(model.windows[0], expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("hop_seconds", "hop"), [(0.001, 512), (0.05, 1024), (0.5, 8192), (10.0, 312 * 512)]
)
def test_a_hop_is_a_whole_number_of_feature_hops_nearest_to_hop_seconds(
    hop_seconds: float, hop: int
) -> None:
    engine = Engine(FakeModel(), hop_seconds=hop_seconds)
    assert engine.hop == hop
    seconds = max(4.0, 2.5 * hop / RATE)
    records = push_all(engine, [silence(seconds), speech(seconds)])
    predictions = [record for record in records if isinstance(record, Prediction)]
    assert predictions
    for record in predictions:
        assert record.end - record.start == pytest.approx(hop / RATE, abs=2e-3)


def test_the_smallest_hop_of_a_model_with_short_frames_gives_records() -> None:
    mfcc = MfccConfig(frame_length=200, hop_length=80, n_mels=20, n_mfcc=8)
    engine = Engine(FakeModel(mfcc=mfcc), hop_seconds=0.001)
    assert push_all(engine, [silence(1.0), speech(1.0)])


@pytest.mark.parametrize("how", ["gap", "renewed"])
def test_speech_that_ends_at_a_gap_or_a_reload_is_followed_by_no_speech(how: str) -> None:
    engine = Engine(FakeModel())
    assert push_all(engine, [silence(4.0), speech(2.0)])
    if how == "gap":
        *_, utterance = engine.gap(100)
        assert engine.gap(100) == []
    else:
        *_, utterance = engine.finish()
        assert engine.finish() == []
        engine = engine.renewed(0.5, GateSettings(), DecisionSettings())
    assert isinstance(utterance, Utterance)
    silent, *more = push_all(engine, [silence(4.0)])
    assert (silent.state, silent.label, silent.probabilities) == ("no_speech", None, {})
    assert more == []


def test_a_gap_advances_the_time_and_its_samples_are_reported_once() -> None:
    engine = Engine(FakeModel())
    push_all(engine, [silence(1.0)])
    before = engine.seconds
    assert engine.gap(1000) == []
    engine.gap(600)
    # The last part of a hop is processed before the gap.
    assert engine.seconds == pytest.approx(1.0 + 1600 / RATE)
    assert before <= 1.0
    start = engine.seconds
    predictions = [each for each in engine.push(speech(2.0)) if isinstance(each, Prediction)]
    assert predictions[0].start == pytest.approx(start, abs=1e-3)
    assert [each.dropped for each in predictions[:3]] == [1600, 0, 0]


def test_a_gap_empties_the_window() -> None:
    model = RememberingModel()
    engine = Engine(model)
    push_all(engine, [silence(1.0), speech(2.0)])
    engine.gap(100)
    model.windows.clear()
    engine.push(speech(2.0))
    fresh = RememberingModel()
    Engine(fresh).push(speech(2.0))
    assert len(model.windows) == len(fresh.windows)
    np.testing.assert_array_equal(model.windows[0], fresh.windows[0])


@pytest.mark.parametrize(
    "bad", [np.array([np.nan]), np.array([0.0, np.inf]), np.zeros((2, 2))], ids=["nan", "inf", "2d"]
)
def test_a_bad_block_is_rejected_and_changes_nothing(bad: np.ndarray) -> None:
    sound = np.concatenate((silence(1.0), speech(2.0)))
    disturbed, calm = Engine(FakeModel()), Engine(FakeModel())
    records = push_all(disturbed, [sound[:20_000]])
    with pytest.raises(ValueError, match="signal"):
        disturbed.push(bad)
    records += push_all(disturbed, [sound[20_000:]]) + disturbed.finish()
    assert lines(records) == lines(push_all(calm, [sound]) + calm.finish())


@pytest.mark.parametrize("scene", ["speech", "silence", "noise"])
def test_memory_does_not_grow_with_the_stream(scene: str) -> None:
    engine = Engine(FakeModel())
    sound = SCENES[scene](2 * engine.hop / RATE)
    for _ in range(30):
        engine.push(sound)
    tracemalloc.start()
    try:
        for _ in range(10):
            engine.push(sound)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(200):
            engine.push(sound)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000  # of 13 MB of sound


@pytest.mark.parametrize(("abstain_below", "state"), [(0.0, "emotion"), (1.0, "uncertain")])
def test_the_threshold_of_the_settings_wins_over_the_models(
    abstain_below: float, state: str
) -> None:
    # The model's own threshold would give the opposite result.
    model = FakeModel(
        ("one", "other"), lambda _: np.array([0.6, 0.4]), abstain_below=1.0 - abstain_below
    )
    engine = Engine(model, decision=DecisionSettings(abstain_below=abstain_below))
    records = engine.push(speech(2.0)) + engine.finish()
    assert isinstance(records[-1], Utterance)
    assert {record.state for record in records} == {state}
    assert {record.label for record in records} == {"one" if state == "emotion" else None}


@pytest.mark.parametrize(("no_speech", "count"), [(0.9, 0), (0.1, 1)])
def test_a_model_with_the_label_no_speech_decides_whether_there_is_an_utterance(
    no_speech: float, count: int
) -> None:
    rest = 1.0 - no_speech
    row = np.array([0.8 * rest, 0.2 * rest, no_speech])
    model = FakeModel(("one", "other", "no_speech"), lambda _: row)
    engine = Engine(model)
    records = engine.push(speech(3.0)) + engine.finish()
    utterances = [each for each in records if isinstance(each, Utterance)]
    predictions = [each for each in records if isinstance(each, Prediction)]
    assert len(utterances) == count
    assert {each.state for each in predictions} == {"emotion" if count else "no_speech"}
    assert {each.raw_label for each in predictions} == {"one" if count else None}
    for record in predictions + utterances:
        assert set(record.probabilities) == ({"one", "other"} if count else set())


def test_a_window_weighs_by_the_share_of_it_that_is_speech() -> None:
    answers = iter(np.eye(3, dtype=np.float32)[[0, 1, 1, 1, 1, 1, 1, 1, 1]])
    model = FakeModel(answer=lambda _: next(answers), window_frames=90)
    engine = Engine(model, decision=DecisionSettings(smoothing_seconds=600.0))
    hops = math.ceil(model.contract.window_samples / engine.hop)
    assert hops == 6
    sound = speech(8 * engine.hop / RATE)
    predictions = [each for each in engine.push(sound) if isinstance(each, Prediction)]
    decay = math.exp(-engine.hop / RATE / 600.0)
    weights = [min(1.0, (hop + 1) / hops) for hop in range(8)]
    for number, prediction in enumerate(predictions):
        aged = [w * decay ** (number - hop) for hop, w in enumerate(weights[: number + 1])]
        first = (aged[0] + PRIOR_WEIGHT / 3) / (sum(aged) + PRIOR_WEIGHT)
        assert prediction.probabilities["calm"] == pytest.approx(first, abs=1e-3)


@settings(max_examples=8)
@given(into=sizes, hop_seconds=st.sampled_from([0.1, 0.5, 1.0]))
def test_live_equals_replay_to_the_byte_with_the_voice_detector(
    sample: np.ndarray, into: list[int], hop_seconds: float
) -> None:
    engines = [Engine(FakeModel(opens_for="speech"), hop_seconds=hop_seconds) for _ in range(2)]
    piece = np.concatenate((noise(0.7, level=1e-3), sample[: 5 * RATE]))
    whole = engines[0].push(piece) + engines[0].gap(100) + engines[0].push(piece)
    parts = push_all(engines[1], cut(piece, into)) + engines[1].gap(100)
    parts += push_all(engines[1], cut(piece, into))
    assert any(isinstance(record, Utterance) for record in whole)
    assert lines(parts) == lines(whole)
    assert lines(engines[0].finish()) == lines(engines[1].finish())


def test_the_margin_of_the_settings_reaches_the_gate() -> None:
    sound = np.concatenate((noise(5.0, level=0.003), speech(2.0, level=0.02)))
    easy = Engine(FakeModel(), gate=GateSettings(margin_db=6.0))
    hard = Engine(FakeModel(), gate=GateSettings(margin_db=60.0))
    assert easy.push(sound)
    assert not hard.push(sound)
