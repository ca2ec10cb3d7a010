"""A taught model answers with the head of its profile, and keeps what teaching needs."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiond.model.company import Background, Company
from emotiond.model.contract import OTHER
from emotiond.model.taught import (
    TaughtModel,
    contradicted,
    examples_of,
    head_labels,
    taught,
    voices_in_words,
    voices_of,
)
from emotiond.recognition.engine import Engine
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Utterance, encode
from emotiond.testing import LABELS, FakeModel, fake_contract
from tests.daemon.sounds import cut, silence, sizes, speech
from tests.daemon.voices import CONTRACT, EMBEDDING, profile_of

WITH_SILENCE = (*LABELS[:1], "no_speech", *LABELS[1:])
"""Labels of a model that knows silence, not at its end."""


def windows(count: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0.0, 40.0, (count, 20, 8)).astype(np.float32)


def test_the_logits_are_those_of_the_head_and_the_models_own_stay_beside_them() -> None:
    model = FakeModel(**EMBEDDING)
    profile = profile_of(2 * LABELS)
    new = TaughtModel(model, voices_of(profile, model.contract))
    for window in windows(5):
        own, output = model.run(window), new.run(window)
        expected = new.voices.head.logits(own.embedding, own.logits)
        np.testing.assert_allclose(output.logits, expected, rtol=1e-5)
        np.testing.assert_array_equal(output.own_logits, own.logits)
        np.testing.assert_array_equal(output.embedding, own.embedding)
    assert new.contract.temperature == new.voices.head.temperature
    assert new.contract.abstain_below == new.voices.head.abstain_below
    assert new.contract.short_hash == model.contract.short_hash
    assert (new.profile, new.voices.examples) == (profile.hash, 6)


def test_a_profile_without_examples_leaves_the_model_as_it_is() -> None:
    model = FakeModel(**EMBEDDING)
    assert taught(model, profile_of([])) is model


@pytest.mark.parametrize("labels", [LABELS, ("laughing", "crying", "laughing")])
def test_silence_keeps_the_probability_that_the_model_gives_it(labels: tuple[str, ...]) -> None:
    model = FakeModel(WITH_SILENCE, **EMBEDDING, temperature=1.7)
    new = taught(model, profile_of(labels, model.contract))
    place = model.contract.labels.index("no_speech")
    assert new.contract.reported == head_labels(model.contract, labels)
    for window in windows(5):
        own = model.run(window).probabilities(model.contract.temperature)
        found = new.run(window).probabilities(new.contract.temperature)
        assert found[new.contract.labels.index("no_speech")] == pytest.approx(own[place], rel=1e-3)
        assert found.sum() == pytest.approx(1.0, rel=1e-5)


def test_labels_of_the_model_stay_and_new_ones_make_a_head_of_those_taught() -> None:
    assert head_labels(fake_contract(WITH_SILENCE), ["merry"]) == ("calm", "cross", "merry")
    assert head_labels(CONTRACT, ["merry", "laughing"]) == ("laughing", "merry")


def test_the_examples_of_a_profile_are_those_that_heads_are_fitted_on() -> None:
    contract = fake_contract(WITH_SILENCE, **EMBEDDING)
    profile = profile_of(["merry", "calm"], contract)
    found = examples_of(profile, contract, LABELS)
    first = profile.examples[0]
    np.testing.assert_array_equal(found.embeddings[0], first.numbers)
    np.testing.assert_allclose(found.own_logits[0], np.delete(first.own_logits, 1))
    assert found.labels.tolist() == [2, 0]
    assert found.groups[0] != found.groups[1]


@settings(max_examples=10)
@given(into=sizes, labels=st.sampled_from([2 * LABELS, ("laughing", "crying")]))
def test_a_taught_engine_says_the_same_live_and_replayed(
    into: list[int], labels: tuple[str, ...]
) -> None:
    sound = np.concatenate([speech(2.0), silence(2.0), speech(1.0)])
    found = []
    for sizes_of_blocks in ([len(sound)], into):
        engine = Engine(taught(FakeModel(**EMBEDDING), profile_of(labels)))
        records = [each for block in cut(sound, sizes_of_blocks) for each in engine.push(block)]
        found.append([encode(each) for each in records + engine.finish()])
    assert found[0] == found[1]
    assert len(found[0]) > 4


def test_an_utterance_names_its_profile_and_a_new_head_takes_effect_without_a_new_model() -> None:
    model, profile = FakeModel(**EMBEDDING), profile_of(LABELS)
    engine = Engine(model)
    [before] = utterances(engine)
    engine = engine.renewed(0.5, GateSettings(), DecisionSettings(), taught(model, profile))
    [after] = utterances(engine)
    assert (before.profile, after.profile) == (None, profile.hash)
    assert after.start > before.end
    [output] = engine.outputs
    assert output.embedding is not None
    assert output.untaught is not None
    assert len(output.own_logits) == len(LABELS)


def utterances(engine: Engine) -> list[Utterance]:
    """Return the utterance that ends after some speech."""
    records = engine.push(speech(2.0))
    records += engine.finish()
    return [each for each in records if isinstance(each, Utterance)]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([], ""),
        (["calm"], "with your voices (1 example)"),
        (2 * LABELS, "with your voices (6 examples)"),
    ],
)
def test_a_taught_model_says_so_in_words(labels: list[str], words: str) -> None:
    assert voices_in_words(taught(FakeModel(**EMBEDDING), profile_of(labels))) == words


def test_examples_under_a_wrong_label_are_contradicted_by_the_others() -> None:
    labels = 8 * list(LABELS)
    profile = profile_of(labels, clear=6.0)
    assert contradicted(profile, CONTRACT) == frozenset()
    first, *others = profile.examples
    wrong = msgspec.structs.replace(first, label="merry")
    assert first.label != wrong.label
    mistaken = msgspec.structs.replace(profile, examples=(wrong, *others))
    assert contradicted(mistaken, CONTRACT) == {wrong.id}


def test_a_head_of_new_labels_with_a_background_opens_for_any_sound() -> None:
    profile = profile_of(["dog", "bell", "dog", "bell"])
    random = np.random.default_rng(1)
    background = Background(random.normal(size=(20, 5)), random.normal(size=(20, 3)))
    model = FakeModel(**EMBEDDING, opens_for="speech")
    new = TaughtModel(model, voices_of(profile, model.contract, Company(background)))
    assert new.contract.labels == ("bell", "dog", OTHER)
    assert new.contract.reported == ("bell", "dog")
    assert new.contract.opens_for == "sound"
    known = TaughtModel(model, voices_of(profile_of(LABELS), model.contract, Company(background)))
    assert known.contract.labels == (*LABELS, OTHER)
    assert known.contract.opens_for == "speech"


def test_silence_is_a_part_of_none_of_these_beside_new_labels() -> None:
    model = FakeModel(WITH_SILENCE, **EMBEDDING)
    random = np.random.default_rng(1)
    background = Background(random.normal(size=(20, 5)), random.normal(size=(20, 3)))
    profile = profile_of(["dog", "bell", "dog", "bell"], model.contract)
    new = TaughtModel(model, voices_of(profile, model.contract, Company(background)))
    place = model.contract.labels.index("no_speech")
    for window in windows(5):
        own = model.run(window).probabilities(model.contract.temperature)[place]
        found = new.run(window).probabilities(new.contract.temperature)
        shares = dict(zip(new.contract.labels, found, strict=True))
        named = (shares["dog"] + shares["bell"]) / (1.0 - shares["no_speech"])
        assert shares["no_speech"] == pytest.approx(own * (1.0 - named), rel=1e-3, abs=1e-6)
