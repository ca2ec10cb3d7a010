"""Perceptron: the classifier behind a trunk, one hidden layer on standardised statistics."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Dropout = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]


class PerceptronSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings of a perceptron and of its training.

    Parameters
    ----------
    hidden : int
        Number of hidden units, at least 1; default 128.
    dropout : float
        Share of the hidden units that each training step leaves out; default 0.
    input_dropout : float
        Share of the statistics that each training step leaves out; default 0.
    """

    hidden: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 128
    dropout: Dropout = 0.0
    input_dropout: Dropout = 0.0


class Perceptron(NamedTuple):
    """A classifier of statistics.

    Parameters
    ----------
    mean, deviation : np.ndarray [shape=(statistics,)]
        Mean and standard deviation of the statistics in training; deviations above 0.
    hidden_kernel : np.ndarray [shape=(statistics, hidden)]
        Weights of the standardised statistics.
    hidden_bias : np.ndarray [shape=(hidden,)]
        Biases of the hidden units, before their rectifier.
    kernel : np.ndarray [shape=(hidden, labels)]
        Weights of the hidden units.
    bias : np.ndarray [shape=(labels,)]
        Biases of the logits.
    """

    mean: Vector
    deviation: Vector
    hidden_kernel: Vector
    hidden_bias: Vector
    kernel: Vector
    bias: Vector

    def write(self, path: Path) -> None:
        """Write the classifier to an ``.npz`` file."""
        np.savez(path, **self._asdict())

    @classmethod
    def read(cls, path: Path) -> "Perceptron":
        """Read a classifier that :meth:`write` wrote."""
        with np.load(path) as file:
            return cls(**{name: file[name] for name in cls._fields})

    def standard(self, statistics: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return standardised statistics, the embedding [shape=(windows, statistics)]."""
        mean, deviation = self.mean.astype(np.float32), self.deviation.astype(np.float32)
        return (np.asarray(statistics, np.float32) - mean) / deviation

    def logits(self, statistics: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the logits of windows.

        Parameters
        ----------
        statistics : np.ndarray [shape=(windows, statistics)]
            Output of the trunk.

        Returns
        -------
        np.ndarray [shape=(windows, labels), dtype=float32]
        """
        hidden = self.standard(statistics) @ self.hidden_kernel.astype(np.float32)
        hidden = np.maximum(hidden + self.hidden_bias, 0.0)
        return np.asarray(hidden @ self.kernel + self.bias, np.float32)


def silent(statistics: int, labels: int) -> Perceptron:
    """Return a perceptron whose logits are all 0, and whose embedding are the statistics."""
    return Perceptron(
        mean=np.zeros(statistics),
        deviation=np.ones(statistics),
        hidden_kernel=np.zeros((statistics, 1)),
        hidden_bias=np.zeros(1),
        kernel=np.zeros((1, labels)),
        bias=np.zeros(labels),
    )


def with_classifier(trunk: Any, perceptron: Perceptron) -> Any:
    """Return the whole network: trunk, standardised statistics (the embedding), classifier.

    Parameters
    ----------
    trunk : keras.Model
        As :func:`~emotiond_training.networks.whisper.trunk` returns it.
    perceptron : Perceptron
        The classifier.

    Returns
    -------
    keras.Model
        Input: as of ``trunk``. Output: probabilities [shape=(batch, labels)]. The layer that is
        called ``embedding`` has the standardised statistics.
    """
    import keras

    layers, ops = keras.layers, keras.ops
    variance = perceptron.deviation**2
    standard = layers.Normalization(mean=perceptron.mean, variance=variance, name="embedding")
    dense = layers.Dense(len(perceptron.hidden_bias), "relu")
    hidden = dense(standard(trunk.output))
    dense.set_weights([perceptron.hidden_kernel, perceptron.hidden_bias])
    # Products and a sum, not a dense layer: its weights would become int8, and probabilities would
    # differ by 0.02.
    products = ops.expand_dims(hidden, 1) * perceptron.kernel.T.astype(np.float32)
    logits = ops.sum(products, axis=2) + perceptron.bias.astype(np.float32)
    return keras.Model(trunk.input, layers.Activation("softmax")(logits), name="whisper")


def trainable(settings: PerceptronSettings, statistics: int, labels: int) -> Any:
    """Build a perceptron to train.

    Parameters
    ----------
    settings : PerceptronSettings
        Settings.
    statistics, labels : int
        Number of its inputs and outputs.

    Returns
    -------
    keras.Model
        Input: standardised statistics [shape=(batch, statistics)], and what is added to the logits
        [shape=(batch, labels)]. Output: probabilities [shape=(batch, labels)]. Its weights are the
        last four fields of a :class:`Perceptron`.
    """
    import keras

    layers = keras.layers
    inputs, offset = layers.Input((statistics,)), layers.Input((labels,))
    x = layers.Dropout(settings.input_dropout)(inputs)
    x = layers.Dense(settings.hidden, "relu")(x)
    x = layers.Dropout(settings.dropout)(x)
    logits = layers.Dense(labels)(x)
    outputs = layers.Activation("softmax")(layers.Add()([logits, offset]))
    return keras.Model([inputs, offset], outputs)
