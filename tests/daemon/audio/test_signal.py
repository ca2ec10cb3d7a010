"""Sound as arrays: any sample format, channel count and rate becomes mono float32."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.audio.signal import as_float, conditioned, pink
from tests.daemon.sounds import RATE, after_conditioning, cut, noise, sizes, speech, tone


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


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("shape", ["mono", "one channel", "two channels"])
def test_sound_of_any_rate_and_shape_keeps_its_pitch_level_and_length(
    rate: int, shape: str
) -> None:
    voice = tone(1.0, 440.0, rate=rate)
    sound = voice if shape == "mono" else np.tile(voice[:, None], 1 if shape[0] == "o" else 2)
    mono = np.concatenate(list(conditioned(np.array_split(sound, 7), rate, RATE)))
    assert mono.dtype == np.float32
    assert len(mono) == RATE
    middle = slice(RATE // 4, 3 * RATE // 4)
    expected = after_conditioning(tone(1.0, 440.0))
    np.testing.assert_allclose(mono[middle], expected[middle], atol=2e-3)


@given(into=sizes, rate=st.sampled_from([8_000, 16_000, 44_100, 48_000]))
def test_no_bit_depends_on_how_the_sound_is_cut(into: list[int], rate: int) -> None:
    sound = noise(1.0, rate=rate) + 0.1
    pieces = np.concatenate(list(conditioned(cut(sound, into), rate, RATE)))
    assert pieces.tobytes() == after_conditioning(sound, rate).tobytes()


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("offset", [-0.02, 0.5, -1.0])
def test_an_offset_is_taken_away_from_the_first_sample_on(rate: int, offset: float) -> None:
    assert not after_conditioning(np.full(rate, offset, np.float32), rate).any()
    voice = speech(1.0, rate=rate)
    np.testing.assert_allclose(
        after_conditioning(voice + np.float32(offset), rate),
        after_conditioning(voice, rate),
        atol=1e-6,
    )


def test_sound_may_begin_with_empty_blocks() -> None:
    voice = speech(0.5)
    blocks = [voice[:0], voice[:0, None], voice[:, None]]
    heard = np.concatenate(list(conditioned(blocks, RATE, RATE)))
    np.testing.assert_array_equal(heard, after_conditioning(voice))


def test_pink_noise_has_the_level_that_was_asked_for_and_falls_by_3_db_an_octave() -> None:
    sound = pink(20.0, RATE, -30.0)
    assert 20 * np.log10(sound.std()) == pytest.approx(-30.0, abs=0.01)
    power = np.abs(np.fft.rfft(sound)) ** 2
    octaves = [power[20 * low : 20 * 2 * low].mean() for low in (250, 500, 1000, 2000)]
    falls = 10 * np.log10(np.array(octaves[:-1]) / octaves[1:])
    np.testing.assert_allclose(falls, 3.0, atol=0.5)
