"""The regression behind a taught head: which examples it is taught, and which it is not."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.model.logistic import Numbers, Reals, span_coefficients


class Regression(NamedTuple):
    """A regression on the directions of embeddings, beside other features.

    The direction of an example is its embedding, centred on the mean of examples taught and
    scaled to a fixed length. Everything is computed from inner products, so that leaving examples
    out costs little, and nothing of them remains: the centre is without them, too.

    Parameters
    ----------
    products : np.ndarray [shape=(n, n)]
        Inner products of the embeddings around any centre.
    rounding : float
        Squared length up to which a centred embedding is a rounding error.
    own : np.ndarray [shape=(n, features)]
        Features beside the direction.
    offset : np.ndarray [shape=(n, labels)]
        Logits under the prior.
    labels : np.ndarray [shape=(n,)]
        Label number of each example.
    weights : np.ndarray [shape=(n,)]
        Weight of each example, above 0.
    near : np.ndarray [shape=(n,), dtype=bool]
        Examples whose weighted mean is the centre; one of them is always taught.
    length : float
        Length of the directions, above 0.
    ridge : float
        Strength of the penalty, above 0.
    """

    products: Reals
    rounding: float
    own: Reals
    offset: Reals
    labels: Numbers
    weights: Reals
    near: NDArray[np.bool_]
    length: float
    ridge: float

    def coefficients(self, taught: NDArray[np.bool_], tolerance: float) -> Reals:
        """Return the coefficients of regressions that are taught some of the examples each.

        Parameters
        ----------
        taught : np.ndarray [shape=(problems, n), dtype=bool]
            The examples that each is taught; at least one.
        tolerance : float
            Length of the gradient at which a regression counts as solved, above 0.

        Returns
        -------
        np.ndarray [shape=(problems, n, labels)]
            Coefficients; 0 for what was not taught.
        """
        return self._solved(self._gram(taught), taught, tolerance)

    def logits_of_others(self, parts: Numbers, tolerance: float, near: Reals) -> Reals:
        """Return the logits of examples under regressions that were not taught their part.

        Parameters
        ----------
        parts : np.ndarray [shape=(n,)]
            Part of each example, from 0 on; examples with a negative number are always taught.
        tolerance : float
            Length of the gradient at which a regression counts as solved, above 0.
        near : np.ndarray [shape=(n, labels)]
            Coefficients of the regression that is taught all examples: the others are near it.

        Returns
        -------
        np.ndarray [shape=(n, labels)]
            Logits; those of the prior for examples that are always taught.
        """
        logits = self.offset.copy()
        numbers = np.unique(parts[parts >= 0])
        if not len(numbers):
            return logits
        taught = parts != numbers[:, np.newaxis]
        # An estimate needs no more digits, and takes a third of the time.
        gram = self._gram(taught).astype(np.float32)
        start = (near * taught[..., np.newaxis]).astype(np.float32)
        learnt = gram @ self._solved(gram, taught, tolerance, start)
        problem, example = np.nonzero(~taught)
        logits[example] += learnt[problem, example]
        return logits

    def _solved(
        self,
        gram: Reals,
        taught: NDArray[np.bool_],
        tolerance: float,
        start: Reals | None = None,
    ) -> Reals:
        target = np.eye(self.offset.shape[1], dtype=gram.dtype)[self.labels]
        offset = np.broadcast_to(self.offset.astype(gram.dtype), (len(taught), *self.offset.shape))
        weight = (taught * self.weights).astype(gram.dtype)
        return span_coefficients(gram, offset, target, weight, self.ridge, tolerance, start)

    def _gram(self, taught: NDArray[np.bool_]) -> Reals:
        """Return the inner products of all examples' features in each regression."""
        share = taught * (self.weights * self.near)
        share /= share.sum(axis=1, keepdims=True)
        means = share @ self.products
        centres = (means * share).sum(axis=1)[:, np.newaxis, np.newaxis]
        around = self.products - means[:, np.newaxis] - means[:, :, np.newaxis] + centres
        inverse = inverse_length(np.diagonal(around, axis1=1, axis2=2), self.rounding)
        directions = around * inverse[:, np.newaxis] * inverse[:, :, np.newaxis]
        return np.asarray(self.length**2 * directions + self.own @ self.own.T, np.float64)


def rounding_of(centre: Reals, scale: Reals) -> float:
    """Return the squared length up to which a centred and scaled embedding is a rounding error."""
    return float(1e-24 + 1e-12 * np.square(centre / scale).sum())


def inverse_length(squares: Reals, rounding: float) -> Reals:
    """Return the factors that give vectors length 1; 0 for rounding errors.

    Parameters
    ----------
    squares : np.ndarray
        Squared length of each vector.
    rounding : float
        Squared length up to which a vector is a rounding error.

    Returns
    -------
    np.ndarray [shape of `squares`]
    """
    return np.where(squares > rounding, 1.0 / np.sqrt(np.maximum(squares, rounding)), 0.0)
