"""Scenes are windows as they come live: a voice at any place in a room with its noise."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emotiond.audio.files import read_sound
from emotiond_training.augmentation.scenes import (
    Recording,
    Scenes,
    SceneSettings,
    pieces,
    placed,
    read_recordings,
)
from emotiond_training.augmentation.waveform import PEAK, AugmentationSettings, Augmenter
from emotiond_training.corpora.noises import Noise

RATE = 16_000
SAMPLES = 8_000
UNCHANGED = AugmentationSettings(untouched=1.0)


def scenes(settings: SceneSettings, *noises: Recording) -> Scenes:
    return Scenes(settings, Augmenter(UNCHANGED, RATE, []), noises, SAMPLES)


def tone(length: int) -> np.ndarray:
    return (0.3 * np.sin(np.arange(length) * 0.2)).astype(np.float32)


def noise(seed: int, length: int = 20_000) -> Recording:
    return (3_000 * np.random.default_rng(seed).standard_normal(length)).astype(np.int16)


@given(length=st.integers(1, 3 * SAMPLES), cut=st.floats(0.0, 1.0), seed=st.integers(0, 99))
def test_a_voice_is_whole_in_its_window_but_for_the_part_that_may_be_cut(
    length: int, cut: float, seed: int
) -> None:
    voice = np.arange(1, length + 1, dtype=np.float32)
    window = placed(voice, SAMPLES, cut, np.random.default_rng(seed))
    seen = window[window > 0]
    assert len(window) == SAMPLES
    assert len(seen) >= min(length, SAMPLES) - round(cut * min(length, SAMPLES))
    assert (np.diff(seen) == 1).all(), "the voice is in one piece, and in order"


def test_the_same_seed_gives_the_same_window_and_another_seed_another() -> None:
    made = scenes(SceneSettings(), noise(1))
    voice = tone(5_000)
    one, again, other = (made.voice(voice, seed) for seed in ((1, 2), (1, 2), (1, 3)))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_noise_lies_below_the_voice_by_the_signal_to_noise_ratio(snr_db: float) -> None:
    settings = SceneSettings(
        noise_share=1.0, noise_snr_db=(snr_db, snr_db), partial_share=0.0, hiss_share=0.0
    )
    plain = SceneSettings(noise_share=0.0, hiss_share=0.0, partial_share=0.0)
    voice = tone(SAMPLES)
    noisy = scenes(settings, noise(2)).voice(voice, (4,))
    clean = scenes(plain).voice(voice, (4,))
    ratio = np.mean(clean**2) / np.mean((noisy - clean) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=0.05)


def test_a_voice_has_its_peak_at_one_level_however_loud_its_recording_is() -> None:
    made = scenes(SceneSettings(noise_share=0.0, hiss_share=0.0, partial_share=0.0))
    for gain in (0.001, 1.0, 3.0):
        window = made.voice(tone(4_000) * np.float32(gain), (1,))
        assert np.abs(window).max() == pytest.approx(PEAK, rel=1e-4)


def test_a_silent_voice_and_a_silent_noise_give_finite_windows() -> None:
    settings = SceneSettings(noise_share=1.0, partial_share=0.0)
    half_silent = np.concatenate([np.zeros(SAMPLES, np.int16), noise(3, 100)])
    made = scenes(settings, np.zeros(500, np.int16), half_silent)
    for seed in range(20):
        window = made.voice(np.zeros(3_000, np.float32), (seed,))
        assert np.isfinite(window).all()
        assert np.isfinite(made.voice(tone(3_000), (seed,))).all()


def test_a_noise_is_cut_into_whole_windows_without_digital_silence() -> None:
    recording = np.concatenate([noise(4, 2 * SAMPLES), np.zeros(SAMPLES + 10, np.int16)])
    cut = pieces(recording, SAMPLES)
    assert [len(each) for each in cut] == [SAMPLES, SAMPLES]
    assert all(np.abs(each).max() == pytest.approx(PEAK) for each in cut)


def test_a_noise_shorter_than_a_window_is_repeated() -> None:
    (only,) = pieces(noise(5, 1_000), SAMPLES)
    assert np.array_equal(only[:1_000], only[1_000:2_000])


def test_recordings_of_noise_are_read_as_the_program_reads_sound(tmp_path: Path) -> None:
    path = tmp_path / "hum.flac"
    soundfile.write(path, tone(RATE), RATE, subtype="PCM_24")
    (recording,) = read_recordings([Noise(path, "hum")], RATE)
    assert recording.dtype == np.int16
    assert np.abs(recording / 32_767 - read_sound(path, RATE)).max() < 1e-4
