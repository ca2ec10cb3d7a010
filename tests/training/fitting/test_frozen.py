"""The classifier behind a fixed trunk: a regression, all labels of a corpus weigh alike."""

from pathlib import Path

import numpy as np
import pytest

from emotiond.model.contract import NO_SPEECH
from emotiond_training.corpora.clips import Clip
from emotiond_training.fitting.frozen import (
    CLASSIFIER,
    Examples,
    Regression,
    examples_of,
    regression,
)
from emotiond_training.fitting.statistics import NOBODY, Statistics
from tests.training.whisper import small_recipe

RIDGE = 0.01


def examples(labels: int, count: int = 300, size: int = 6) -> Examples:
    """Return windows whose statistics tell their labels nearly always."""
    random = np.random.default_rng(0)
    numbers = np.arange(count) % labels
    centres = 3.0 * np.eye(labels, size)
    values = centres[numbers] + random.standard_normal((count, size)) + 100.0
    return Examples(
        values.astype(np.float16), numbers, np.ones(count), np.ones((count, labels), bool)
    )


def clip(number: int, corpus: str, label: str) -> Clip:
    return Clip(Path(f"{number}.wav"), label, None, None, corpus)


@pytest.mark.parametrize("labels", [2, 3])
def test_the_classifier_tells_labels_that_the_statistics_tell(labels: int) -> None:
    given = examples(labels)
    fitted = regression(given, RIDGE)
    logits = fitted.logits(given.values)
    assert logits.shape == (300, labels)
    assert np.mean(logits.argmax(axis=1) == given.labels) > 0.9


def test_the_classifier_is_at_the_bottom_of_its_objective() -> None:
    given = examples(3)
    fitted = regression(given, RIDGE)
    standard = (given.values.astype(float) - fitted.mean) / fitted.deviation
    logits = standard @ fitted.kernel + fitted.bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    error = (shares - np.eye(3)[given.labels]) / len(standard)
    assert np.abs(standard.T @ error + 2 * RIDGE * fitted.kernel).max() < 2e-3
    assert np.abs(error.sum(axis=0)).max() < 2e-3


def test_the_classifier_is_the_logistic_regression_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    given = examples(3)
    fitted = regression(given, RIDGE)
    standard = fitted.standard(given.values)
    other = LogisticRegression(C=1.0 / (2.0 * RIDGE * len(standard)), tol=1e-8, max_iter=1000)
    other.fit(standard, given.labels)
    assert np.allclose(fitted.kernel, other.coef_.T, atol=2e-3)
    assert np.allclose(fitted.bias - fitted.bias.mean(), other.intercept_, atol=2e-3)


def test_a_corpus_says_less_about_a_label_that_it_lacks() -> None:
    """One corpus has two of three labels, and another level of all its statistics."""
    given = examples(3)
    other = np.arange(300) >= 150
    lacks = other & (given.labels == 2)
    values = (given.values + 2.0 * other[:, None]).astype(np.float16)
    had = np.ones((300, 3), bool)
    had[other, 2] = False
    two = Examples(values, given.labels, given.weights, had)
    told = Examples(*(each[~lacks] for each in two))
    everything = told._replace(had=np.ones_like(told.had))

    def recall(fitted: Regression) -> float:
        return float(np.mean(fitted.logits(values[lacks]).argmax(axis=1) == 2))

    assert recall(regression(told, RIDGE)) > recall(regression(everything, RIDGE)) + 0.05


def test_a_larger_ridge_makes_smaller_weights() -> None:
    given = examples(3)
    sizes = [np.square(regression(given, ridge).kernel).sum() for ridge in (0.001, 0.01, 0.1)]
    assert sizes[0] > sizes[1] > sizes[2]


def test_every_label_of_a_corpus_weighs_the_same_and_corpora_as_the_recipe_says() -> None:
    scenes = small_recipe().scenes
    clips = [clip(n, "ravdess", "sad" if n < 8 else "happy") for n in range(10)]
    clips += [clip(n, "emogator", "sad") for n in range(10, 13)]
    numbers = np.array([*range(13), NOBODY, NOBODY])
    statistics = Statistics(np.zeros((15, 4), np.float16), numbers)
    labels = ("happy", "sad", NO_SPEECH)
    found = examples_of(statistics, clips, np.arange(13), labels, small_recipe())
    assert found.weights.mean() == pytest.approx(1.0)
    sums = {
        "sad": found.weights[:8].sum(),
        "happy": found.weights[8:10].sum(),
        "burst": found.weights[10:13].sum(),
        "noise": found.weights[13:].sum(),
    }
    assert sums["sad"] == pytest.approx(sums["happy"])
    ratio = scenes.weights["emogator"] / scenes.weights["ravdess"]
    assert sums["burst"] == pytest.approx(ratio * (sums["sad"] + sums["happy"]))
    assert found.labels.tolist() == [1] * 8 + [0] * 2 + [1] * 3 + [2] * 2
    assert found.had[[0, 12, 14]].tolist() == [[True] * 3, [False, True, True], [True] * 3]


def test_windows_of_other_clips_are_not_used() -> None:
    clips = [clip(n, "ravdess", "sad" if n % 2 else "happy") for n in range(6)]
    values = np.arange(12, dtype=np.float16).reshape(6, 2)
    statistics = Statistics(values, np.arange(6))
    found = examples_of(statistics, clips, np.array([1, 4]), ("happy", "sad"), small_recipe())
    assert found.values.tolist() == values[[1, 4]].tolist()


def test_a_classifier_is_read_as_it_was_written(tmp_path: Path) -> None:
    fitted = regression(examples(3), RIDGE)
    fitted.write(tmp_path / CLASSIFIER)
    for one, other in zip(fitted, Regression.read(tmp_path / CLASSIFIER), strict=True):
        assert np.array_equal(one, other)
