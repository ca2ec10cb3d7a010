"""Figures against values computed by hand."""

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
PREDICTED = np.array([0, 0, 0, 2, 1, 0])  # 2 is no speech


def test_confusion_counts_no_speech_in_a_column_of_its_own():
    assert confusion_of(TRUE, PREDICTED, 2).tolist() == [[3, 0, 1], [1, 1, 0]]


def test_accuracy_counts_no_speech_as_wrong():
    assert accuracy(confusion_of(TRUE, PREDICTED, 2)) == pytest.approx(4 / 6)


def test_uar_weighs_labels_equally_however_many_clips_they_have():
    assert uar(confusion_of(TRUE, PREDICTED, 2)) == pytest.approx((3 / 4 + 1 / 2) / 2)


def test_uar_leaves_out_labels_that_do_not_occur():
    assert uar(np.array([[3, 1, 0], [0, 0, 0]])) == pytest.approx(0.75)


def test_calibration_error_is_the_mean_distance_of_confidence_and_accuracy():
    # One bin of 0.9 with half of four right, one of 0.5 with all of two right.
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5])
    right = np.array([True, True, False, False, True, True])
    expected = (4 * abs(0.9 - 0.5) + 2 * abs(0.5 - 1.0)) / 6
    assert calibration_error(confidence, right) == pytest.approx(expected)


def test_calibration_error_takes_a_confidence_of_one():
    assert calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == 0.0


def test_interval_holds_the_figure_and_comes_out_the_same_for_the_same_seed():
    random = np.random.default_rng(1)
    true = random.integers(0, 2, 400)
    predicted = np.where(random.random(400) < 0.8, true, 1 - true)
    low, high = uar_interval(true, predicted, 2, range(400), seed=3)
    assert low < uar(confusion_of(true, predicted, 2)) < high
    # The deviation of a share of 0.8 over 400 clips is 0.02.
    assert high - low == pytest.approx(4 * 0.02, rel=0.25)
    assert (low, high) == uar_interval(true, predicted, 2, range(400), seed=3)


def test_interval_over_speakers_draws_a_speakers_clips_together():
    # One speaker is always right, the other never: clips would hide how much hangs on the speaker.
    true = np.tile([0, 1], 100)
    speakers = np.repeat(["a", "b"], 100)
    predicted = np.where(speakers == "a", true, 1 - true)
    assert uar_interval(true, predicted, 2, speakers, seed=3) == (0.0, 1.0)
