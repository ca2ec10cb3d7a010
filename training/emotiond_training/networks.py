"""Networks: functions that return a Keras model, each with its settings as a recipe gives them.

The last layer is always a dense softmax; export takes the softmax off, so that model files give
logits.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from emotiond.errors import InputError
from emotiond.mfcc import dct_matrix
from emotiond.modelfile import Normalisation

Size = Annotated[int, msgspec.Meta(ge=1)]


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="seed"):
    """Settings of :func:`seed`.

    Parameters
    ----------
    filters : tuple of int
        Filters of the two convolutions.
    kernel : int
        Frames that a filter spans.
    pool : int
        Frames that are pooled into one.
    dense : int
        Units of the hidden dense layer.
    dropout : float
        Share of them that is left out in each training step.
    """

    filters: tuple[Size, Size]
    kernel: Size
    pool: Size
    dense: Size
    dropout: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]


class Shift(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="shift"):
    """Settings of :func:`shift`.

    Parameters
    ----------
    filters : tuple of int
        Filters of the five 2-D convolutions.
    hidden : int
        Filters of the convolution in time.
    dropout : float
        Share of the pooled features that is left out in each training step; half as much before
        the convolution in time.
    floor_db : float
        What lies so far below the mean of the normalised level is taken to be silence (dB).
    """

    filters: tuple[Size, Size, Size, Size, Size]
    hidden: Size
    dropout: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
    floor_db: Annotated[float, msgspec.Meta(gt=0.0)] = 50.0


Network = Seed | Shift
"""Settings of any network; the key ``name`` of a recipe's ``[network]`` says which."""


def seed(settings: Seed, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build two convolutions in time, each followed by pooling, and two dense layers.

    Returns
    -------
    keras.Model
        From normalised features [shape=(batch, frames, coefficients)] to probabilities
        [shape=(batch, labels)].
    """
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((frames, len(normalisation.mean))),
            layers.Conv1D(settings.filters[0], settings.kernel, activation="relu"),
            layers.MaxPooling1D(settings.pool),
            layers.Conv1D(settings.filters[1], settings.kernel, activation="relu"),
            layers.MaxPooling1D(settings.pool),
            layers.Flatten(),
            layers.Dense(settings.dense, activation="relu"),
            layers.Dropout(settings.dropout),
            layers.Dense(labels, activation="softmax"),
        ],
        name="seed",
    )


def shift(settings: Shift, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build 2-D convolutions over the spectrum, which know a pattern however high the voice.

    The MFCCs are turned back into the log-mel spectrum first, by a fixed dense layer: as many
    coefficients as bands lose nothing, and a pattern that moves in frequency is one pattern only
    in the spectrum. Pooling over time is by attention, maximum and mean.

    Returns
    -------
    keras.Model
        From normalised features [shape=(batch, frames, coefficients)] to probabilities
        [shape=(batch, labels)].
    """
    import keras

    layers = keras.layers
    bands = len(normalisation.mean)
    inputs = layers.Input((frames, bands))
    x = layers.Dense(bands, activation="relu", trainable=False, name="spectrum")(inputs)
    x = layers.Reshape((frames, bands, 1))(x)
    kernels = ((3, 7), (3, 3), (3, 3), (3, 3), (3, 3))
    strides = ((2, 2), (2, 2), (1, 2), (1, 1), (1, 2))
    for filters, kernel, stride in zip(settings.filters, kernels, strides, strict=True):
        x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.Dropout(settings.dropout / 2)(x)
    x = layers.Conv1D(settings.hidden, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
    attention = layers.Softmax(axis=1)(layers.Dense(1)(x))
    attended = layers.Flatten()(layers.Dot(axes=(1, 1))([attention, x]))
    pooled = [attended, layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)]
    x = layers.Dropout(settings.dropout)(layers.Concatenate()(pooled))
    outputs = layers.Dense(labels, activation="softmax")(x)
    model = keras.Model(inputs, outputs, name="shift")
    model.get_layer("spectrum").set_weights(_spectrum(normalisation, settings.floor_db))
    return model


def _spectrum(normalisation: Normalisation, floor_db: float) -> list[Any]:
    """Return kernel and bias that turn normalised MFCCs into bands over the floor, of about 1."""
    scale = floor_db / 3.0
    rotation = dct_matrix(len(normalisation.mean))
    kernel = np.array(normalisation.std)[:, None] * rotation / scale
    bias = (np.array(normalisation.mean) @ rotation + floor_db) / scale
    return [kernel, bias]


NETWORKS: Final[dict[type[Network], Callable[[Any, int, Normalisation, int], Any]]] = {
    Seed: seed,
    Shift: shift,
}


def build(settings: Network, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build the network that the settings are for.

    Parameters
    ----------
    settings : Network
        Of one kind of network.
    frames : int
        In a window.
    normalisation : Normalisation
        Of the features that it will see; one number for each coefficient.
    labels : int
        How many there are.

    Raises
    ------
    InputError
        If it can't be built for windows of this size.
    """
    try:
        return NETWORKS[type(settings)](settings, frames, normalisation, labels)
    except ValueError as error:
        raise InputError(
            f"network {settings.__struct_config__.tag!r} can't be built for windows of "
            f"{frames} frames; make windows longer, or kernels and pools smaller"
        ) from error
