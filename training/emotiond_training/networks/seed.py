"""Seed network, the project's first: two convolutions in time."""

from typing import Any

import msgspec

from emotiond.model.contract import Normalisation
from emotiond_training.networks.blocks import Dropout, Size


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="seed"):
    """Settings of :func:`seed`.

    Parameters
    ----------
    filters : tuple of int
        Filters of the two convolutions.
    kernel : int
        Length of a filter (frames).
    pool : int
        Frames that pooling joins into one.
    dense : int
        Units of the hidden dense layer.
    dropout : float
        Dropout of these units, 0 to 1.
    """

    filters: tuple[Size, Size]
    kernel: Size
    pool: Size
    dense: Size
    dropout: Dropout


def seed(settings: Seed, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build two convolutions in time with pooling, and two dense layers.

    Parameters and result are those of :func:`emotiond_training.networks.build`.
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
