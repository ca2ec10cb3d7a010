"""An annotation hears a recording as classify does; its picture shows the sound."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.annotation.annotation import annotate
from emotiond.annotation.picture import COLUMNS, WINDOW, spectrogram
from emotiond.api import classify, load_model
from emotiond.values import LEAST_DB
from tests.conftest import UTTERANCES_IN_SAMPLE

RATE = 16_000


def test_the_utterances_give_the_verdict_of_classify(model_path: Path, sample_path: Path) -> None:
    model = load_model(model_path)
    found = annotate(sample_path, model, hops=True)
    verdict = classify(sample_path, model=model)
    assert found.seconds == pytest.approx(verdict.seconds, abs=1e-3)
    assert found.model == model.contract.short_hash
    lengths = [each.end - each.start for each in found.utterances]
    rows = [list(each.probabilities.values()) for each in found.utterances]
    mean = np.average(rows, axis=0, weights=lengths)
    assert mean == pytest.approx(list(verdict.probabilities.values()), abs=1e-3)
    assert len(found.utterances) in (UTTERANCES_IN_SAMPLE - 1, UTTERANCES_IN_SAMPLE)


def test_parts_follow_one_another_within_the_recording(model_path: Path, sample_path: Path) -> None:
    found = annotate(sample_path, load_model(model_path), hops=True)
    for parts in found.tiers.values():
        edges = [edge for each in parts for edge in (each.start, each.end)]
        assert edges == sorted(edges)
        assert 0.0 <= edges[0] < edges[-1] <= found.seconds
        assert {each.state for each in parts} <= {"emotion", "uncertain"}
    plain = annotate(sample_path, load_model(model_path))
    assert plain.hops is msgspec.UNSET
    assert plain.utterances == found.utterances


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=12))
def test_a_spectrogram_does_not_depend_on_the_blocks(sizes: list[int]) -> None:
    sound = np.random.default_rng(0).normal(0.0, 0.1, sum(sizes)).astype(np.float32)
    blocks = np.split(sound, np.cumsum(sizes)[:-1])
    whole, parted = (spectrogram(each, len(sound)) for each in ([sound], blocks))
    assert np.array_equal(whole, parted)
    assert whole.shape[0] == WINDOW // 2 + 1


def test_a_tone_is_a_line_at_its_frequency_and_level() -> None:
    time = np.arange(RATE * 60) / RATE
    tone = (0.1 * np.sin(2 * np.pi * 1000.0 * time)).astype(np.float32)
    levels = spectrogram([tone], len(tone))
    assert levels.shape[1] <= COLUMNS
    assert (levels.argmax(axis=0) == 1000 * WINDOW // RATE).all()
    assert levels.max(axis=0) == pytest.approx(-20.0, abs=0.2)
    assert levels.min() >= LEAST_DB


def test_a_click_shorter_than_a_window_has_a_spectrogram() -> None:
    assert spectrogram([np.ones(10, np.float32)], 10).shape == (WINDOW // 2 + 1, 1)
