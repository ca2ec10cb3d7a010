"""Prototypes of a model: what its training voices are like on the mean, for each label."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotiond.model.company import Prototypes
from emotiond_training.corpora.clips import Clip
from emotiond_training.figures.metrics import Numbers
from emotiond_training.splits.folds import Indices

HEARD: Final = 100
"""Most recordings of each corpus and label that are heard for a prototype."""
SEED: Final = 0
"""Seed of their choice."""


def sample(clips: Sequence[Clip], among: Indices) -> Indices:
    """Return a sample of recordings for prototypes, of each corpus and label as many if possible.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    among : np.ndarray [shape=(n,)]
        Recordings to draw from: indices into the table.

    Returns
    -------
    np.ndarray [shape=(m,)]
        Indices in ascending order.
    """
    random = np.random.default_rng(SEED)
    cells: dict[tuple[str, str], list[int]] = {}
    for index in random.permutation(among):
        cells.setdefault((clips[index].corpus, clips[index].label), []).append(int(index))
    return np.sort(np.concatenate([np.array(each[:HEARD], np.intp) for each in cells.values()]))


def prototypes_from(
    corpora: Sequence[str],
    labels: Numbers,
    embeddings: NDArray[np.floating],
    own_logits: NDArray[np.floating],
) -> Prototypes:
    """Return the prototypes of recordings: for each label, the mean of its corpora's means.

    Parameters
    ----------
    corpora : sequence of str [length=n]
        Corpus of each recording.
    labels : np.ndarray [shape=(n,)]
        Number of each recording's label among the model's; each label occurs.
    embeddings : np.ndarray [shape=(n, size)]
        Embedding of each recording.
    own_logits : np.ndarray [shape=(n, labels)]
        The model's own logits of each recording.
    """
    names = np.array(corpora)

    def means(of: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.array(
            [
                np.mean(
                    [
                        of[(labels == label) & (names == corpus)].mean(axis=0)
                        for corpus in np.unique(names[labels == label])
                    ],
                    axis=0,
                )
                for label in range(own_logits.shape[1])
            ]
        )

    return Prototypes(means(embeddings), means(own_logits))
