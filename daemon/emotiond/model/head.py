"""The taught head: logistic regression on a few embeddings, whose prior is the model's own head.

Pure arithmetic. Without examples the head is the model's own; each example moves it a little.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emotiond.model.company import ALONE, Company, balance_of, in_company
from emotiond.model.contract import OTHER
from emotiond.model.estimate import Estimate, estimate_of, left_out, temperature_of, threshold_of
from emotiond.model.examples import Examples, check, in_order, order_of
from emotiond.model.logistic import Numbers, Reals, log_softmax
from emotiond.model.regression import Regression, inverse_length, rounding_of

LENGTH: Final = 3.0
"""Length that each centred embedding is scaled to."""
RIDGE: Final = 0.2
"""Strength of the penalty on squared weights."""
PRIOR: Final = 0.4
"""Weight of the model's own calibrated logit of a label. Examples do not change it."""
OWN: Final = 0.25
"""Factor of the model's own logits among the features that examples are explained by.

The larger it is, the more of what is learnt concerns what the model takes for each label, and the
less what the embedding tells beside that.
"""
OTHER_PRIOR: Final = -3.0
"""Logit of ``none_of_these`` before any example is seen, beside the model's own logits."""
TEMPERATURE: Final = 0.65
"""Temperature of a head of which no example was left out; the prior makes its logits small."""
TOLERANCE: Final = 1e-6
"""Length of the gradient at which a head counts as fitted."""
LEFT_OUT_TOLERANCE: Final = 2e-1
"""The same of heads that are only fitted for the estimate."""


class Head(NamedTuple):
    """A head: a function of an embedding and of the model's own logits.

    Parameters
    ----------
    labels : tuple of str
        Labels in the order of its logits; with a background, the last one is ``none_of_these``.
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
    company: Company = ALONE,
    temperature: float = 1.0,
    abstain_below: float = 0.0,
    scale: ArrayLike | None = None,
    length: float = LENGTH,
    ridge: float = RIDGE,
    prior: float = PRIOR,
    leave_out: bool = True,
) -> Head:
    """Fit a head on taught examples.

    The features of an example are its embedding, centred on the mean of the examples and scaled to
    `length`, beside a constant and the model's own logits, divided by the model's temperature and
    multiplied by :data:`OWN`. The weights maximise the likelihood of the examples under a penalty
    on their squares; `prior` times each label's own logit is added, so that the model decides where
    examples say little. The order of the examples changes no bit of the result.

    Somebody may teach one label often and another never. Then the numbers of examples count as by
    :func:`~emotiond.model.company.balance_of`, and prototypes stand for the labels of the model
    that were not taught.

    With a background in its company the head has one more label, ``none_of_these``, so that sounds
    which nobody taught are not claimed for a label. All background embeddings together weigh as
    much as :data:`~emotiond.model.company.OTHER_WEIGHT` mean labels. Neither they nor prototypes
    are ever left out.

    Parameters
    ----------
    examples : Examples
        Taught examples; there may be none.
    model_labels : sequence of str
        Labels of the model, in the order of its own logits.
    labels : sequence of str, optional
        Labels of the head; default those of the model. A label that the model lacks has no own
        logit: its prior weights are all 0.
    company : Company, optional
        What stands beside the examples; default nothing.
    temperature, abstain_below : float, optional
        The model's own temperature, above 0, and threshold; default 1 and 0.
    scale : array_like [shape=(size,)], optional
        Positive numbers that the centred embedding is divided by; default 1.
    length : float, optional
        Length that each centred embedding is scaled to, above 0; default 3.
    ridge : float, optional
        Strength of the penalty, above 0; default 0.2.
    prior : float, optional
        Prior weight of each label's own logit, above 0; default 0.4.
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
    task = _task(examples, model_labels, labels, company, temperature, scale, length, ridge, prior)
    if task.regression is None:
        size = examples.embeddings.shape[1]
        return Head(
            labels=task.labels,
            temperature=temperature,
            abstain_below=abstain_below,
            estimate=None,
            centre=np.zeros(size),
            scale=task.scale,
            on_direction=np.zeros((size, len(task.labels))),
            on_logits=task.own_label,
            bias=np.zeros(len(task.labels)),
        )
    regression, own_label = task.regression, task.own_label
    found = _solution(regression, TOLERANCE)
    squares = np.diagonal(regression.products)[:, np.newaxis]
    learnt = regression.own.T @ found
    directions = task.centred * inverse_length(squares, regression.rounding)
    head = Head(
        labels=task.labels,
        temperature=TEMPERATURE if own_label.any() else 1.0,
        abstain_below=abstain_below,
        estimate=None,
        centre=task.centre,
        scale=task.scale,
        on_direction=length**2 * directions.T @ found,
        on_logits=(prior * own_label + OWN * learnt[:-1]) / temperature,
        bias=task.first + learnt[-1],
    )
    if not leave_out:
        return head
    parts, logits = _left_out(task, regression, found)
    taught = task.taught
    untaught = np.where(own_label.any(axis=0), taught.own_logits @ own_label, -np.inf)
    # With all labels taught, the logits are as sure as the prior makes those of the model.
    known = np.flatnonzero(own_label.any(axis=0))
    share = float(np.isin(known, taught.labels).mean()) if len(known) else 0.0
    expected = head.temperature ** (1.0 - share) * prior**share
    return _judged(head, taught, parts, logits, untaught, expected)


def logits_of_others(
    examples: Examples,
    model_labels: Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    company: Company = ALONE,
    temperature: float = 1.0,
) -> Reals:
    """Return the logits of examples under heads that were not taught their recording.

    Parameters
    ----------
    examples, model_labels, labels, company, temperature
        As of :func:`fit`.

    Returns
    -------
    np.ndarray [shape=(n, labels of the head)]
        Logits, not divided by the head's temperature; not a number for an example whose label is
        taught by its recording alone.

    Raises
    ------
    ValueError
        As of :func:`fit`.
    """
    task = _task(examples, model_labels, labels, company, temperature)
    found = np.full((len(examples.labels), len(task.labels)), np.nan)
    if task.regression is not None:
        found_by_all = _solution(task.regression, LEFT_OUT_TOLERANCE)
        parts, logits = _left_out(task, task.regression, found_by_all)
        found[task.order[parts >= 0]] = logits[parts >= 0]
    return found


class _Task(NamedTuple):
    """What a head is fitted on; ``regression`` is None without examples."""

    labels: tuple[str, ...]
    order: Numbers
    """Numbers of the examples in the order of the regression."""
    taught: Examples
    own_label: Reals
    """One where a label of the model [rows] is a label of the head [columns]."""
    first: Reals
    """Logits before any feature counts."""
    centre: Reals
    scale: Reals
    centred: Reals
    """Embeddings of the examples and their company, centred and scaled."""
    regression: Regression | None


def _task(
    examples: Examples,
    model_labels: Sequence[str],
    labels: Sequence[str] | None,
    company: Company,
    temperature: float,
    scale: ArrayLike | None = None,
    length: float = LENGTH,
    ridge: float = RIDGE,
    prior: float = PRIOR,
) -> _Task:
    """Prepare the regression."""
    model_labels = tuple(model_labels)
    labels = model_labels if labels is None else tuple(labels)
    if company.background is not None and OTHER not in labels and len(examples.labels):
        labels = (*labels, OTHER)
    check(examples, model_labels, labels)
    divisor = np.ones(examples.embeddings.shape[1]) if scale is None else np.asarray(scale, float)
    own_label = np.equal.outer(np.array(model_labels), np.array(labels)).astype(np.float64)
    first = OTHER_PRIOR * np.equal(labels, OTHER) if own_label.any() else np.zeros(len(labels))
    order = order_of(examples, labels)
    taught = in_order(examples, order)
    if not len(order):
        return _Task(labels, order, taught, own_label, first, first, divisor, first, None)
    everything, weights = in_company(taught, company, model_labels, labels)
    calibrated = everything.own_logits / temperature
    # Voices differ from each other less than from the background, so their centre is without it.
    voices = bool(own_label.any())
    more = 0 if company.background is None else len(company.background.embeddings)
    near = (np.arange(len(weights)) < len(weights) - more) | (not voices)
    centre = (weights * near) @ everything.embeddings / (weights * near).sum()
    centred = (everything.embeddings - centre) / divisor
    regression = Regression(
        products=centred @ centred.T,
        rounding=rounding_of(centre, divisor),
        own=np.hstack((OWN * calibrated, np.ones((len(weights), 1)))),
        offset=prior * (calibrated @ own_label) + first + balance_of(taught.labels, labels),
        near=near,
        labels=everything.labels,
        weights=weights,
        length=length,
        ridge=ridge,
    )
    return _Task(labels, order, taught, own_label, first, centre, divisor, centred, regression)


def _solution(regression: Regression, tolerance: float) -> Reals:
    """Return the coefficients of the regression that is taught everything."""
    everything = np.ones((1, len(regression.weights)), bool)
    return np.asarray(regression.coefficients(everything, tolerance)[0], np.float64)


def _left_out(task: _Task, regression: Regression, near: Reals) -> tuple[Numbers, Reals]:
    """Return the part of each example, and its logits under a head that was not taught its part."""
    parts = left_out(task.taught.labels, task.taught.groups, len(task.labels))
    always = np.full(len(regression.weights) - len(parts), -1)
    logits = regression.logits_of_others(np.append(parts, always), LEFT_OUT_TOLERANCE, near)
    return parts, logits[: len(parts)]


def _judged(
    head: Head,
    taught: Examples,
    parts: Numbers,
    logits: Reals,
    untaught: Reals,
    expected: float,
) -> Head:
    """Return a head with what examples say about it that were left out in turn.

    Its temperature would be `expected` if they said nothing.
    """
    estimate = estimate_of(head.labels, taught.labels, parts, logits, untaught)
    counted = parts >= 0
    if estimate.right is None:
        return head._replace(estimate=estimate)
    labels, logits = taught.labels[counted], logits[counted]
    temperature = temperature_of(logits, labels, expected)
    probabilities = np.exp(log_softmax(logits / temperature))
    return head._replace(
        temperature=temperature,
        abstain_below=threshold_of(probabilities, labels, head.abstain_below),
        estimate=estimate,
    )
