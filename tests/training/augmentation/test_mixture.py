"""Batches are drawn from the copies of several corpora."""

import numpy as np

from emotiond.model.contract import NO_SPEECH
from emotiond_training.augmentation.copies import Copies
from emotiond_training.augmentation.mixture import Mixture, MixtureSettings
from emotiond_training.corpora.clips import Clip


def copies_for(clips: list[Clip], count: int = 2) -> Copies:
    """Return copies of 20 frames whose level (dB) is the number of their clip minus 50."""
    frames = np.repeat(np.arange(len(clips)), count * 20).astype(np.float16)
    return Copies(
        np.tile(frames[:, None] - 50, (1, 16)),
        np.arange(len(clips) * count + 1) * 20,
        np.repeat(np.arange(len(clips)), count),
    )


def mixture(clips: list[Clip], train: list[int], noises=None, seed: int = 0, **settings) -> Mixture:
    """Return a mixture that changes no window unless the settings say so."""
    plain = {
        "weights": {},
        "copies": {},
        "mixup": 0.0,
        "noise_share": 0.0,
        "tempo_share": 0.0,
        "warp_share": 0.0,
    }
    return Mixture(
        MixtureSettings(**{**plain, **settings}),
        clips,
        train,
        copies_for(clips),
        noises or {},
        ("one", "two"),
        24,
        seed,
    )


def test_only_copies_of_training_clips_are_drawn(clips):
    train = [0, 3, 13]
    drawn = mixture(clips, train, partial_share=0.0)
    assert set(drawn.sources.tolist()) == set(train)
    levels = set()
    for _ in range(40):
        window, _ = drawn._window()
        drawn_levels = window - window.mean(
            axis=0
        )  # the frequency response is the same in all frames
        levels.add(round(float(np.ptp(drawn_levels))))
    # The range of a window is its clip's level above silence (-100 dB), unique to the clip.
    assert levels <= {index - 50 + 100 for index in train}
    assert len(levels) == len(train)


def test_corpora_are_drawn_by_weight_whatever_their_number_of_clips(clips):
    every = list(range(len(clips)))
    drawn = mixture(clips, every, weights={"small": 3.0, "large": 1.0}, partial_share=0.0)
    # Clips of the small corpus have the numbers from 12 on, and so the highest levels.
    small = 0
    for _ in range(400):
        window, _ = drawn._window()
        small += round(float(np.ptp(window - window.mean(axis=0)))) >= 12 - 50 + 100
    assert 0.67 < small / 400 < 0.83


def test_the_same_seed_gives_the_same_batches(clips):
    noises = {"fan": [np.full((40, 16), -30, "f4")]}
    every = list(range(len(clips)))
    settings = {"mixup": 0.3, "noise_share": 0.5, "tempo_share": 0.5}
    one, other = (mixture(clips, every, noises, seed=7, **settings) for _ in range(2))
    for _ in range(3):
        for left, right in zip(one.batch(8), other.batch(8), strict=True):
            np.testing.assert_array_equal(left, right)


def test_label_shares_sum_to_one_and_no_speech_is_the_last_label(clips):
    noises = {"fan": [np.full((40, 16), -30, "f4")]}
    drawn = mixture(clips, [0, 1], noises, no_speech_share=0.5, mixup=0.4)
    assert drawn.labels == ("one", "two", NO_SPEECH)
    features, shares = drawn.batch(64)
    assert features.shape == (64, 24, 16)
    assert features.dtype == np.float32
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    assert 0.2 < shares[:, -1].mean() < 0.8


def test_without_recordings_of_noise_there_is_no_label_for_no_speech(clips):
    assert mixture(clips, [0, 1], noise_share=1.0).labels == ("one", "two")
