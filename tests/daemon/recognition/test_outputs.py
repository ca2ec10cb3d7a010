"""The output of an utterance: the mean output of its windows."""

import math
from functools import partial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiond.model.output import Output
from emotiond.recognition.engine import Engine
from emotiond.recognition.settings import DecisionSettings
from emotiond.record import Utterance
from emotiond.testing import LABELS, FakeModel
from tests.daemon.sounds import (
    RATE,
    cut,
    silence,
    sizes,
    speech,
)
from tests.daemon.voices import EMBEDDING


def outputs_of(engine: Engine, sound: np.ndarray, into: list[int]) -> list[list[float]]:
    """Return each utterance's output, as numbers, and hold that there is one for each."""
    found: list[list[float]] = []
    for step in (*(partial(engine.push, each) for each in cut(sound, into)), engine.finish):
        records = step()
        utterances = [each for each in records if isinstance(each, Utterance)]
        assert len(utterances) == len(engine.outputs)
        for output in engine.outputs:
            assert output.embedding is not None
            found.append([*output.logits.tolist(), *output.embedding.tolist()])
    return found


@settings(max_examples=10)
@given(into=sizes, longest=st.sampled_from([1.0, 60.0]))
def test_each_utterance_has_its_output_and_it_is_the_same_live_and_replayed(
    into: list[int], longest: float
) -> None:
    sound = np.concatenate([speech(2.0), silence(2.0), speech(1.0), silence(3.0), speech(0.5)])
    whole, blocks = (
        outputs_of(
            Engine(FakeModel(**EMBEDDING), decision=DecisionSettings(longest_utterance=longest)),
            sound,
            each,
        )
        for each in ([len(sound)], into)
    )
    assert blocks == whole
    assert len(whole) >= 3


def test_the_output_of_an_utterance_is_the_mean_by_the_weights_of_the_decision() -> None:
    said: list[Output] = []

    class Saying(FakeModel):
        def run(self, frames: np.ndarray) -> Output:
            said.append(super().run(frames))
            return said[-1]

    model = Saying(window_frames=90, **EMBEDDING)
    engine = Engine(model)
    hops = math.ceil(model.contract.window_samples / engine.hop)
    engine.push(speech(2.0 * hops * engine.hop / RATE))
    assert engine.outputs == []
    engine.finish()
    [output] = engine.outputs
    weights = [min(1.0, (hop + 1) / hops) for hop in range(len(said))]
    for name in ("logits", "embedding"):
        rows = [getattr(each, name) for each in said]
        expected = np.average(rows, axis=0, weights=weights)
        np.testing.assert_allclose(getattr(output, name), expected, rtol=1e-5)
        assert getattr(output, name).dtype == np.float32
    engine.push(silence(1.0))
    assert engine.outputs == []


def test_a_model_without_an_embedding_has_only_logits_for_an_utterance() -> None:
    engine = Engine(FakeModel())
    engine.push(speech(2.0))
    engine.gap(1000)
    [output] = engine.outputs
    assert output.embedding is None
    assert output.logits.shape == (len(LABELS),)
