"""The high-pass: what it takes away, and that no bit depends on the block sizes."""

import numpy as np
import pytest
from hypothesis import given

from emotiond.audio.highpass import CHUNK_SECONDS, CORNER_HZ, HighPass
from tests.daemon.sounds import RATE, cut, noise, silence, sizes, tone


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize(
    ("hz", "least", "most"),
    [
        (5.0, 30.0, 34.0),
        (10.0, 18.0, 20.0),
        (30.0, 2.9, 3.1),
        (80.0, 0.0, 0.2),
        (1000.0, 0.0, 0.01),
    ],
)
def test_rumble_is_taken_away_and_the_deepest_voice_is_kept(
    rate: int, hz: float, least: float, most: float
) -> None:
    sound = tone(4.0, hz, rate=rate)
    settled = HighPass(rate).push(sound)[rate:]
    loss_db = 20.0 * np.log10(sound[rate:].std() / settled.std())
    assert least - 0.001 <= loss_db <= most


def test_the_filter_is_the_recursion_of_a_butterworth_high_pass() -> None:
    sound = noise(2.5 * CHUNK_SECONDS, level=0.1)
    k = np.tan(np.pi * CORNER_HZ / RATE)
    norm = 1.0 + np.sqrt(2.0) * k + k * k
    a1, a2 = 2.0 * (k * k - 1.0) / norm, (1.0 - np.sqrt(2.0) * k + k * k) / norm
    expected = []
    x1 = x2 = y1 = y2 = 0.0
    for x in sound.tolist():
        y = (x - 2.0 * x1 + x2) / norm - a1 * y1 - a2 * y2
        expected.append(y)
        x1, x2, y1, y2 = x, x1, y, y1
    np.testing.assert_allclose(HighPass(RATE).push(sound), expected, rtol=0, atol=1e-7)


@given(into=sizes)
def test_no_bit_depends_on_how_the_sound_is_cut(into: list[int]) -> None:
    sound = noise(1.7, level=0.1) + 0.3
    whole = HighPass(RATE).push(sound)
    high_pass = HighPass(RATE)
    pieces = [high_pass.push(block) for block in cut(sound, into)]
    assert np.concatenate(pieces).tobytes() == whole.tobytes()


def test_silence_after_a_sound_becomes_exact() -> None:
    high_pass = HighPass(RATE)
    high_pass.push(noise(1.0, level=0.3))
    after = high_pass.push(silence(3.0))
    assert np.abs(after[RATE // 2 :]).max() < 1e-10
    assert not after[2 * RATE :].any()
