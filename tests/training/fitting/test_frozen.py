"""The classifier behind a fixed trunk: a perceptron, all labels of a corpus weigh alike."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console

from emotiond.model.contract import NO_SPEECH
from emotiond_training.corpora.clips import Clip
from emotiond_training.fitting.frozen import (
    CLASSIFIER,
    Examples,
    examples_of,
    fit_classifier,
)
from emotiond_training.fitting.statistics import NOBODY, Statistics
from emotiond_training.networks.perceptron import Perceptron, PerceptronSettings
from emotiond_training.progress import Reporter
from tests.training.whisper import small_recipe

RECIPE = msgspec.structs.replace(
    small_recipe(),
    classifier=PerceptronSettings(hidden=8),
    optimiser=msgspec.structs.replace(small_recipe().optimiser, learning_rate=0.01),
    epochs=40,
    batch=20,
)


def fitted(examples: Examples, **changes: Any) -> Perceptron:
    recipe = msgspec.structs.replace(RECIPE, **changes)
    return fit_classifier(examples, recipe, Reporter(Console(quiet=True)))[0]


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
    logits = fitted(given).logits(given.values)
    assert logits.shape == (300, labels)
    assert np.mean(logits.argmax(axis=1) == given.labels) > 0.9


def test_the_classifier_tells_labels_that_no_line_between_them_tells() -> None:
    """Which is why it has a hidden layer."""
    values = np.random.default_rng(0).standard_normal((400, 2))
    labels = (values[:, 0] * values[:, 1] > 0.0).astype(int)
    given = Examples(values.astype(np.float16), labels, np.ones(400), np.ones((400, 2), bool))
    logits = fitted(given).logits(given.values)
    assert np.mean(logits.argmax(axis=1) == labels) > 0.9


def test_the_same_windows_give_the_same_classifier_and_another_seed_another() -> None:
    given = examples(3)
    settings = PerceptronSettings(hidden=8, dropout=0.5, input_dropout=0.1)
    one, same = (fitted(given, classifier=settings, epochs=2) for _ in range(2))
    assert all(np.array_equal(*each) for each in zip(one, same, strict=True))
    other = fitted(given, classifier=settings, epochs=2, seed=2)
    assert not np.array_equal(one.kernel, other.kernel)


def test_windows_count_by_their_weight() -> None:
    """Both labels sound alike, and one of them weighs nine times as much."""
    values = np.random.default_rng(0).standard_normal((400, 4)).astype(np.float16)
    labels = np.arange(400) % 2
    weights = np.where(labels == 1, 1.8, 0.2)
    given = Examples(values, labels, weights, np.ones((400, 2), bool))
    logits = fitted(given, epochs=10).logits(values)
    shares = np.exp(logits[:, 1]) / np.exp(logits).sum(axis=1)
    assert shares.mean() == pytest.approx(0.9, abs=0.03)


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

    def recall(classifier: Perceptron) -> float:
        return float(np.mean(classifier.logits(values[lacks]).argmax(axis=1) == 2))

    assert recall(fitted(told)) > recall(fitted(everything)) + 0.05


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
    classifier = fitted(examples(3), epochs=1)
    classifier.write(tmp_path / CLASSIFIER)
    for one, other in zip(classifier, Perceptron.read(tmp_path / CLASSIFIER), strict=True):
        assert np.array_equal(one, other)
