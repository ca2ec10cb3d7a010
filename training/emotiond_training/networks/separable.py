"""Separable network: depthwise-separable 2-D convolutions over the spectrum, as in MobileNet."""

from typing import Any, Final

from emotiond.model.contract import Normalisation
from emotiond_training.networks.blocks import (
    SpectralSettings,
    classifier_head,
    convolved,
    normalised,
    spectrum,
)

STRIDES: Final = ((2, 2), (1, 2), (1, 1), (1, 2))
"""Strides of the separable convolutions, in frames and bands."""


class Separable(SpectralSettings, frozen=True, tag_field="name", tag="separable"):
    """Settings of :func:`separable`."""


def separable(settings: Separable, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build depthwise convolutions, each followed by one of 1 x 1.

    Parameters and result are those of :func:`emotiond_training.networks.build`.

    Source: A. Howard et al., "MobileNets", 2017. With 3 x 3 kernels this needs an eighth to a ninth
    of the multiplications of full convolutions.
    """
    import keras

    layers = keras.layers
    inputs, x = spectrum(frames, normalisation, settings.floor_db)
    x = convolved(x, settings.filters[0], (3, 7), (2, 2))
    for filters, stride in zip(settings.filters[1:], STRIDES, strict=True):
        # TensorFlow's depthwise convolutions need equal strides, so pooling does the stride.
        depthwise = layers.DepthwiseConv2D(3, padding="same", use_bias=False)
        x = normalised(depthwise(x))
        x = layers.MaxPooling2D(stride, padding="same")(x) if stride != (1, 1) else x
        x = convolved(x, filters, (1, 1), (1, 1))
    outputs = classifier_head(x, settings.hidden, settings.dropout, labels)
    return keras.Model(inputs, outputs, name="separable")
