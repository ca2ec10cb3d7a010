"""Temperature and threshold are found on made-up logits."""

import numpy as np
import pytest

from emotiond_training.evaluation.calibration import (
    calibrate,
    choose_threshold,
    fit_temperature,
    nll,
)
from emotiond_training.evaluation.hearing import Heard, Windows, joined, pooled
from emotiond_training.figures.metrics import calibration_error

LABELS = ("angry", "happy", "sad")


def made_up(clips: int, factor: float, seed: int = 1) -> tuple[Heard, np.ndarray]:
    """Return outputs for clips of three windows, and the true labels.

    The logits are calibrated, and then multiplied by a factor.
    """
    random = np.random.default_rng(seed)
    logits = random.normal(0.0, 1.5, (clips, 3))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = np.array([random.choice(3, p=share) for share in shares])
    windows = [
        Windows(
            np.tile(row * factor, (3, 1)).astype(np.float32),
            np.array([0.2, 0.3, 0.5]),
            np.zeros(3, int),
            np.ones(1),
        )
        for row in logits
    ]
    return joined(windows), true


@pytest.mark.parametrize("factor", [0.5, 1.0, 4.0])
def test_the_temperature_is_the_factor_of_the_logits_and_lowers_the_likelihood_loss(factor: float):
    outputs, true = made_up(1500, factor)
    temperature, before, after = fit_temperature(outputs, LABELS, true, np.ones(1500))
    assert temperature == pytest.approx(factor, rel=0.15)
    assert after <= before
    if factor != 1.0:
        assert after < before - 0.02


@pytest.mark.parametrize("factor", [1.0, 1.05, 1.1, 1.15])
def test_no_temperature_a_little_lower_or_higher_is_better(factor: float):
    outputs, true = made_up(500, factor)
    temperature, _, after = fit_temperature(outputs, LABELS, true, np.ones(500))
    for near in (0.98 * temperature, 1.02 * temperature):
        assert nll(pooled(outputs, LABELS, near), true, np.ones(500)) > after


@pytest.mark.parametrize(("factor", "end"), [(0.01, 0.1), (100.0, 10.0)])
def test_a_temperature_beyond_the_range_is_the_end_of_the_range(factor: float, end: float):
    outputs, true = made_up(200, factor)
    assert fit_temperature(outputs, LABELS, true, np.ones(200))[0] == pytest.approx(end)


def test_calibration_lowers_the_calibration_error_of_other_clips():
    outputs, true = made_up(1500, 4.0)
    zeros = np.zeros(1500, int)
    found = calibrate(outputs, LABELS, true, ("a", "b") * 750, zeros)
    others, expected = made_up(1500, 4.0, seed=2)

    def error(temperature: float) -> float:
        rows = pooled(others, LABELS, temperature)
        return calibration_error(rows.max(axis=1), rows.argmax(axis=1) == expected)

    assert error(found.temperature) < 0.05 < error(1.0)
    assert (found.clips, found.speakers) == (1500, 2)
    assert found.reached
    assert found.precision >= 0.8


def test_each_corpus_has_the_same_weight_whatever_its_number_of_clips():
    large, true_large = made_up(2000, 4.0, seed=3)
    small, true_small = made_up(200, 1.0, seed=4)
    both = Heard(
        np.concatenate((large.logits, small.logits)),
        np.concatenate((large.weights, small.weights)),
        np.concatenate((large.utterances, small.utterances + 2000)),
        np.concatenate((large.shares, small.shares)),
        np.concatenate((large.clips, small.clips + 2000)),
        np.array(2200),
    )
    true = np.concatenate((true_large, true_small))
    by_corpus = np.repeat([0, 1], [2000, 200])
    names = ("a",) * 2200
    evenly = calibrate(both, LABELS, true, names, by_corpus).temperature
    by_clip = calibrate(both, LABELS, true, names, np.zeros(2200, int)).temperature
    assert evenly < by_clip - 0.2


def test_without_speech_the_temperature_stays_one_and_probabilities_are_zero():
    silent = Windows(np.zeros((0, 3), np.float32), np.zeros(0), np.zeros(0, int), np.zeros(0))
    outputs = joined([silent, silent])
    assert fit_temperature(outputs, LABELS, np.array([0, 1]), np.ones(2)) == (1.0, 0.0, 0.0)
    np.testing.assert_array_equal(pooled(outputs, LABELS, 1.0), np.zeros((2, 3)))


def test_the_no_speech_label_is_left_out_of_pooled_probabilities():
    logits = np.log(np.array([[0.6, 0.1, 0.3]], np.float32))
    outputs = joined([Windows(logits, np.ones(1), np.zeros(1, int), np.ones(1))])
    rows = pooled(outputs, ("angry", "no_speech", "sad"), 1.0)
    np.testing.assert_allclose(rows, [[2 / 3, 1 / 3]], atol=1e-6)


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [
        # All clips are right: nothing is withheld.
        ([0.4, 0.6, 0.8], [1, 1, 1], (0.0, 1.0, 1.0, True)),
        # The least confident clip is wrong; 4 of 5 right ones are enough.
        ([0.3, 0.5, 0.6, 0.7, 0.9], [0, 1, 1, 1, 1], (0.0, 0.8, 1.0, True)),
        # The two least confident are wrong: one must be withheld.
        ([0.3, 0.4, 0.5, 0.6, 0.7, 0.9], [0, 0, 1, 1, 1, 1], (0.4, 0.8, 5 / 6, True)),
        # Clips with equal confidence are withheld together.
        ([0.5, 0.5, 0.5, 0.9], [0, 1, 0, 1], (0.9, 1.0, 0.25, True)),
        # The precision is out of reach: the best that keeps a fifth.
        ([0.2, 0.3, 0.4, 0.5, 0.6], [0, 0, 0, 1, 0], (0.5, 0.5, 0.4, False)),
        # No speech is wrong and has confidence 0.
        ([0.0, 0.0, 0.9, 0.9], [0, 0, 1, 1], (0.9, 1.0, 0.5, True)),
    ],
)
def test_the_threshold_is_the_lowest_with_the_wanted_precision(confidence, right, expected):
    chosen = choose_threshold(np.array(confidence), np.array(right, bool))
    assert tuple(chosen) == pytest.approx(expected)


def test_a_precision_that_only_a_few_clips_reach_does_not_count():
    confidence = np.linspace(0.1, 0.9, 200)
    right = np.arange(200) % 2 == 0
    right[-3:] = True
    chosen = choose_threshold(confidence, right)
    assert not chosen.reached
    assert chosen.coverage >= 0.2


def test_the_precision_is_weighted():
    confidence, right = np.array([0.5, 0.5, 0.9]), np.array([False, True, True])
    assert choose_threshold(confidence, right, np.array([0.1, 1.0, 1.0])).abstain_below == 0.0
    assert choose_threshold(confidence, right, np.array([2.0, 1.0, 1.0])).abstain_below == 0.9


def test_a_recipe_that_wants_more_precision_gets_a_higher_threshold():
    confidence = np.linspace(0.1, 0.99, 400)
    right = np.random.default_rng(1).random(400) < confidence
    usual = choose_threshold(confidence, right)
    strict = choose_threshold(confidence, right, wanted=0.9)
    assert strict.abstain_below > usual.abstain_below
    assert strict.precision >= 0.9 > usual.precision
