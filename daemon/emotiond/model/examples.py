"""Taught examples, as arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.model.logistic import Numbers


class Examples(NamedTuple):
    """Taught examples.

    Parameters
    ----------
    embeddings : np.ndarray [shape=(n, size)]
        Embedding of each example; finite.
    own_logits : np.ndarray [shape=(n, model's labels)]
        The model's own logits of each example; finite.
    labels : np.ndarray [shape=(n,), dtype=int]
        Number of each example's label among the labels of the head.
    groups : np.ndarray [shape=(n,), dtype=int]
        Number of the recording that each example comes from.
    """

    embeddings: NDArray[np.floating]
    own_logits: NDArray[np.floating]
    labels: Numbers
    groups: Numbers


def check(examples: Examples, model_labels: tuple[str, ...], labels: tuple[str, ...]) -> None:
    """Check that examples fit each other and the labels; raises ValueError if they don't."""
    count = len(examples.labels)
    if examples.embeddings.ndim != 2 or len(examples.embeddings) != count:
        raise ValueError(f"embeddings of shape {examples.embeddings.shape} for {count} labels")
    if examples.own_logits.shape != (count, len(model_labels)):
        raise ValueError(
            f"own logits of shape {examples.own_logits.shape} for {count} examples "
            f"and {len(model_labels)} labels of the model"
        )
    if np.shape(examples.groups) != (count,):
        raise ValueError(f"{len(examples.groups)} groups for {count} labels")
    if not (np.isfinite(examples.embeddings).all() and np.isfinite(examples.own_logits).all()):
        raise ValueError("an embedding or a logit is not finite")
    if len(set(labels)) != len(labels) or len(set(model_labels)) != len(model_labels):
        raise ValueError("a label occurs twice")
    if count and not 0 <= min(examples.labels) <= max(examples.labels) < len(labels):
        raise ValueError(f"a label number is not from 0 to {len(labels) - 1}")


def order_of(examples: Examples, labels: tuple[str, ...]) -> Numbers:
    """Return the examples' numbers in an order that depends on nothing but their content."""
    embeddings, own_logits, numbers, groups = (np.asarray(each) for each in examples)

    def key(row: int) -> tuple[str, bytes, bytes, int]:
        content = embeddings[row].tobytes(), own_logits[row].tobytes()
        return labels[numbers[row]], *content, int(groups[row])

    return np.array(sorted(range(len(numbers)), key=key), np.intp)


def in_order(examples: Examples, order: Numbers) -> Examples:
    """Return examples in an order, as 64-bit numbers."""
    embeddings, own_logits, labels, groups = (np.asarray(each)[order] for each in examples)
    return Examples(
        embeddings.astype(np.float64),
        own_logits.astype(np.float64),
        labels.astype(np.intp),
        groups.astype(np.intp),
    )
