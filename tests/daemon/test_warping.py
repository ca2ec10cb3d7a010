"""Warping: what it does to a spectrum and to MFCCs, and when the engine does it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.engine import Engine
from emotiond.mfcc import Mfcc, MfccConfig, dct_matrix
from emotiond.record import Utterance
from emotiond.warping import Warps, warp
from tests.daemon.sounds import FakeModel, hear, silence, speech

LOSSLESS = MfccConfig(n_mels=20, n_mfcc=20)
WARPS = (1.0, 0.9, 1.1)


def test_warping_moves_what_is_high_further_than_what_is_low() -> None:
    spectrum = np.zeros((2, 40), np.float32)
    spectrum[:, [10, 30]] = 1.0
    moved = warp(spectrum, 0.8)
    assert moved[0].argmax() in (12, 13)
    assert moved[0, 30:].argmax() + 30 in (37, 38)
    np.testing.assert_array_equal(warp(spectrum, 1.0), spectrum)


@given(factor=st.floats(0.5, 2.0), seed=st.integers(0, 1000))
def test_warped_mfccs_are_those_of_the_warped_spectrum(factor: float, seed: int) -> None:
    spectrum = np.random.default_rng(seed).uniform(-100.0, 0.0, (7, 20)).astype(np.float32)
    dct = dct_matrix(20)
    warped = Warps((factor,), 20)((spectrum @ dct.T).astype(np.float32), 0)
    np.testing.assert_allclose(warped @ dct, warp(spectrum, factor), rtol=0, atol=1e-3)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_each_utterance_is_heard_through_the_warps_in_turn_from_the_first(stride: int) -> None:
    plain = FakeModel(remember=True, mfcc=LOSSLESS)
    warped = FakeModel(remember=True, mfcc=LOSSLESS, warps=WARPS)
    engines = [Engine(model, hop_seconds=0.25) for model in (plain, warped)]
    for engine in engines:
        engine.stride = stride
    warps = Warps(WARPS, LOSSLESS.n_mels)
    heard = []
    for seconds in (1.7, 2.6, 1.2):
        sound = np.concatenate([silence(6.0), speech(seconds), silence(3.0)])
        for engine in engines:
            assert any(isinstance(each, Utterance) for each in engine.push(sound))
        for turn, (window, expected) in enumerate(zip(warped.windows, plain.windows, strict=True)):
            np.testing.assert_array_equal(window, warps(expected, turn))
        heard.append(len(plain.windows))
        plain.windows.clear()
        warped.windows.clear()
    # Else it would not show where a new turn begins.
    assert any(each % len(WARPS) for each in heard[:-1])


def test_a_model_without_warps_gets_the_features_as_they_are() -> None:
    model = FakeModel(remember=True, mfcc=LOSSLESS, window_frames=20)
    sound = np.concatenate([silence(6.0), speech(1.0)])
    hear(Engine(model), [sound])
    frames = Mfcc(LOSSLESS)(sound)
    for window in model.windows:
        distances = [np.abs(frames[i : i + 20] - window).max() for i in range(len(frames) - 19)]
        assert min(distances) < 1e-3
