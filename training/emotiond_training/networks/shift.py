"""2-D convolutions over the spectrum, which know a pattern however high the voice."""

from typing import Any, Final

from emotiond.modelfile import Normalisation
from emotiond_training.networks.blocks import (
    OverBands,
    convolved,
    heard_in_time,
    spectrum,
)

KERNELS: Final = ((3, 7), (3, 3), (3, 3), (3, 3), (3, 3))
STRIDES: Final = ((2, 2), (2, 2), (1, 2), (1, 1), (1, 2))
"""Of the convolutions, in frames and bands."""


class Shift(OverBands, frozen=True, tag_field="name", tag="shift"):
    """Settings of :func:`shift`."""


def shift(settings: Shift, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build 2-D convolutions over the spectrum, and one in time."""
    import keras

    inputs, x = spectrum(frames, normalisation, settings.floor_db)
    for filters, kernel, stride in zip(settings.filters, KERNELS, STRIDES, strict=True):
        x = convolved(x, filters, kernel, stride)
    outputs = heard_in_time(x, settings.hidden, settings.dropout, labels)
    return keras.Model(inputs, outputs, name="shift")
