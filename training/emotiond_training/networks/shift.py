"""2-D convolutions over the spectrum, which know a pattern however high the voice."""

from typing import Any, Final

import msgspec

from emotiond.modelfile import Normalisation
from emotiond_training.networks.blocks import (
    Dropout,
    Floor,
    Size,
    convolved,
    heard_in_time,
    spectrum,
)

KERNELS: Final = ((3, 7), (3, 3), (3, 3), (3, 3), (3, 3))
STRIDES: Final = ((2, 2), (2, 2), (1, 2), (1, 1), (1, 2))
"""Of the convolutions, in frames and bands."""


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
    dropout: Dropout
    floor_db: Floor = 50.0


def shift(settings: Shift, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build 2-D convolutions over the spectrum, and one in time.

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
    x = spectrum(inputs, normalisation, settings.floor_db)
    x = layers.Reshape((frames, bands, 1))(x)
    for filters, kernel, stride in zip(settings.filters, KERNELS, STRIDES, strict=True):
        x = convolved(x, filters, kernel, stride)
    outputs = heard_in_time(x, settings.hidden, settings.dropout, labels)
    return keras.Model(inputs, outputs, name="shift")
