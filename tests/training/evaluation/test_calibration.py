"""Temperature and threshold on made-up logits."""

import numpy as np
import pytest

from emotiond_training.evaluation.calibration import calibrate, choose_threshold, fit_temperature
from emotiond_training.evaluation.hearing import Heard, Windows, joined, pooled
from emotiond_training.figures.metrics import calibration_error

LABELS = ("angry", "happy", "sad")


def made_up(clips: int, too_sure: float, seed: int = 1) -> tuple[Heard, np.ndarray]:
    """Clips of three windows whose logits are calibrated but for a factor, and their labels."""
    random = np.random.default_rng(seed)
    logits = random.normal(0.0, 1.5, (clips, 3))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = np.array([random.choice(3, p=share) for share in shares])
    windows = [
        Windows(
            np.tile(row * too_sure, (3, 1)).astype(np.float32),
            np.array([0.2, 0.3, 0.5]),
            np.zeros(3, int),
            np.ones(1),
        )
        for row in logits
    ]
    return joined(windows), true


@pytest.mark.parametrize("too_sure", [0.5, 1.0, 4.0])
def test_temperature_undoes_overconfidence_and_lowers_nll(too_sure: float):
    heard, true = made_up(1500, too_sure)
    temperature, before, after = fit_temperature(heard, LABELS, true, np.ones(1500))
    assert temperature == pytest.approx(too_sure, rel=0.15)
    assert after <= before
    if too_sure != 1.0:
        assert after < before - 0.02


def test_calibration_lowers_the_error_on_others():
    heard, true = made_up(1500, 4.0)
    zeros = np.zeros(1500, int)
    found = calibrate(heard, LABELS, true, ("a", "b") * 750, zeros)
    others, expected = made_up(1500, 4.0, seed=2)

    def error(temperature: float) -> float:
        rows = pooled(others, LABELS, temperature)
        return calibration_error(rows.max(axis=1), rows.argmax(axis=1) == expected)

    assert error(found.temperature) < 0.05 < error(1.0)
    assert (found.clips, found.speakers) == (1500, 2)
    assert found.reached
    assert found.precision >= 0.8


def test_corpora_count_the_same_however_many_clips_they_have():
    sure, of_sure = made_up(2000, 4.0, seed=3)
    modest, of_modest = made_up(200, 1.0, seed=4)
    both = Heard(
        np.concatenate((sure.logits, modest.logits)),
        np.concatenate((sure.weights, modest.weights)),
        np.concatenate((sure.utterances, modest.utterances + 2000)),
        np.concatenate((sure.shares, modest.shares)),
        np.concatenate((sure.clips, modest.clips + 2000)),
        np.array(2200),
    )
    true = np.concatenate((of_sure, of_modest))
    by_corpus = np.repeat([0, 1], [2000, 200])
    names = ("a",) * 2200
    evenly = calibrate(both, LABELS, true, names, by_corpus).temperature
    by_clip = calibrate(both, LABELS, true, names, np.zeros(2200, int)).temperature
    assert evenly < by_clip - 0.2


def test_recordings_without_speech_are_no_reason_to_change_anything():
    silent = Windows(np.zeros((0, 3), np.float32), np.zeros(0), np.zeros(0, int), np.zeros(0))
    heard = joined([silent, silent])
    assert fit_temperature(heard, LABELS, np.array([0, 1]), np.ones(2)) == (1.0, 0.0, 0.0)
    np.testing.assert_array_equal(pooled(heard, LABELS, 1.0), np.zeros((2, 3)))


def test_the_models_own_word_on_silence_is_no_emotion():
    logits = np.log(np.array([[0.6, 0.1, 0.3]], np.float32))
    heard = joined([Windows(logits, np.ones(1), np.zeros(1, int), np.ones(1))])
    rows = pooled(heard, ("angry", "no_speech", "sad"), 1.0)
    np.testing.assert_allclose(rows, [[2 / 3, 1 / 3]], atol=1e-6)


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [
        # All right: nothing is withheld.
        ([0.4, 0.6, 0.8], [1, 1, 1], (0.0, 1.0, 1.0, True)),
        # The least sure is wrong; 4 of 5 is still enough.
        ([0.3, 0.5, 0.6, 0.7, 0.9], [0, 1, 1, 1, 1], (0.0, 0.8, 1.0, True)),
        # The two least sure are wrong: one must go.
        ([0.3, 0.4, 0.5, 0.6, 0.7, 0.9], [0, 0, 1, 1, 1, 1], (0.4, 0.8, 5 / 6, True)),
        # Ties stay together.
        ([0.5, 0.5, 0.5, 0.9], [0, 1, 0, 1], (0.9, 1.0, 0.25, True)),
        # Out of reach: the best that leaves a fifth.
        ([0.2, 0.3, 0.4, 0.5, 0.6], [0, 0, 0, 1, 0], (0.5, 0.5, 0.4, False)),
        # No speech is wrong, and is never sure.
        ([0.0, 0.0, 0.9, 0.9], [0, 0, 1, 1], (0.9, 1.0, 0.5, True)),
    ],
)
def test_threshold_is_the_smallest_that_is_precise_enough(confidence, right, expected):
    chosen = choose_threshold(np.array(confidence), np.array(right, bool))
    assert tuple(chosen) == pytest.approx(expected)


def test_a_handful_of_sure_clips_is_not_a_precision_that_was_reached():
    confidence = np.linspace(0.1, 0.9, 200)
    right = np.arange(200) % 2 == 0
    right[-3:] = True
    chosen = choose_threshold(confidence, right)
    assert not chosen.reached
    assert chosen.coverage >= 0.2


def test_weights_decide_whose_precision_it_is():
    confidence, right = np.array([0.5, 0.5, 0.9]), np.array([False, True, True])
    assert choose_threshold(confidence, right, np.array([0.1, 1.0, 1.0])).abstain_below == 0.0
    assert choose_threshold(confidence, right, np.array([2.0, 1.0, 1.0])).abstain_below == 0.9
