"""Metrics agree with values computed by hand."""

import numpy as np
import pytest

from emotiond_training.figures.metrics import (
    accuracy,
    calibration_error,
    confusion_of,
    uar,
    uar_interval,
)

TRUE = np.array([0, 0, 0, 0, 1, 1])
PREDICTED = np.array([0, 0, 0, 2, 1, 0])
"""2 stands for no speech."""


def test_no_speech_has_a_column_of_its_own_in_the_confusion_matrix():
    assert confusion_of(TRUE, PREDICTED, 2).tolist() == [[3, 0, 1], [1, 1, 0]]


def test_accuracy_counts_no_speech_as_wrong():
    assert accuracy(confusion_of(TRUE, PREDICTED, 2)) == pytest.approx(4 / 6)


def test_uar_weighs_labels_equally_whatever_their_number_of_clips():
    assert uar(confusion_of(TRUE, PREDICTED, 2)) == pytest.approx((3 / 4 + 1 / 2) / 2)


def test_uar_leaves_out_labels_that_do_not_occur():
    assert uar(np.array([[3, 1, 0], [0, 0, 0]])) == pytest.approx(0.75)


def test_calibration_error_is_the_mean_distance_between_confidence_and_accuracy():
    # The bin of 0.9 has four clips, half of them right; the bin of 0.5 has two, both right.
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5])
    right = np.array([True, True, False, False, True, True])
    expected = (4 * abs(0.9 - 0.5) + 2 * abs(0.5 - 1.0)) / 6
    assert calibration_error(confidence, right) == pytest.approx(expected)


def test_a_confidence_of_one_falls_into_the_last_bin():
    assert calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == 0.0


def test_the_interval_contains_the_uar_and_depends_on_the_seed_alone():
    random = np.random.default_rng(1)
    true = random.integers(0, 2, 400)
    predicted = np.where(random.random(400) < 0.8, true, 1 - true)
    low, high = uar_interval(true, predicted, 2, range(400), seed=3)
    assert low < uar(confusion_of(true, predicted, 2)) < high
    # The standard deviation of a share of 0.8 over 400 clips is 0.02.
    assert high - low == pytest.approx(4 * 0.02, rel=0.25)
    assert (low, high) == uar_interval(true, predicted, 2, range(400), seed=3)


def test_an_interval_over_speakers_draws_all_clips_of_a_speaker_together():
    # All clips of one speaker are right, none of the other: drawing clips would hide that.
    true = np.tile([0, 1], 100)
    speakers = np.repeat(["a", "b"], 100)
    predicted = np.where(speakers == "a", true, 1 - true)
    assert uar_interval(true, predicted, 2, speakers, seed=3) == (0.0, 1.0)
