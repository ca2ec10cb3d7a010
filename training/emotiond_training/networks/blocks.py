"""What several networks are made of."""

from typing import Annotated, Any

import msgspec
import numpy as np

from emotiond.features.mfcc import dct_matrix
from emotiond.model.contract import Normalisation

Size = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Dropout = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
Floor = Annotated[float, msgspec.Meta(gt=0.0)]
"""What lies so far below the mean of the normalised level is taken to be silence (dB)."""


class OverBands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of five 2-D convolutions over the spectrum and one in time.

    Parameters
    ----------
    filters : tuple of int
        Filters of the 2-D convolutions.
    hidden : int
        Filters of the convolution in time.
    dropout : float
        Share of the pooled features that is left out in each training step; half as much before
        the convolution in time.
    floor_db : float
        As :data:`Floor`.
    """

    filters: tuple[Size, Size, Size, Size, Size]
    hidden: Size
    dropout: Dropout
    floor_db: Floor = 50.0


def spectrum(frames: int, normalisation: Normalisation, floor_db: float) -> tuple[Any, Any]:
    """Turn normalised MFCCs back into the log-mel spectrum, by a fixed dense layer.

    As many coefficients as bands lose nothing, and a pattern that moves in frequency is one
    pattern only in the spectrum.

    Parameters
    ----------
    frames : int
        In a window.
    normalisation : Normalisation
        That the MFCCs went through; there are as many as mel bands.
    floor_db : float
        As :data:`Floor`.

    Returns
    -------
    keras tensor [shape=(batch, frames, bands)]
        The network's input.
    keras tensor [shape=(batch, frames, bands, 1)]
        Level of each band over the floor, about 0 to 3.
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
    """Normalise a batch behind a layer without bias; export folds it into that layer."""
    import keras

    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return keras.layers.Activation(activation)(x) if activation else x


def convolved(x: Any, filters: int, kernel: tuple[int, int], stride: tuple[int, int]) -> Any:
    """Convolve over time and bands, normalise and rectify."""
    import keras

    layer = keras.layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)
    return normalised(layer(x))


def pooled(x: Any) -> Any:
    """Pool features [shape=(batch, frames, features)] over time: by attention, maximum and mean."""
    import keras

    layers = keras.layers
    attention = layers.Softmax(axis=1)(layers.Dense(1)(x))
    attended = layers.Flatten()(layers.Dot(axes=(1, 1))([attention, x]))
    of_time = [attended, layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)]
    return layers.Concatenate()(of_time)


def heard_in_time(x: Any, hidden: int, dropout: float, labels: int) -> Any:
    """Finish a network over time and bands: a convolution in time, pooling, probabilities.

    Parameters
    ----------
    x : keras tensor [shape=(batch, frames, bands, filters)]
        What 2-D convolutions found.
    hidden : int
        Filters of the convolution in time.
    dropout : float
        Share of the pooled features that is left out in each training step; half as much before
        the convolution in time.
    labels : int
        How many there are.
    """
    import keras

    layers = keras.layers
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.Dropout(dropout / 2)(x)
    x = normalised(layers.Conv1D(hidden, 3, padding="same", use_bias=False)(x))
    x = pooled(x)
    x = layers.Dropout(dropout)(x)
    return layers.Dense(labels, activation="softmax")(x)
