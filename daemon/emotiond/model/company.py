"""The company of taught examples: typical voices, and sounds that are none of the labels.

Pure arithmetic. With it a head that was taught one label alone claims neither every voice nor every
sound for it.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.model.contract import OTHER
from emotiond.model.examples import Examples
from emotiond.model.logistic import Numbers, Reals

OTHER_WEIGHT: Final = 4.0
"""Weight of all background embeddings together, in examples of a mean label."""
BEFORE: Final = 0.3
"""Examples that each label counts before any is taught, when labels are made equally probable."""


class Prototypes(NamedTuple):
    """Typical voices: the means of the model's training voices, one row for each of its labels.

    Parameters
    ----------
    embeddings : np.ndarray [shape=(model's labels, size)]
        Mean embedding of each label.
    own_logits : np.ndarray [shape=(model's labels, model's labels)]
        The model's own logits, their mean for each label [rows].
    """

    embeddings: NDArray[np.floating]
    own_logits: NDArray[np.floating]


class Background(NamedTuple):
    """Sounds that are none of the labels taught: noises, music, ordinary speech of strangers.

    Parameters
    ----------
    embeddings : np.ndarray [shape=(n, size)]
        Embedding of each sound.
    own_logits : np.ndarray [shape=(n, model's labels)]
        The model's own logits of each sound.
    """

    embeddings: NDArray[np.floating]
    own_logits: NDArray[np.floating]


class Company(NamedTuple):
    """Background and prototypes: a head is fitted on them beside the taught examples.

    Parameters
    ----------
    background : Background or None
        Sounds that are none of the labels.
    prototypes : Prototypes or None
        Typical voices, which stand for labels of the model that nobody taught.
    """

    background: Background | None = None
    prototypes: Prototypes | None = None


ALONE: Final = Company()
"""No company."""


def in_company(
    taught: Examples, company: Company, model_labels: tuple[str, ...], labels: tuple[str, ...]
) -> tuple[Examples, Reals]:
    """Return examples with their company behind them, and the weight of each.

    Parameters
    ----------
    taught : Examples
        At least one.
    company : Company
        Prototypes count for the labels that were not taught, one example each. They are moved by
        the mean distance of the taught labels from theirs: a speaker and a room sound like
        themselves, whatever they express.
    model_labels, labels : tuple of str
        Labels of the model and of the head.
    """
    count = len(taught.labels)
    everything, weights = taught, np.ones(count)
    if company.prototypes is not None:
        typical = _moved(company.prototypes, taught, model_labels, labels)
        everything = _joined(everything, typical)
        weights = np.append(weights, np.ones(len(typical.labels)))
    if (background := company.background) is not None:
        more = len(background.embeddings)
        others = Examples(*background, np.full(more, labels.index(OTHER)), np.full(more, -1))
        named = sum(label != OTHER for label in labels)
        everything = _joined(everything, others)
        weight = OTHER_WEIGHT * count / (max(1, named) * more)
        weights = np.append(weights, np.full(more, weight))
    return everything, weights


def balance_of(numbers: Numbers, labels: tuple[str, ...]) -> Reals:
    """Return logits that make up for unequal numbers of examples while a head is fitted.

    They are the logarithms of the labels' shares. A head that is fitted with them learns how
    examples differ, and not that a label taught more often is more probable. Source: A. K. Menon
    et al., "Long-tail learning via logit adjustment", ICLR 2021, section 5.2.

    Parameters
    ----------
    numbers : np.ndarray [shape=(n,)]
        Label number of each taught example.
    labels : tuple of str
        Labels of the head; ``none_of_these`` has the share of a mean label.

    Returns
    -------
    np.ndarray [shape=(labels,)]
        0 for all if each label has as many examples.
    """
    named = np.array([label != OTHER for label in labels])
    counts = np.bincount(numbers, minlength=len(labels)).astype(np.float64)
    counts[~named] = counts[named].mean() if named.any() else 0.0
    return np.asarray(np.log(counts + BEFORE) - np.log(counts.mean() + BEFORE))


def _moved(
    prototypes: Prototypes, taught: Examples, model_labels: tuple[str, ...], labels: tuple[str, ...]
) -> Examples:
    """Return the prototypes of labels that were not taught, as examples of the same speakers."""
    taught_labels = [labels[number] for number in np.unique(taught.labels)]
    known = [each for each in taught_labels if each in model_labels]
    lacking = [each for each in model_labels if each in labels and each not in taught_labels]
    if not known:
        lacking = []
    rows = [model_labels.index(each) for each in lacking]

    def moved(typical: NDArray[np.floating], said: NDArray[np.floating]) -> Reals:
        distances = [
            said[taught.labels == labels.index(each)].mean(axis=0)
            - typical[model_labels.index(each)]
            for each in known
        ]
        return np.asarray(typical[rows] + (np.mean(distances, axis=0) if known else 0.0))

    return Examples(
        moved(prototypes.embeddings, taught.embeddings),
        moved(prototypes.own_logits, taught.own_logits),
        np.array([labels.index(each) for each in lacking], np.intp),
        np.full(len(lacking), -1),
    )


def _joined(first: Examples, second: Examples) -> Examples:
    return Examples(*(np.concatenate(each) for each in zip(first, second, strict=True)))
