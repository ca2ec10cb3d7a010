"""Another taught head judges from the next hop; live equals replay with it, too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.model.taught import TaughtModel, voices_of
from emotiond.recognition.engine import Engine
from emotiond.record import Prediction, Utterance
from emotiond.testing import FakeModel
from tests.daemon.sounds import (
    cut,
    silence,
    sizes,
    speech,
)
from tests.daemon.voices import EMBEDDING, profile_of


@given(at=st.integers(0, 40), into=sizes)
def test_the_same_head_again_changes_nothing(at: int, into: list[int]) -> None:
    sound = list(cut(np.concatenate((speech(2.0), silence(2.0))), into))
    engine, used = Engine(FakeModel()), Engine(FakeModel())
    for number, each in enumerate(sound):
        if number == at:
            assert used.use(FakeModel()) == []
        assert used.push(each) == engine.push(each)
    assert used.finish() == engine.finish()


def test_another_head_judges_from_the_next_hop_and_the_utterance_goes_on() -> None:
    calm = FakeModel(answer=lambda _: np.array([0.9, 0.05, 0.05]), **EMBEDDING)
    own = TaughtModel(calm, voices_of(profile_of(["cross", "merry"] * 3), calm.contract))
    engine = Engine(calm)
    before = engine.push(speech(2.0))
    assert {each.raw_label for each in before} == {"calm"}
    assert engine.use(own) == []
    after = engine.push(speech(2.0)) + engine.push(silence(2.0))
    (utterance,) = (each for each in after if isinstance(each, Utterance))
    assert utterance.profile == own.profile
    assert (utterance.start, utterance.end) == (0.0, pytest.approx(4.0, abs=0.3))
    # Its own logits are those of all its windows, whatever the head was.
    (output,) = engine.outputs
    assert output.own_logits == pytest.approx(np.log([0.9, 0.05, 0.05]), abs=1e-5)
    # The first prediction after it has the window of an engine that had this head all along.
    whole = Engine(own)
    whole.push(speech(2.0))
    raw = [each.raw_label for each in whole.push(speech(2.0))]
    assert [each.raw_label for each in after if isinstance(each, Prediction)][: len(raw)] == raw


def test_other_labels_end_the_utterance_under_way_and_the_threshold_is_the_new_ones() -> None:
    old, new = FakeModel(), FakeModel(("tired", "awake"), abstain_below=0.0)
    engine = Engine(old)
    before = engine.push(speech(2.0))
    (ended,) = engine.use(new)
    assert isinstance(ended, Utterance)
    assert set(ended.probabilities) == set(old.contract.labels)
    assert ended.end <= before[-1].end
    after = engine.push(speech(2.0)) + engine.finish()
    assert {tuple(each.probabilities) for each in after} == {("tired", "awake")}
    assert {each.state for each in after} == {"emotion"}
    assert after[0].start == before[-1].end
    assert after[-1].start >= ended.end
