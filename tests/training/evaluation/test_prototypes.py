"""Prototypes are means that no large corpus governs."""

from collections import Counter
from pathlib import Path

import numpy as np

from emotiond_training.corpora.clips import Clip
from emotiond_training.evaluation import prototypes
from emotiond_training.evaluation.prototypes import prototypes_from, sample


def test_each_corpus_of_a_label_weighs_the_same() -> None:
    corpora = ["large"] * 9 + ["small"] + ["large"] * 2
    labels = np.array([0] * 10 + [1] * 2)
    embeddings = np.array([[1.0]] * 9 + [[3.0]] + [[5.0], [7.0]])
    logits = np.column_stack((np.arange(12.0), -np.arange(12.0)))
    found = prototypes_from(corpora, labels, embeddings, logits)
    np.testing.assert_allclose(found.embeddings, [[2.0], [6.0]])
    np.testing.assert_allclose(found.own_logits, [[6.5, -6.5], [10.5, -10.5]])


def test_a_sample_has_as_many_of_each_corpus_and_label_as_are_heard(monkeypatch) -> None:
    monkeypatch.setattr(prototypes, "HEARD", 5)
    cells = [("a", "sad")] * 40 + [("a", "happy")] * 3 + [("b", "sad")] * 8
    clips = [
        Clip(Path(f"{number}.wav"), label, "s", "t", corpus)
        for number, (corpus, label) in enumerate(cells)
    ]
    among = np.arange(1, len(clips))
    chosen = sample(clips, among)
    assert np.array_equal(chosen, np.unique(chosen))
    assert set(chosen) <= set(among)
    counts = Counter((clips[index].corpus, clips[index].label) for index in chosen)
    assert counts == {("a", "sad"): 5, ("a", "happy"): 3, ("b", "sad"): 5}
    assert np.array_equal(chosen, sample(clips, among))
