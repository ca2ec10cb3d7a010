"""Networks: functions that return a Keras model, each with its settings as a recipe gives them.

The last layer is always a dense softmax; export takes the softmax off, so that model files give
logits.
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
"""Settings of any network; the key ``name`` of a recipe's ``[network]`` says which."""
SPECTRAL: Final = (Shift, Separable, LightSernet)
"""Those that turn MFCCs back into the spectrum, for which there must be as many as bands."""

NETWORKS: Final[dict[type[Network], Callable[[Any, int, Normalisation, int], Any]]] = {
    Seed: seed,
    Shift: shift,
    Separable: separable,
    Residual: residual,
    LightSernet: light_sernet,
}


def build(settings: Network, frames: int, normalisation: Normalisation, labels: int) -> Any:
    """Build the network that the settings are for.

    Parameters
    ----------
    settings : Network
        Of one kind of network.
    frames : int
        In a window.
    normalisation : Normalisation
        Of the features that it will see; one number for each coefficient.
    labels : int
        How many there are.

    Returns
    -------
    keras.Model
        From normalised features [shape=(batch, frames, coefficients)] to probabilities
        [shape=(batch, labels)].

    Raises
    ------
    InputError
        If it can't be built for windows of this size.
    """
    try:
        return NETWORKS[type(settings)](settings, frames, normalisation, labels)
    except ValueError as error:
        raise InputError(
            f"network {settings.__struct_config__.tag!r} can't be built for windows of "
            f"{frames} frames; make windows longer, or kernels and pools smaller"
        ) from error
