"""What a model that is trained on everything takes from an evaluation of its recipe."""

from pathlib import Path

import msgspec

from emotiond.errors import InputError, reason
from emotiond.values import Probability


class Shipping(msgspec.Struct, frozen=True):
    """Medians over the rounds of an evaluation.

    Parameters
    ----------
    temperature : float
        Logits are divided by it.
    abstain_below : float
        Confidence below which the model is uncertain.
    """

    temperature: float
    abstain_below: Probability


class _Metrics(msgspec.Struct):
    shipping: Shipping


def read_shipping(path: Path) -> Shipping:
    """Read the medians from an evaluation's ``metrics.json``.

    Raises
    ------
    InputError
        If it can't be read or isn't one.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Metrics).shipping
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not the metrics.json of an evaluation: {error}") from error
