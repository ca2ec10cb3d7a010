"""Log-mel spectra are placed, added, stretched, warped and masked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond_training.augmentation.spectral import (
    MEL_FLOOR_DB,
    add,
    excerpt,
    mask,
    mean_power,
    place,
    stretch,
    warp,
)


@given(
    length=st.integers(1, 60),
    frames=st.integers(1, 40),
    most_cut=st.floats(0, 1),
    seed=st.integers(0, 999),
)
def test_a_placed_clip_loses_at_most_the_allowed_share(length, frames, most_cut, seed):
    clip = np.arange(1.0, length + 1)[:, None].astype("f4")
    random = np.random.default_rng(seed)
    window = place(clip, frames, most_cut, random)[:, 0]
    seen = window[window != MEL_FLOOR_DB]
    assert len(window) == frames
    least = min(length, frames) - round(most_cut * min(length, frames))
    assert len(seen) >= least
    if len(seen) > 1:
        assert (np.diff(seen) == 1).all()


@given(st.floats(-80, 40), st.floats(-80, 40))
def test_powers_of_two_spectra_add(one, other):
    together = add(np.full((1, 1), one, "f4"), np.full((1, 1), other, "f4"))[0, 0]
    assert together == pytest.approx(10 * np.log10(10 ** (one / 10) + 10 ** (other / 10)), abs=0.01)


def test_stretching_keeps_both_ends_and_the_order_of_frames():
    clip = np.linspace(0, 1, 20)[:, None].astype("f4")
    slow = stretch(clip, 1.5)
    assert len(slow) == 30
    assert (slow[0, 0], slow[-1, 0]) == (0.0, pytest.approx(1.0))
    assert (np.diff(slow[:, 0]) > 0).all()


def test_warping_moves_high_bands_further_than_low_ones():
    clip = np.zeros((2, 40), "f4")
    clip[:, [10, 30]] = 1.0
    moved = warp(clip, 0.8)
    assert moved[0].argmax() in (12, 13)
    assert moved[0, 30:].argmax() + 30 in (37, 38)
    np.testing.assert_array_equal(warp(clip, 1.0), clip)


def test_masks_leave_at_least_30_percent_of_a_spectrum_unchanged():
    random = np.random.default_rng(3)
    for _ in range(50):
        spectrum = random.normal(-40, 10, (60, 32)).astype("f4")
        before = spectrum.copy()
        mask(spectrum, random)
        assert np.mean(spectrum == before) > 0.3


def test_an_excerpt_repeats_a_short_sound():
    random = np.random.default_rng(0)
    assert excerpt(np.ones((3, 4), "f4"), 10, random).shape == (10, 4)
    assert mean_power(np.full((2, 2), -20.0, "f4")) == pytest.approx(-20.0, abs=1e-3)
