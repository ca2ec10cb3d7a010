"""The output of a network for one window, and the probabilities that follow from it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
"""Logits in the order of the contract's labels [shape=(labels,)]."""
Embedding = NDArray[np.float32]
"""Embedding of a window or of an utterance [shape=(embedding_size,)]."""


class Output(NamedTuple):
    """Output of a network for one window, or the mean over some windows."""

    logits: Logits
    """Logits in the order of the contract's labels [shape=(labels,)]."""
    embedding: Embedding | None = None
    """Embedding [shape=(embedding_size,)]; None if the network has none."""
    untaught: Logits | None = None
    """The model's own logits where ``logits`` are those of a taught head; else None."""

    @property
    def own_logits(self) -> Logits:
        """The model's own logits, in the order of its own labels."""
        return self.logits if self.untaught is None else self.untaught

    def probabilities(self, temperature: float) -> NDArray[np.float32]:
        """Return the calibrated probabilities: the softmax of the logits over a temperature.

        Source: C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017,
        https://arxiv.org/abs/1706.04599.

        Parameters
        ----------
        temperature : float
            Temperature of the model's contract, above 0.

        Returns
        -------
        np.ndarray [shape=(labels,), dtype=float32]
            Probabilities in the order of the contract's labels; sum 1.
        """
        return softmax(self.logits / np.float32(temperature))


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax of logits along the last axis.

    Parameters
    ----------
    logits : np.ndarray [shape=(..., labels), dtype=float32]
        Finite numbers.

    Returns
    -------
    np.ndarray [shape=(..., labels), dtype=float32]
        Probabilities; each row's sum is 1.
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
