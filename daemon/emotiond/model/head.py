"""The taught head: logistic regression on a few embeddings, whose prior is the model's own head.

Pure arithmetic. Without examples the head is the model's own; each example moves it a little.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotiond.model.estimate import Estimate, estimate_of, left_out, temperature_of, threshold_of
from emotiond.model.logistic import Numbers, Reals, log_softmax
from emotiond.model.regression import Regression, inverse_length, rounding_of

LENGTH: Final = 3.0
"""Length that each centred embedding is scaled to."""
RIDGE: Final = 0.2
"""Strength of the penalty on weights that differ from the prior's."""
PRIOR: Final = 0.7
"""Weight of the model's own logit of a label before any example is seen."""
TOLERANCE: Final = 1e-6
"""Length of the gradient at which a head counts as fitted."""
LEFT_OUT_TOLERANCE: Final = 1e-2
"""The same of heads that are only fitted for the estimate."""


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


class Head(NamedTuple):
    """A head: a function of an embedding and of the model's own logits.

    Parameters
    ----------
    labels : tuple of str
        Labels in the order of its logits.
    temperature : float
        Calibration: the logits are divided by it before the softmax; above 0.
    abstain_below : float
        Threshold: a result with a lower confidence is ``uncertain``; 0 to 1.
    estimate : Estimate or None
        How often it is right about examples left out in turn; None if none were left out.
    centre, scale : np.ndarray [shape=(size,)]
        Subtracted from an embedding; then divided by.
    on_direction : np.ndarray [shape=(size, labels)]
        Weights of the direction: the centred embedding, scaled to length 1.
    on_logits : np.ndarray [shape=(model's labels, labels)]
        Weights of the model's own logits.
    bias : np.ndarray [shape=(labels,)]
        Added to the logits.
    """

    labels: tuple[str, ...]
    temperature: float
    abstain_below: float
    estimate: Estimate | None
    centre: Reals
    scale: Reals
    on_direction: Reals
    on_logits: Reals
    bias: Reals

    def logits(self, embedding: ArrayLike, own_logits: ArrayLike) -> Reals:
        """Return the head's logits.

        Parameters
        ----------
        embedding : array_like [shape=(..., size)]
            Embedding.
        own_logits : array_like [shape=(..., model's labels)]
            The model's own logits.

        Returns
        -------
        np.ndarray [shape=(..., labels)]
            Logits. Without examples they are the model's own.
        """
        centred = (np.asarray(embedding, np.float64) - self.centre) / self.scale
        squares = np.square(centred).sum(axis=-1, keepdims=True)
        direction = centred * inverse_length(squares, rounding_of(self.centre, self.scale))
        own = np.asarray(own_logits, np.float64) @ self.on_logits
        return np.asarray(direction @ self.on_direction + own + self.bias, np.float64)


def fit(
    examples: Examples,
    model_labels: Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    temperature: float = 1.0,
    abstain_below: float = 0.0,
    scale: ArrayLike | None = None,
    length: float = LENGTH,
    ridge: float = RIDGE,
    prior: float = PRIOR,
    leave_out: bool = True,
) -> Head:
    """Fit a head on taught examples.

    The features of an example are its embedding, centred on the mean of all examples and scaled to
    `length`, beside the model's own logits and a constant. The weights maximise the likelihood of
    the examples under a penalty on their distance from the prior: `prior` on each label's own
    logit, 0 elsewhere. The order of the examples changes no bit of the result.

    Parameters
    ----------
    examples : Examples
        Taught examples; there may be none.
    model_labels : sequence of str
        Labels of the model, in the order of its own logits.
    labels : sequence of str, optional
        Labels of the head; default those of the model. A label that the model lacks has no own
        logit: its prior weights are all 0.
    temperature, abstain_below : float, optional
        The model's own temperature and threshold; default 1 and 0.
    scale : array_like [shape=(size,)], optional
        Positive numbers that the centred embedding is divided by; default 1.
    length : float, optional
        Length that each centred embedding is scaled to, above 0; default 3.
    ridge : float, optional
        Strength of the penalty, above 0; default 0.2.
    prior : float, optional
        Prior weight of each label's own logit, above 0; default 0.7.
    leave_out : bool, optional
        Whether to leave examples out in turn for temperature, threshold and estimate; default
        True. Otherwise temperature and threshold follow from the model's alone.

    Returns
    -------
    Head

    Raises
    ------
    ValueError
        If arrays don't fit each other, a number is not finite, a label number is out of range or
        a label occurs twice.
    """
    model_labels = tuple(model_labels)
    labels = model_labels if labels is None else tuple(labels)
    _check(examples, model_labels, labels)
    size = examples.embeddings.shape[1]
    divisor = np.ones(size) if scale is None else np.asarray(scale, np.float64)
    own_label = np.equal.outer(np.array(model_labels), np.array(labels)).astype(np.float64)
    if not len(examples.labels):
        return Head(
            labels=labels,
            temperature=temperature,
            abstain_below=abstain_below,
            estimate=None,
            centre=np.zeros(size),
            scale=divisor,
            on_direction=np.zeros((size, len(labels))),
            on_logits=own_label,
            bias=np.zeros(len(labels)),
        )
    taught = _in_order(examples, labels)
    centre = taught.embeddings.mean(axis=0, dtype=np.float64)
    centred = (taught.embeddings - centre) / divisor
    task = Regression(
        products=centred @ centred.T,
        rounding=rounding_of(centre, divisor),
        own=np.hstack((taught.own_logits, np.ones((len(taught.labels), 1)))),
        offset=prior * (taught.own_logits @ own_label),
        labels=taught.labels,
        length=length,
        ridge=ridge,
    )
    found = task.coefficients(np.ones((1, len(task.labels)), bool), TOLERANCE)[0]
    squares = np.diagonal(task.products)[:, np.newaxis]
    learnt = task.own.T @ found
    head = Head(
        labels=labels,
        # The prior makes the model's logits smaller; the temperature makes up for it.
        temperature=prior * temperature if own_label.any() else 1.0,
        abstain_below=abstain_below,
        estimate=None,
        centre=centre,
        scale=divisor,
        on_direction=length**2 * (centred * inverse_length(squares, task.rounding)).T @ found,
        on_logits=prior * own_label + learnt[:-1],
        bias=learnt[-1],
    )
    if not leave_out:
        return head
    parts = left_out(taught.labels, taught.groups, len(labels))
    logits = task.logits_of_others(parts, LEFT_OUT_TOLERANCE)
    untaught = np.where(own_label.any(axis=0), taught.own_logits @ own_label, -np.inf)
    return _judged(head, taught, parts, logits, untaught)


def _judged(head: Head, taught: Examples, parts: Numbers, logits: Reals, untaught: Reals) -> Head:
    """Return a head with what examples say about it that were left out in turn."""
    estimate = estimate_of(head.labels, taught.labels, parts, logits, untaught)
    counted = parts >= 0
    if estimate.right is None:
        return head._replace(estimate=estimate)
    labels, logits = taught.labels[counted], logits[counted]
    temperature = temperature_of(logits, labels, head.temperature)
    probabilities = np.exp(log_softmax(logits / temperature))
    return head._replace(
        temperature=temperature,
        abstain_below=threshold_of(probabilities, labels, head.abstain_below),
        estimate=estimate,
    )


def _check(examples: Examples, model_labels: tuple[str, ...], labels: tuple[str, ...]) -> None:
    """Check that examples fit each other and the labels."""
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


def _in_order(examples: Examples, labels: tuple[str, ...]) -> Examples:
    """Return examples in an order that depends on nothing but them, as 64-bit numbers."""
    embeddings, own_logits, numbers, groups = (np.asarray(each) for each in examples)

    def key(row: int) -> tuple[str, bytes, bytes, int]:
        content = embeddings[row].tobytes(), own_logits[row].tobytes()
        return labels[numbers[row]], *content, int(groups[row])

    order = np.array(sorted(range(len(numbers)), key=key), np.intp)
    return Examples(
        embeddings[order].astype(np.float64),
        own_logits[order].astype(np.float64),
        numbers[order].astype(np.intp),
        groups[order].astype(np.intp),
    )
