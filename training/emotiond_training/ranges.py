"""Checks of settings: ranges, decibels and finite numbers."""

import math
from typing import Annotated, Any

import msgspec

Decibels = Annotated[float, msgspec.Meta(ge=-200.0, le=200.0)]
"""A level or a gain (dB), -200 to 200."""
Weight = Annotated[float, msgspec.Meta(gt=0.0, le=1e6)]
"""Weight of a corpus in training, beside those of others."""
Takes = Annotated[int, msgspec.Meta(ge=1, le=1000)]
"""How often each clip is taken, with other changes each time."""


def check_ranges(settings: msgspec.Struct, *names: str) -> None:
    """Check that ranges of settings begin with their lower limit.

    Raises
    ------
    ValueError
        If one does not.
    """
    for name in names:
        least, most = getattr(settings, name)
        if least > most:
            raise ValueError(f"{name} must be [least, most]")


def check_finite(value: Any, place: str = "$") -> None:
    """Check that no number in tables and lists is infinite or NaN, which TOML allows.

    Parameters
    ----------
    value : object
        Tables, lists and values as TOML has them.
    place : str
        Where the value stands, for the message.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    if isinstance(value, dict):
        for key, each in value.items():
            check_finite(each, f"{place}.{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            check_finite(each, f"{place}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"Expected a finite number, got {value} - at `{place}`")
