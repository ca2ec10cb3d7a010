"""The engine: live equals replay, and the records of speech, silence, gaps and ends."""

import gc
import math
import tracemalloc
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emotiond.features.mfcc import Mfcc, MfccConfig
from emotiond.model.runtime import Classifier
from emotiond.recognition.decision import PRIOR_WEIGHT
from emotiond.recognition.engine import Engine, Model
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Prediction, Record, Utterance
from emotiond.testing import LABELS, FakeModel
from tests.conftest import UTTERANCES_IN_SAMPLE
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

Step = tuple[str, float]

steps = st.lists(
    st.tuples(st.sampled_from([*sorted(SCENES), "gap", "finish"]), st.floats(0.0, 2.5)),
    min_size=1,
    max_size=6,
)
"""Steps of a stream: a sound or a gap and its seconds, or an end."""


def perform(engine: Engine, todo: Iterable[Step], into: list[int] | None = None) -> list[Record]:
    """Do the steps, with each sound whole or in blocks of the given sizes, and finish."""
    records: list[Record] = []
    for what, seconds in todo:
        if what == "gap":
            records += engine.gap(round(seconds * 1000))
        elif what == "finish":
            records += engine.finish()
        else:
            sound = SCENES[what](seconds)
            records += push_all(engine, [sound] if into is None else cut(sound, into))
    return records + engine.finish()


@pytest.fixture(scope="module")
def classifier(model_path) -> Classifier:
    return Classifier(model_path)


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


HANG_OVER_SECONDS = 1.1
"""Longest hang-over (s): that of the settings, in hops of a second, and a little more."""


@given(todo=steps, hop_seconds=st.sampled_from([0.05, 0.5, 1.0]))
@example(todo=[("noise", each) for each in (2.0, 1.5111332551813652, 2.44140625)], hop_seconds=0.05)
@example(todo=[("noise", 1.0), ("finish", 0.0), ("room", 1.0), ("noise", 1.0)], hop_seconds=0.05)
def test_every_utterance_ends_and_spans_its_predictions(
    todo: list[Step], hop_seconds: float
) -> None:
    engine = Engine(FakeModel(), hop_seconds=hop_seconds)
    records = perform(engine, todo)
    under_way: list[Prediction] = []
    speaking = False
    last_end = 0.0
    for record in records:
        assert record.start < record.end
        if isinstance(record, Prediction):
            if record.state == "no_speech":
                assert speaking, "no_speech is only recorded at the end of speech"
                speaking = False
                continue
            if not speaking:
                # Hang-over behind the end of a stream may belong to no utterance, but is short.
                assert not under_way or under_way[-1].end - under_way[0].start <= HANG_OVER_SECONDS
                under_way = []
            if under_way:
                assert record.start == under_way[-1].end
            assert set(record.probabilities) == set(LABELS)
            assert record.raw_label in LABELS
            assert (record.label is None) == (record.state == "uncertain")
            best = max(record.probabilities.values())
            assert record.confidence == record.probabilities.get(record.label, best)
            assert sum(record.probabilities.values()) == pytest.approx(1.0, abs=1e-3)
            assert 0.0 <= record.speech <= 1.0
            under_way.append(record)
            speaking = True
        else:
            assert isinstance(record, Utterance)
            assert under_way
            assert last_end <= record.start < under_way[0].end
            assert record.end <= under_way[-1].end
            assert sum(record.probabilities.values()) == pytest.approx(1.0, abs=1e-3)
            under_way = []
            last_end = record.end


@pytest.mark.parametrize("hop_seconds", [0.05, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("hangover", [0.0, 0.5, 2.0])
def test_an_utterance_ends_where_silence_begins(hop_seconds: float, hangover: float) -> None:
    sound = np.concatenate((silence(1.3), speech(2.0), silence(3.0)))
    truth = 1.3 + 2.0 - 0.1  # the last swell has died away 0.1 s before its end
    gate = GateSettings(hangover_seconds=hangover)
    engine = Engine(FakeModel(), hop_seconds=hop_seconds, gate=gate)
    records = engine.push(sound) + engine.finish()
    *_, utterance = (each for each in records if isinstance(each, Utterance))
    assert utterance.end == pytest.approx(truth, abs=0.08)
    *_, silent = (each for each in records if isinstance(each, Prediction))
    assert silent.state == "no_speech"
    assert silent.start >= utterance.end


def test_an_utterance_of_a_voice_ends_where_the_voice_does(sample: np.ndarray) -> None:
    voice = sample[round(6.0 * RATE) : round(9.1 * RATE)]
    end = 8.36 - 6.0  # from there on its frames are 35 dB below the loudest
    for pause in (2.0, 2.13, 2.31, 2.49):
        engine = Engine(FakeModel(opens_for="speech"))
        records = engine.push(np.concatenate((silence(pause), voice, silence(3.0))))
        (utterance,) = (each for each in records if isinstance(each, Utterance))
        assert utterance.end == pytest.approx(pause + end, abs=0.45)


def endings() -> dict[str, list[Step]]:
    return {
        "the end of the stream": [("finish", 0.0)],
        "a gap": [("gap", 1.0)],
        "silence": [("silence", 3.0)],
        "a quiet room": [("room", 3.0)],
        "steady noise": [("noise", 8.0)],
    }


@pytest.mark.parametrize("ending", endings().values(), ids=endings())
def test_an_utterance_ends_at(ending: list[Step]) -> None:
    engine = Engine(FakeModel())
    records = push_all(engine, [silence(1.0), speech(2.0)])
    assert not any(isinstance(record, Utterance) for record in records)
    for what, seconds in ending:
        if what == "finish":
            records = engine.finish()
        elif what == "gap":
            records = engine.gap(round(seconds))
        else:
            records = engine.push(SCENES[what](seconds))
    assert sum(isinstance(record, Utterance) for record in records) == 1


def test_finish_processes_a_last_part_of_a_hop() -> None:
    engine = Engine(FakeModel())
    sound = speech(1.0)[: engine.hop + 4000]
    records = push_all(engine, [sound]) + engine.finish()
    *_, last, utterance = records
    assert last.end == round(len(sound) / RATE, 3)
    assert last.start < utterance.end <= last.end
    assert engine.seconds == len(sound) / RATE
    assert engine.finish() == []


def test_a_last_part_of_a_hop_is_heard_as_if_silence_followed() -> None:
    models = RememberingModel(), RememberingModel()
    ended, silent = (Engine(model) for model in models)
    sound = speech(2.0)[: 2 * ended.hop + 4000]
    ended.push(sound)
    ended.finish()
    silent.push(np.pad(sound, (0, silent.hop - 4000)))
    assert len(models[0].windows) == 3
    np.testing.assert_array_equal(models[0].windows, models[1].windows)


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


@pytest.mark.parametrize("stride", [1, 4])
def test_very_long_speech_is_cut_at_the_same_length_for_any_stride(stride: int) -> None:
    engine = Engine(FakeModel(), decision=DecisionSettings(longest_utterance=5.0))
    engine.stride = stride
    utterances = [each for each in engine.push(speech(17.0)) if isinstance(each, Utterance)]
    assert len(utterances) >= 2
    for each in utterances:
        assert each.end - each.start == pytest.approx(5.0, abs=stride * engine.hop / RATE)


@pytest.mark.parametrize("longest", [1.0, 3.0, 30.0])
def test_very_long_speech_is_cut_into_utterances(longest: float) -> None:
    engine = Engine(FakeModel(), decision=DecisionSettings(longest_utterance=longest))
    records = engine.push(speech(10.0)) + engine.finish()
    predictions = [each for each in records if isinstance(each, Prediction)]
    utterances = [each for each in records if isinstance(each, Utterance)]
    hop = engine.hop / RATE
    assert {each.state for each in predictions} <= {"emotion", "uncertain"}
    assert len(utterances) == -(-len(predictions) // round(longest / hop))
    assert utterances[0].start == predictions[0].start
    assert utterances[-1].end == pytest.approx(10.0, abs=0.2)
    for one, other in pairwise(utterances):
        assert one.end == other.start
        assert one.end - one.start == pytest.approx(longest, abs=hop)


def test_a_cut_at_the_end_of_speech_leaves_no_empty_utterance() -> None:
    engine = Engine(FakeModel(), decision=DecisionSettings(longest_utterance=0.5))
    records = engine.push(speech(engine.hop * 3 / RATE)) + engine.finish()
    kinds = ["u" if isinstance(record, Utterance) else record.state[0] for record in records]
    assert "".join(kinds).replace("e", "p") == "pupupu"


def test_a_cut_before_silence_leaves_no_utterance_of_silence() -> None:
    hop = Engine(FakeModel()).hop / RATE
    engine = Engine(
        FakeModel(),
        gate=GateSettings(hangover_seconds=3.0),
        decision=DecisionSettings(longest_utterance=4 * hop),
    )
    records = engine.push(np.concatenate((speech(4 * hop), silence(12 * hop))))
    assert len([each for each in records if isinstance(each, Utterance)]) == 1


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


def test_the_shipped_model_finds_every_utterance_of_the_sample(
    classifier: Classifier, sample: np.ndarray
) -> None:
    engine = Engine(classifier)
    records = engine.push(sample) + engine.finish()
    utterances = [record for record in records if isinstance(record, Utterance)]
    assert len(utterances) == UTTERANCES_IN_SAMPLE
    assert {record.model for record in records} == {classifier.contract.short_hash}
    for record in utterances:
        assert set(record.probabilities) == set(classifier.contract.reported)
