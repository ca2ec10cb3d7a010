"""Shift network: 2-D convolutions over the spectrum find a pattern at any height of the voice."""

from typing import Any, Final

from emotiond.model.contract import Normalisation
from emotiond_training.networks.blocks import SpectralSettings, classifier_head, convolved, spectrum

KERNELS: Final = ((2, 4), (3, 3), (3, 3), (3, 3), (3, 3))
"""Kernels of the convolutions, in frames and bands of their input (pairs, for the first)."""
STRIDES: Final = ((1, 1), (2, 2), (1, 2), (1, 1), (1, 2))
"""Strides of the convolutions, in the same units."""


class Shift(SpectralSettings, frozen=True, tag_field="name", tag="shift"):
    """Settings of :func:`shift`."""


def shift(settings: Shift, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build 2-D convolutions over the spectrum, and one in time.

    Parameters and result are those of :func:`emotiond_training.networks.build`.
    """
    import keras

    inputs, x = spectrum(frames, normalisation, settings.floor_db)
    x = space_to_depth(x)
    for filters, kernel, stride in zip(settings.filters, KERNELS, STRIDES, strict=True):
        x = convolved(x, filters, kernel, stride)
    outputs = classifier_head(x, settings.hidden, settings.dropout, labels)
    return keras.Model(inputs, outputs, name="shift")


def space_to_depth(x: Any) -> Any:
    """Turn each block of two frames by two bands into four channels.

    A first convolution over one channel would cost most of all layers: int8 kernels pad one channel
    to eight.

    Parameters
    ----------
    x : keras tensor [shape=(batch, frames, bands, 1)]
        The spectrum; odd numbers of frames or bands are padded with zeros to even ones.

    Returns
    -------
    keras tensor [shape=(batch, ceil(frames / 2), ceil(bands / 2), 4)]
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
