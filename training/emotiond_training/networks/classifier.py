"""The classifier behind a trunk: a regression on standardised statistics, the embedding."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def with_classifier(
    trunk: Any, mean: Vector, deviation: Vector, kernel: Vector, bias: Vector
) -> Any:
    """Return the whole network: trunk, standardised statistics (the embedding), classifier.

    Parameters
    ----------
    trunk : keras.Model
        As :func:`trunk` returns it.
    mean, deviation : np.ndarray [shape=(statistics,)]
        Mean and standard deviation of the statistics; deviations above 0.
    kernel : np.ndarray [shape=(statistics, labels)]
        Weights of the standardised statistics.
    bias : np.ndarray [shape=(labels,)]
        Biases of the logits.

    Returns
    -------
    keras.Model
        Input: as of ``trunk``. Output: probabilities [shape=(batch, labels)]. The layer that is
        called ``embedding`` has the standardised statistics.
    """
    import keras

    layers, ops = keras.layers, keras.ops
    standard = layers.Normalization(mean=mean, variance=deviation**2, name="embedding")
    # Products and a sum, not a dense layer: its weights would become int8, and probabilities would
    # differ by 0.02.
    products = ops.expand_dims(standard(trunk.output), 1) * kernel.T.astype(np.float32)
    logits = ops.sum(products, axis=2) + bias.astype(np.float32)
    return keras.Model(trunk.input, layers.Activation("softmax")(logits), name="whisper")
