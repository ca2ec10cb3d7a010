"""Three paths side by side over the spectrum, as Light-SERNet has them."""

from typing import Any, Final

import msgspec

from emotiond.model.contract import Normalisation
from emotiond_training.networks.blocks import Dropout, Floor, Size, convolved, spectrum

PATHS: Final = ((9, 1), (1, 11), (3, 3))
"""Kernels of the paths, in frames and bands: along time, along frequency, and both."""
STRIDES: Final = ((2, 2), (1, 2), (2, 2))
"""Of the convolutions behind them."""


class LightSernet(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="parallel"
):
    """Settings of :func:`light_sernet`.

    Parameters
    ----------
    path : int
        Filters of each of the three paths.
    filters : tuple of int
        Filters of the convolutions behind them.
    last : int
        Filters of the convolution of 1 x 1 before the mean over time and bands.
    dropout : float
        Share of that mean that is left out in each training step.
    floor_db : float
        What lies so far below the mean of the normalised level is taken to be silence (dB).
    """

    path: Size
    filters: tuple[Size, Size, Size]
    last: Size
    dropout: Dropout
    floor_db: Floor = 50.0


def light_sernet(
    settings: LightSernet, frames: int, normalisation: Normalisation, labels: int
) -> Any:
    """Build three first layers of unlike kernels, whose outputs are laid together.

    A. Aftab et al., "Light-SERNet", 2022, with strides in place of pooling, for a tenth of its
    multiplications.
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
