"""Sound as arrays: any sample format, channel count and rate becomes mono float32."""

import numpy as np
import pytest

from emotiond.audio.signal import as_float, pink, resampled
from tests.daemon.sounds import RATE, speech, tone


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([-32768, 0, 16384], np.int16), [-1.0, 0.0, 0.5]),
        (np.array([-(2**31), 2**30], np.int32), [-1.0, 0.5]),
        (np.array([-128, 64], np.int8), [-1.0, 0.5]),
        (np.array([0, 128, 192], np.uint8), [-1.0, 0.0, 0.5]),
        (np.array([-1.5, 0.25], np.float64), [-1.5, 0.25]),
    ],
)
def test_samples_of_any_format_are_floats_with_full_scale_at_one(
    samples: np.ndarray, expected: list[float]
) -> None:
    converted = as_float(samples)
    assert converted.dtype == np.float32
    assert converted.tolist() == expected
    assert as_float(samples[:, np.newaxis]).shape == (len(samples), 1)


def test_channels_are_averaged_and_the_rate_is_changed_over_all_blocks() -> None:
    voice = tone(1.0, 440.0, rate=44_100)
    stereo = np.stack([voice, 0.5 * voice], axis=1)
    blocks = list(resampled(np.array_split(stereo, 7), 44_100, RATE))
    mono = np.concatenate(blocks)
    assert len(mono) == RATE
    middle = slice(RATE // 4, 3 * RATE // 4)
    np.testing.assert_allclose(mono[middle], 0.75 * tone(1.0, 440.0)[middle], atol=2e-3)


def test_sound_at_the_wanted_rate_stays_as_it_is() -> None:
    voice = speech(1.0)
    same = np.concatenate(list(resampled(np.array_split(voice, 3), RATE, RATE)))
    np.testing.assert_array_equal(same, voice)


def test_pink_noise_has_the_level_that_was_asked_for_and_falls_by_3_db_an_octave() -> None:
    sound = pink(20.0, RATE, -30.0)
    assert 20 * np.log10(sound.std()) == pytest.approx(-30.0, abs=0.01)
    power = np.abs(np.fft.rfft(sound)) ** 2
    octaves = [power[20 * low : 20 * 2 * low].mean() for low in (250, 500, 1000, 2000)]
    falls = 10 * np.log10(np.array(octaves[:-1]) / octaves[1:])
    np.testing.assert_allclose(falls, 3.0, atol=0.5)
