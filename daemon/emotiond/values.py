"""Types with limits, levels and names that settings, contracts, recipes and flags share."""

import argparse
from typing import Annotated, Final, Literal

import msgspec

LEAST_DB: Final = -100.0
"""Lowest level (dBFS): quieter sound, and digital silence, has this level."""
SILENCE_DB: Final = -75.0
"""Level that is shown before there is any sound (dBFS)."""

RUNTIMES: Final = ("ai_edge_litert", "tflite_runtime")
"""Import names of the TFLite runtimes, best first: LiteRT is faster by far, and maintained."""

Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
"""A probability or a share, 0 to 1."""
OpensFor = Literal["speech", "sound"]
"""What opens the gate: a voice, or any sound that stands out of the room's noise."""


def at_least_one(text: str) -> int:
    """Return the whole number that a flag gives, for argparse; its least is 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text!r}")
    return number
