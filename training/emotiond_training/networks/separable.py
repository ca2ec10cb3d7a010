"""Depthwise-separable 2-D convolutions over the spectrum, as MobileNet has them."""

from typing import Any, Final

from emotiond.model.contract import Normalisation
from emotiond_training.networks.blocks import (
    OverBands,
    convolved,
    heard_in_time,
    normalised,
    spectrum,
)

STRIDES: Final = ((2, 2), (1, 2), (1, 1), (1, 2))
"""Of the separable convolutions, in frames and bands."""


class Separable(OverBands, frozen=True, tag_field="name", tag="separable"):
    """Settings of :func:`separable`."""


def separable(settings: Separable, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build convolutions whose filters look at each channel alone, and then at each place alone.

    A. Howard et al., "MobileNets", 2017: for 3 x 3 kernels an eighth to a ninth of the
    multiplications of plain ones.
    """
    import keras

    layers = keras.layers
    inputs, x = spectrum(frames, normalisation, settings.floor_db)
    x = convolved(x, settings.filters[0], (3, 7), (2, 2))
    for filters, stride in zip(settings.filters[1:], STRIDES, strict=True):
        # TensorFlow has depthwise convolutions of the same stride both ways only.
        depthwise = layers.DepthwiseConv2D(3, padding="same", use_bias=False)
        x = normalised(depthwise(x))
        x = layers.MaxPooling2D(stride, padding="same")(x) if stride != (1, 1) else x
        x = convolved(x, filters, (1, 1), (1, 1))
    outputs = heard_in_time(x, settings.hidden, settings.dropout, labels)
    return keras.Model(inputs, outputs, name="separable")
