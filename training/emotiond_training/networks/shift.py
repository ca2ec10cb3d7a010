"""2-D convolutions over the spectrum, which know a pattern however high the voice."""

from typing import Any, Final

from emotiond.model.contract import Normalisation
from emotiond_training.networks.blocks import OverBands, convolved, heard_in_time, spectrum

KERNELS: Final = ((2, 4), (3, 3), (3, 3), (3, 3), (3, 3))
STRIDES: Final = ((1, 1), (2, 2), (1, 2), (1, 1), (1, 2))
"""Of the convolutions, in frames and bands; of the first, in pairs of them."""


class Shift(OverBands, frozen=True, tag_field="name", tag="shift"):
    """Settings of :func:`shift`."""


def shift(settings: Shift, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build 2-D convolutions over the spectrum, and one in time."""
    import keras

    inputs, x = spectrum(frames, normalisation, settings.floor_db)
    x = in_pairs(x)
    for filters, kernel, stride in zip(settings.filters, KERNELS, STRIDES, strict=True):
        x = convolved(x, filters, kernel, stride)
    outputs = heard_in_time(x, settings.hidden, settings.dropout, labels)
    return keras.Model(inputs, outputs, name="shift")


def in_pairs(x: Any) -> Any:
    """Lay two frames by two bands into four channels.

    A first convolution over one channel is the dearest of all: kernels for int8 pad it to eight.

    Parameters
    ----------
    x : keras tensor [shape=(batch, frames, bands, 1)]
        Filled up with silence to even numbers.

    Returns
    -------
    keras tensor [shape=(batch, frames / 2, bands / 2, 4)]
    """
    import keras

    layers = keras.layers
    _, frames, bands, _ = x.shape
    if frames % 2 or bands % 2:
        x = layers.ZeroPadding2D(((0, frames % 2), (0, bands % 2)))(x)
    _, frames, bands, _ = x.shape
    x = layers.Reshape((frames // 2, 2, bands // 2, 2))(x)
    x = layers.Permute((1, 3, 2, 4))(x)
    return layers.Reshape((frames // 2, bands // 2, 4))(x)
