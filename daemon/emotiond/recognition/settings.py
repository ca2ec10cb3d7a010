"""Settings of recognition: time between predictions, gate and decision.

A field's ``extra`` holds its unit, and for a default of None what the default is: help shows both.
"""

from typing import Annotated

import msgspec

from emotiond.values import LEAST_DB, OpensFor, Probability

Level = Annotated[float, msgspec.Meta(ge=LEAST_DB, le=0.0)]
"""A sound level (dBFS)."""
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=600.0, extra={"unit": "seconds"})]
"""A duration that may be 0 (s)."""
PositiveSeconds = Annotated[float, msgspec.Meta(gt=0.0, le=600.0, extra={"unit": "seconds"})]
"""A duration above 0 (s)."""
HopSeconds = Annotated[
    float,
    msgspec.Meta(
        gt=0.0, le=10.0, description="time between two predictions", extra={"unit": "seconds"}
    ),
]


class GateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The gate opens when somebody speaks; emotions are predicted only while it is open."""

    opens_for: Annotated[
        OpensFor | None,
        msgspec.Meta(
            description="kind of sound that opens the gate: speech, or any sound that stands out "
            "of the room's noise",
            examples=["sound"],
            extra={"default": "the model's"},
        ),
    ] = None
    margin_db: Annotated[
        float,
        msgspec.Meta(
            gt=0.0,
            le=100.0,
            description="level above the noise floor from which a sound stands out",
            extra={"unit": "dB"},
        ),
    ] = 6.0
    floor_seconds: Annotated[
        PositiveSeconds,
        msgspec.Meta(
            description="length of recent sound whose quietest moments are the noise floor"
        ),
    ] = 3.0
    floor_db: Annotated[
        Level | None,
        msgspec.Meta(
            description="lower limit of the noise floor",
            examples=[-75.0],
            extra={"unit": "dBFS", "default": "-92 dBFS for speech, -75 dBFS for sound"},
        ),
    ] = None
    open_above: Annotated[
        Probability, msgspec.Meta(description="probability of speech above which the gate opens")
    ] = 0.95
    stay_above: Annotated[
        Probability,
        msgspec.Meta(description="probability of speech above which an open gate stays open"),
    ] = 0.7
    hangover_seconds: Annotated[
        float,
        msgspec.Meta(
            ge=0.0,
            le=60.0,
            description="hang-over: time that the gate stays open after the last speech",
            extra={"unit": "seconds"},
        ),
    ] = 0.5


class DecisionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision smooths the model's probabilities into a steady label, or says uncertain."""

    smoothing_seconds: Annotated[
        PositiveSeconds,
        msgspec.Meta(
            description="time constant of the average over windows: a window that is so old counts "
            "for a third of a new one"
        ),
    ] = 8.0
    abstain_below: Annotated[
        Probability | None,
        msgspec.Meta(
            description="confidence (the best label's probability) below which the result is "
            "uncertain",
            examples=[0.5],
            extra={"default": "the model's"},
        ),
    ] = None
    no_speech_above: Annotated[
        Probability,
        msgspec.Meta(
            description="probability of no_speech, in a model with that label, above which it "
            "counts as silence"
        ),
    ] = 0.5
    longest_utterance: Annotated[
        float,
        msgspec.Meta(
            gt=0.0,
            le=3600.0,
            description="length at which an utterance ends although speech goes on",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
