"""Light-SERNet: three parallel convolutions over the spectrum, then a chain of them."""

from typing import Any, Final

import msgspec

from emotiond.model.contract import Normalisation
from emotiond_training.networks.blocks import Dropout, Floor, Size, convolved, spectrum

PATHS: Final = ((9, 1), (1, 11), (3, 3))
"""Kernels of the paths, in frames and bands: along time, along frequency, and both."""
STRIDES: Final = ((2, 2), (1, 2), (2, 2))
"""Strides of the convolutions after the paths, in frames and bands."""


class LightSernet(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="parallel"
):
    """Settings of :func:`light_sernet`.

    Parameters
    ----------
    path : int
        Filters of each of the three paths.
    filters : tuple of int
        Filters of the convolutions after the paths.
    last : int
        Filters of the last convolution (1 x 1), before the mean over time and bands.
    dropout : float
        Dropout of that mean, 0 to 1.
    floor_db : float
        As :data:`~emotiond_training.networks.blocks.Floor`.
    """

    path: Size
    filters: tuple[Size, Size, Size]
    last: Size
    dropout: Dropout
    floor_db: Floor = 50.0


def light_sernet(
    settings: LightSernet, frames: int, normalisation: Normalisation, labels: int
) -> Any:
    """Build a network with three first layers of different kernels.

    Parameters and result are those of :func:`emotiond_training.networks.build`.

    Source: A. Aftab et al., "Light-SERNet", 2022; with strides instead of pooling, which needs a
    tenth of the multiplications.
    """
    import keras

    layers = keras.layers
    inputs, x = spectrum(frames, normalisation, settings.floor_db)
    x = layers.Concatenate()([convolved(x, settings.path, kernel, (2, 2)) for kernel in PATHS])
    for filters, stride in zip(settings.filters, STRIDES, strict=True):
        x = convolved(x, filters, (3, 3), stride)
    x = layers.GlobalAveragePooling2D()(convolved(x, settings.last, (1, 1), (1, 1)))
    outputs = layers.Dense(labels, activation="softmax")(layers.Dropout(settings.dropout)(x))
    return keras.Model(inputs, outputs, name="parallel")
