"""Networks: functions that build a Keras model from the settings in a recipe.

The last layer is always dense with a softmax. Export removes the softmax, so the outputs of a model
file are logits.
"""

from collections.abc import Callable
from typing import Any, Final

from emotiond.errors import InputError
from emotiond.model.contract import Normalisation
from emotiond_training.networks.light_sernet import LightSernet, light_sernet
from emotiond_training.networks.residual import Residual, residual
from emotiond_training.networks.seed import Seed, seed
from emotiond_training.networks.separable import Separable, separable
from emotiond_training.networks.shift import Shift, shift

Network = Seed | Shift | Separable | Residual | LightSernet
"""Settings of networks that are trained as a whole; ``name`` in ``[network]`` chooses one."""
SPECTRAL: Final = (Shift, Separable, LightSernet)
"""Networks that turn MFCCs back into the spectrum, so that n_mfcc must equal n_mels."""

NETWORKS: Final[dict[type[Network], Callable[[Any, int, Normalisation, int], Any]]] = {
    Seed: seed,
    Shift: shift,
    Separable: separable,
    Residual: residual,
    LightSernet: light_sernet,
}


def build(settings: Network, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build a network.

    Parameters
    ----------
    settings : Network
        Settings; their type chooses the network.
    frames : int
        Frames of a window.
    normalisation : Normalisation
        Normalisation of the features; one mean and deviation for each coefficient.
    labels : int
        Number of labels.

    Returns
    -------
    keras.Model
        Input: normalised features [shape=(batch, frames, coefficients)]. Output: probabilities
        [shape=(batch, labels)].

    Raises
    ------
    InputError
        If windows are too short for the network.
    """
    try:
        return NETWORKS[type(settings)](settings, frames, normalisation, labels)
    except ValueError as error:
        raise InputError(
            f"network {settings.__struct_config__.tag!r} can't be built for windows of "
            f"{frames} frames; make windows longer, or kernels and pools smaller"
        ) from error
