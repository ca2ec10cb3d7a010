"""Calibration of a model that is trained on all clips: medians from an evaluation."""

from pathlib import Path

import msgspec

from emotiond.errors import InputError, reason
from emotiond.values import Probability


class Shipping(msgspec.Struct, frozen=True):
    """Medians over the rounds of an evaluation.

    Parameters
    ----------
    temperature : float
        Temperature, above 0: the logits are divided by it before the softmax.
    abstain_below : float
        Threshold: a result with a lower confidence is ``uncertain``; 0 to 1.
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
        If the file can't be read, or if it is not the ``metrics.json`` of an evaluation.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Metrics).shipping
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not the metrics.json of an evaluation: {error}") from error
