"""Utterances: where they begin and end, and where long speech is cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emotiond.model.runtime import Classifier
from emotiond.recognition.engine import Engine
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Prediction, Utterance
from emotiond.testing import LABELS, FakeModel
from tests.conftest import UTTERANCES_IN_SAMPLE
from tests.daemon.recognition.steps import Step, perform, steps
from tests.daemon.sounds import (
    RATE,
    SCENES,
    RememberingModel,
    push_all,
    silence,
    speech,
)

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
