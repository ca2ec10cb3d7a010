"""Networks: functions that return a Keras model, each with its settings as a recipe gives them.

The last layer is always a dense softmax; export takes the softmax off, so that model files give
logits.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from emotiond.errors import InputError

Size = Annotated[int, msgspec.Meta(ge=1)]


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="seed"):
    """Settings of :func:`seed`.

    Parameters
    ----------
    filters : tuple of int
        Filters of the two convolutions.
    kernel : int
        Frames that a filter spans.
    pool : int
        Frames that are pooled into one.
    dense : int
        Units of the hidden dense layer.
    dropout : float
        Share of them that is left out in each training step.
    """

    filters: tuple[Size, Size]
    kernel: Size
    pool: Size
    dense: Size
    dropout: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]


Network = Seed
"""Settings of any network; the key ``name`` of a recipe's ``[network]`` says which."""


def seed(settings: Seed, frames: int, coefficients: int, labels: int) -> Any:
    """Build two convolutions in time, each followed by pooling, and two dense layers.

    Returns
    -------
    keras.Model
        From normalised features [shape=(batch, frames, coefficients)] to probabilities
        [shape=(batch, labels)].
    """
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((frames, coefficients)),
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


NETWORKS: Final[dict[type[Network], Callable[[Any, int, int, int], Any]]] = {Seed: seed}


def build(settings: Network, frames: int, coefficients: int, labels: int) -> Any:
    """Build the network that the settings are for.

    Raises
    ------
    InputError
        If it can't be built for windows of this size.
    """
    try:
        return NETWORKS[type(settings)](settings, frames, coefficients, labels)
    except ValueError as error:
        raise InputError(
            f"network {settings.__struct_config__.tag!r} can't be built for windows of "
            f"{frames} frames; make windows longer, or kernels and pools smaller"
        ) from error
