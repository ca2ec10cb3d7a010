"""Residual network: convolutions in time over the MFCCs."""

from typing import Any

import msgspec

from emotiond.model.contract import Normalisation
from emotiond_training.networks.blocks import Dropout, Size, normalised, pooled


class Residual(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="residual"
):
    """Settings of :func:`residual`.

    Parameters
    ----------
    filters : int
        Filters of each convolution.
    dilations : tuple of int
        Dilation of each block, in steps of two frames: the first convolution has stride 2.
    dropout : float
        Dropout of the pooled features, 0 to 1; half as much in each block.
    """

    filters: Size
    dilations: tuple[Size, ...]
    dropout: Dropout


def residual(settings: Residual, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build blocks of two convolutions in time, each added to its input.

    Parameters and result are those of :func:`emotiond_training.networks.build`.

    Source: K. He et al., "Deep residual learning for image recognition", 2016; here in one
    dimension. Each coefficient is a channel, so a pattern that moves in frequency becomes another
    pattern.
    """
    import keras

    layers = keras.layers

    def convolution(kernel: int, stride: int = 1, dilation: int = 1) -> Any:
        return layers.Conv1D(
            settings.filters,
            kernel,
            stride,
            padding="same",
            dilation_rate=dilation,
            use_bias=False,
        )

    inputs = layers.Input((frames, len(normalisation.mean)))
    x = normalised(convolution(5, stride=2)(inputs))
    for dilation in settings.dilations:
        branch = normalised(convolution(3, dilation=dilation)(x))
        branch = layers.Dropout(settings.dropout / 2)(branch)
        branch = normalised(convolution(3)(branch), activation=None)
        x = layers.ReLU()(layers.Add()([x, branch]))
    x = layers.Dropout(settings.dropout)(pooled(x))
    outputs = layers.Dense(labels, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="residual")
