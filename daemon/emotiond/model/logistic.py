"""Multinomial logistic regression with an offset, solved in the span of its examples.

Weights that minimise a ridge penalty lie in the span of the examples: ``weights = features.T @
coefficients``. Only the Gram matrix of the examples is needed, however many features there are,
and several problems with the same examples are solved at once.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.floating]
"""Real numbers, float64 unless a docstring says otherwise."""
Numbers = NDArray[np.intp]

STEPS: Final = 60
"""Most Newton steps."""
INNER_STEPS: Final = 250
"""Most conjugate-gradient steps within a Newton step."""


def log_softmax(logits: Reals) -> Reals:
    """Return the logarithm of the softmax over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def span_coefficients(
    gram: Reals,
    offset: Reals,
    target: Reals,
    weight: Reals,
    ridge: float,
    tolerance: float,
    start: Reals | None = None,
) -> Reals:
    """Return the coefficients that minimise a penalised negative log likelihood.

    The objective of each problem is the weighted sum of the examples' negative log likelihoods,
    where the logits are ``offset + gram @ coefficients``, plus ``ridge / 2`` times the squared
    length of the weights. It is strictly convex: there is one minimum.

    Newton's method; each step is found by conjugate gradients and shortened until the objective
    falls. Gradients and inner products are those of the weights, not of the coefficients: then the
    gradient is ``weight * (softmax - target) + ridge * coefficients`` and the Gram matrix need not
    be inverted. Source: C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine
    Learning", 2006, section 3.5, where the same problem is the Laplace approximation's.

    Parameters
    ----------
    gram : np.ndarray [shape=(problems, n, n), dtype=float64 or float32]
        Inner products of the examples' features. All other arrays have its dtype.
    offset : np.ndarray [shape=(problems, n, labels)]
        Logits of the examples before any weights are learnt.
    target : np.ndarray [shape=(n, labels)]
        One in the column of each example's label, zero elsewhere.
    weight : np.ndarray [shape=(problems, n)]
        Weight of each example; 0 leaves it out, and its coefficients are 0.
    ridge : float
        Strength of the penalty, above 0.
    tolerance : float
        Length of the gradient at which the minimum counts as found, above 0. The weights are then
        at most ``tolerance / ridge`` away from it.
    start : np.ndarray [shape=(problems, n, labels)], optional
        Coefficients to start from, 0 where the weight is 0; default 0.

    Returns
    -------
    np.ndarray [shape=(problems, n, labels), dtype of `gram`]
        Coefficients.
    """
    weight = weight[..., np.newaxis]
    found = np.zeros_like(offset) if start is None else start.copy()
    learnt = gram @ found
    for _ in range(STEPS):
        share = np.exp(log_softmax(offset + learnt))
        gradient = weight * (share - target) + ridge * found
        image = gram @ gradient
        if bool((_dot(gradient, image) < tolerance**2).all()):
            break
        step, step_image = _newton_step(
            gram, weight * share, share, ridge, (gradient, image), 0.01 * tolerance**2
        )
        length = _step_length(
            offset, target, weight, ridge, (found, learnt), (step, step_image), gradient
        )
        found += length * step
        learnt += length * step_image
    return found


def _dot(left: Reals, right: Reals) -> Reals:
    """Return the inner product of each problem, shaped to multiply its array."""
    return np.asarray(np.einsum("pnl,pnl->p", left, right)[:, np.newaxis, np.newaxis])


def _newton_step(
    gram: Reals,
    weighted: Reals,
    share: Reals,
    ridge: float,
    gradient: tuple[Reals, Reals],
    least: float,
) -> tuple[Reals, Reals]:
    """Return the Newton step by conjugate gradients, and its product with the Gram matrix."""
    rest, rest_image = (-each for each in gradient)
    step, step_image = np.zeros_like(rest), np.zeros_like(rest)
    way, way_image = rest, rest_image
    size = first = _dot(rest, rest_image)
    least_divisor = np.finfo(size.dtype).tiny
    # Nearer to the minimum the steps are more exact, so that convergence is faster than linear.
    enough = np.maximum(first * np.minimum(0.1, first), least)
    for _ in range(INNER_STEPS):
        mean = (share * way_image).sum(axis=-1, keepdims=True)
        curved = weighted * (way_image - mean) + ridge * way
        going = size > enough
        length = np.where(going, size / np.maximum(_dot(curved, way_image), least_divisor), 0.0)
        step = step + length * way
        step_image = step_image + length * way_image
        rest = rest - length * curved
        rest_image = gram @ rest
        new = _dot(rest, rest_image)
        if bool((new <= enough).all()):
            break
        ratio = new / np.maximum(size, least_divisor)
        way, way_image = rest + ratio * way, rest_image + ratio * way_image
        size = new
    return step, step_image


def _step_length(
    offset: Reals,
    target: Reals,
    weight: Reals,
    ridge: float,
    place: tuple[Reals, Reals],
    step: tuple[Reals, Reals],
    gradient: Reals,
) -> Reals:
    """Return 1, or the first of its halves at which each problem's objective falls enough."""

    def objective(length: Reals) -> Reals:
        found, learnt = (at + length * by for at, by in zip(place, step, strict=True))
        fit = _dot(weight * target, -log_softmax(offset + learnt))
        return fit + 0.5 * ridge * _dot(found, learnt)

    length = np.ones((len(offset), 1, 1))
    before = objective(np.zeros_like(length))
    slope = _dot(gradient, step[1])
    rounding = 1000 * np.finfo(before.dtype).eps
    for _ in range(30):
        # The last term allows for rounding, where a step can't lower the objective visibly.
        allowed = before + 1e-4 * length * slope + rounding * np.abs(before)
        worse = objective(length) > allowed
        if not worse.any():
            break
        length = np.where(worse, 0.5 * length, length)
    return length
