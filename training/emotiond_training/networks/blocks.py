"""Layers and settings that several networks share."""

from typing import Annotated, Any

import msgspec
import numpy as np

from emotiond.features.mfcc import dct_matrix
from emotiond.model.contract import Normalisation

Size = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Dropout = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
Floor = Annotated[float, msgspec.Meta(gt=0.0)]
"""Depth of the spectrum below 0 dB (dB), above 0: lower levels count as silence.

Where levels are measured from the loudest frame, 0 dB is the mean of that frame's bands.
"""


class SpectralSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of five 2-D convolutions over the spectrum and one in time.

    Parameters
    ----------
    filters : tuple of int
        Filters of the 2-D convolutions.
    hidden : int
        Filters of the convolution in time.
    dropout : float
        Dropout of the pooled features, 0 to 1; half as much before the convolution in time.
    floor_db : float
        As :data:`Floor`.
    """

    filters: tuple[Size, Size, Size, Size, Size]
    hidden: Size
    dropout: Dropout
    floor_db: Floor = 50.0


def spectrum(frames: int, normalisation: Normalisation, floor_db: float) -> tuple[Any, Any]:
    """Return an input of normalised MFCCs, and the log-mel spectrum that it stands for.

    A dense layer with fixed weights undoes normalisation and DCT; with as many coefficients as
    bands nothing is lost. In the spectrum, a pattern that moves in frequency keeps its shape, so a
    convolution can find it.

    Parameters
    ----------
    frames : int
        Frames of a window.
    normalisation : Normalisation
        Normalisation of the MFCCs, of which there are as many as mel bands.
    floor_db : float
        As :data:`Floor`.

    Returns
    -------
    keras tensor [shape=(batch, frames, bands)]
        Input of the network.
    keras tensor [shape=(batch, frames, bands, 1)]
        Level of each band above the floor, in thirds of ``floor_db``; at least 0.
    """
    import keras

    layers = keras.layers
    bands = len(normalisation.mean)
    scale = floor_db / 3.0
    rotation = dct_matrix(bands)
    kernel = np.array(normalisation.std)[:, None] * rotation / scale
    bias = (np.array(normalisation.mean) @ rotation + floor_db) / scale
    inputs = layers.Input((frames, bands))
    layer = layers.Dense(bands, activation="relu", trainable=False, name="spectrum")
    over_floor = layer(inputs)
    layer.set_weights([kernel, bias])
    return inputs, layers.Reshape((frames, bands, 1))(over_floor)


def normalised(x: Any, activation: str | None = "relu") -> Any:
    """Apply batch normalisation and an activation to the output of a layer without bias.

    Export folds the normalisation into that layer.
    """
    import keras

    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return keras.layers.Activation(activation)(x) if activation else x


def convolved(x: Any, filters: int, kernel: tuple[int, int], stride: tuple[int, int]) -> Any:
    """Apply a 2-D convolution (kernel and stride in frames and bands), normalisation and ReLU."""
    import keras

    layer = keras.layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)
    return normalised(layer(x))


def pooled(x: Any) -> Any:
    """Pool features over time: weighted by attention, by maximum, and by mean.

    Parameters
    ----------
    x : keras tensor [shape=(batch, frames, features)]
        Features of each frame.

    Returns
    -------
    keras tensor [shape=(batch, 3 * features)]
    """
    import keras

    layers = keras.layers
    attention = layers.Softmax(axis=1)(layers.Dense(1)(x))
    attended = layers.Flatten()(layers.Dot(axes=(1, 1))([attention, x]))
    parts = [attended, layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)]
    return layers.Concatenate()(parts)


def classifier_head(x: Any, hidden: int, dropout: float, labels: int) -> Any:
    """Add the last layers of a 2-D network: a convolution in time, pooling and a softmax.

    Parameters
    ----------
    x : keras tensor [shape=(batch, frames, bands, filters)]
        Output of the 2-D convolutions.
    hidden : int
        Filters of the convolution in time.
    dropout : float
        Dropout of the pooled features, 0 to 1; half as much before the convolution in time.
    labels : int
        Number of labels.

    Returns
    -------
    keras tensor [shape=(batch, labels)]
        Probabilities.
    """
    import keras

    layers = keras.layers
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.Dropout(dropout / 2)(x)
    x = normalised(layers.Conv1D(hidden, 3, padding="same", use_bias=False)(x))
    x = pooled(x)
    x = layers.Dropout(dropout)(x)
    return layers.Dense(labels, activation="softmax")(x)
