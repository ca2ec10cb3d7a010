"""Training windows look like windows of the live engine."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from emotiond.errors import SoundError
from emotiond.features.mfcc import Mfcc, MfccConfig
from emotiond_training.corpora.clips import Clip
from emotiond_training.fitting.windows import (
    MARGIN_SECONDS,
    cut_windows,
    normalisation_of,
    windows_of,
)
from emotiond_training.recipe import Features, load_recipe

RATE = 16_000
SEED = load_recipe("seed")
PLAIN = msgspec.structs.replace(
    SEED,
    windows=msgspec.structs.replace(SEED.windows, gain_db=(0.0, 0.0), noiseless=1.0, windows=40),
)
MFCC = Mfcc(SEED.features.mfcc)
LENGTH = SEED.features.window_frames
SILENCE = MFCC(np.zeros(SEED.features.mfcc.frame_length, np.float32))[0]


def beep(seconds: float = 1.0) -> np.ndarray:
    """Return a sine of 440 Hz and peak 0.3 at the sample rate of the recipe."""
    time = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def random() -> np.random.Generator:
    """Return a generator, always in the same state."""
    return np.random.default_rng(5)


def test_windows_end_between_half_a_second_after_the_start_and_half_a_second_after_the_end():
    windows = windows_of(beep(), MFCC, PLAIN, random())
    sounding = np.any(np.abs(windows - SILENCE) > 1e-3, axis=2)
    hop = SEED.features.mfcc.hop_length / RATE
    frame = SEED.features.mfcc.frame_length / RATE
    duration = sounding.sum(axis=1) * hop
    silence_after = LENGTH * hop - (LENGTH - sounding[:, ::-1].argmax(axis=1)) * hop
    assert duration.min() == pytest.approx(MARGIN_SECONDS, abs=2 * frame)
    assert duration.max() == pytest.approx(1.0, abs=2 * frame)
    assert silence_after.min() == pytest.approx(0.0, abs=frame)
    assert silence_after.max() == pytest.approx(MARGIN_SECONDS, abs=2 * frame)


def test_silence_around_a_clip_equals_the_engines_empty_window():
    windows = windows_of(beep(), MFCC, PLAIN, random())
    np.testing.assert_allclose(
        windows[:, 0], np.broadcast_to(SILENCE, windows[:, 0].shape), atol=1e-9
    )


def test_noise_levels_span_the_range_of_the_recipe():
    noisy = msgspec.structs.replace(
        PLAIN, windows=msgspec.structs.replace(PLAIN.windows, noiseless=0.0, copies=20, windows=1)
    )
    silence = np.zeros(RATE, np.float32)
    windows = windows_of(silence, MFCC, noisy, random())
    levels = windows[:, :, 0].mean(axis=1)
    edges = []
    for level in noisy.windows.noise_db:
        noise = 10 ** (level / 20) * random().standard_normal(RATE)
        edges.append(MFCC(noise.astype(np.float32))[:, 0].mean())
    assert edges[0] - 10 < levels.min()
    assert levels.max() < edges[1] + 10
    assert np.ptp(levels) > 0.5 * (edges[1] - edges[0])


def test_a_loud_copy_is_clipped_to_full_scale():
    loud = msgspec.structs.replace(
        PLAIN, windows=msgspec.structs.replace(PLAIN.windows, gain_db=(40.0, 40.0))
    )
    square = np.sign(beep())
    np.testing.assert_allclose(
        windows_of(np.float32(0.5) * square, MFCC, loud, random()),
        windows_of(square, MFCC, loud, random()),
    )


@pytest.mark.parametrize(("seconds", "windows"), [(0.05, 1), (1.0, 1), (4.0, 2), (30.0, 10)])
def test_the_number_of_windows_grows_with_the_length_of_a_recording(seconds, windows):
    one = msgspec.structs.replace(
        PLAIN, windows=msgspec.structs.replace(PLAIN.windows, copies=1, windows=1)
    )
    shape = windows_of(beep(seconds), MFCC, one, random()).shape
    assert shape == (windows, LENGTH, SEED.features.mfcc.n_mfcc)


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    clips = []
    for number, label in enumerate(["b", "a", "b"]):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, beep(0.5 + number / 4), RATE)
        clips.append(Clip(path, label, None, None, "folders"))
    return clips


def test_each_window_has_its_label_and_the_index_of_its_clip(clips):
    windows = cut_windows(clips, [2, 1], ("a", "b"), SEED)
    each = SEED.windows.copies * SEED.windows.windows
    assert windows.clips.tolist() == [2] * each + [1] * each
    assert windows.labels.tolist() == [1] * each + [0] * each
    assert len(windows.features) == 2 * each


def test_windows_of_a_clip_depend_on_the_seed_and_not_on_other_clips(clips):
    together = cut_windows(clips, [0, 1, 2], ("a", "b"), SEED)
    alone = cut_windows(clips, [2], ("a", "b"), SEED)
    np.testing.assert_array_equal(together.features[together.clips == 2], alone.features)
    other = cut_windows(clips, [2], ("a", "b"), msgspec.structs.replace(SEED, seed=9))
    assert not np.array_equal(alone.features, other.features)


def test_an_unreadable_recording_is_named_in_the_error(clips):
    clips[1].path.write_text("no sound")
    with pytest.raises(SoundError, match=r"1\.wav"):
        cut_windows(clips, [0, 1], ("a", "b"), SEED)


def test_normalisation_has_mean_and_deviation_and_divides_constants_by_one():
    features = np.array([[[1.0, 5.0], [3.0, 5.0]]], np.float32)
    settings = Features(mfcc=MfccConfig(), window_frames=2)
    normalisation = normalisation_of(features, settings)
    assert normalisation.mean == (2.0, 5.0)
    assert normalisation.std == (1.0, 1.0)


def test_the_level_of_the_loudest_frame_as_reference_makes_gain_irrelevant():
    features = np.random.default_rng(0).normal(-40, 10, (4, 6, 3)).astype(np.float32)
    settings = Features(mfcc=MfccConfig(), window_frames=6, level="loudest", limit=1.5)
    normalisation = normalisation_of(features, settings)
    quieter = features.copy()
    quieter[..., 0] -= 30.0
    np.testing.assert_allclose(normalisation(quieter), normalisation(features), atol=1e-5)
    assert np.abs(normalisation(features)).max() == 1.5
