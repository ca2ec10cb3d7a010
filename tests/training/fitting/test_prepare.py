"""Training data come from training clips alone, with or without a mixture."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from emotiond.errors import InputError
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.folders import read_folders
from emotiond_training.corpora.noises import Noise
from emotiond_training.fitting import prepare as preparing
from emotiond_training.fitting.materials import Materials
from emotiond_training.fitting.prepare import Prepared, prepare
from emotiond_training.fitting.windows import Windows
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe, load_recipe
from emotiond_training.splits.leaks import LeakError

LABELS = ("high", "low", "middle")
TRAIN, HELD_OUT = np.arange(0, 36, 3), np.arange(1, 36, 12)


@pytest.fixture
def clips(three_labels: Path) -> list[Clip]:
    return read_folders(three_labels)


@pytest.fixture
def materials(tmp_path: Path) -> Materials:
    """Materials with one recording of rain."""
    path = tmp_path / "rain.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0.0, 0.05, 32_000), 16_000)
    return Materials([Noise(path, "rain")], (), tmp_path / "cache")


def prepared(
    recipe: Recipe, clips: list[Clip], materials: Materials, held_out: np.ndarray | None = None
) -> Prepared:
    """Prepare the training clips, and the held-out ones if there are any."""
    reporter = Reporter(Console(quiet=True))
    return prepare(clips, TRAIN, recipe, LABELS, materials, reporter, held_out)


def test_training_and_held_out_windows_come_from_their_own_clips(clips, materials):
    recipe = load_recipe("seed")
    whole = prepared(recipe, clips, materials, HELD_OUT)
    assert whole.labels == LABELS
    assert whole.mixture is None
    assert set(whole.windows.clips) == set(TRAIN)
    assert set(whole.held_out.clips) == set(HELD_OUT)
    alone = prepared(recipe, clips, materials)
    assert alone.held_out is None
    np.testing.assert_array_equal(alone.windows.features, whole.windows.features)
    assert not materials.cache.exists()


def test_beside_a_mixture_a_sample_of_clips_is_cut_and_noise_adds_a_label(
    clips, materials, monkeypatch
):
    monkeypatch.setattr(preparing, "SAMPLED_CLIPS", 5)
    found = prepared(load_recipe("strangers"), clips, materials)
    assert found.labels == (*LABELS, "no_speech")
    assert set(found.mixture.sources) == set(TRAIN)
    assert len(set(found.windows.clips)) == 5
    assert set(found.windows.clips) < set(TRAIN)


def test_a_category_of_the_label_that_noise_has_is_refused_before_copies_are_made(clips, materials):
    reporter, labels = Reporter(Console(quiet=True)), ("high", "no_speech")
    with pytest.raises(InputError, match="'no_speech' can't be mixed with noise"):
        prepare(clips, TRAIN, load_recipe("strangers"), labels, materials, reporter)
    assert not materials.cache.exists()


def test_a_window_of_another_clip_is_a_leak(clips, materials, monkeypatch):
    def leaking(clips, indices, labels, recipe) -> Windows:
        indices = np.array([*indices, HELD_OUT[0]])
        return Windows(np.zeros((len(indices), 95, 40), np.float32), indices, indices)

    monkeypatch.setattr(preparing, "cut_windows", leaking)
    with pytest.raises(LeakError, match="not a training clip"):
        prepared(load_recipe("seed"), clips, materials)


def test_a_mixture_that_draws_from_another_clip_is_a_leak(clips, materials, monkeypatch):
    original = preparing.mixture_of

    def leaking(recipe, clips, train, *others):
        return original(recipe, clips, [*train, int(HELD_OUT[0])], *others)

    monkeypatch.setattr(preparing, "mixture_of", leaking)
    with pytest.raises(LeakError, match="not a training clip"):
        prepared(load_recipe("strangers"), clips, materials)
