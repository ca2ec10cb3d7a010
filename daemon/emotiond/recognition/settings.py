"""Settings of recognition: how often, when the gate opens, how labels are smoothed and withheld."""

from typing import Annotated

import msgspec

from emotiond.values import LEAST_DB, OpensFor, Probability

Level = Annotated[float, msgspec.Meta(ge=LEAST_DB, le=0.0)]


class GateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the gate opens and closes."""

    opens_for: Annotated[
        OpensFor | None,
        msgspec.Meta(
            description="speech, or sound: all that stands out (default: the model's own)",
            examples=["sound"],
        ),
    ] = None
    margin_db: Annotated[
        float,
        msgspec.Meta(
            gt=0.0, le=100.0, description="how far over the room's floor speech must be (dB)"
        ),
    ] = 6.0
    floor_seconds: Annotated[
        float,
        msgspec.Meta(gt=0.0, le=600.0, description="how long the room's floor is remembered (s)"),
    ] = 3.0
    floor_db: Annotated[
        Level | None,
        msgspec.Meta(
            description="no room is taken to be quieter than this (dBFS; default: by what it opens "
            "for)",
            examples=[-75.0],
        ),
    ] = None
    open_above: Annotated[
        Probability, msgspec.Meta(description="probability of speech above which it opens")
    ] = 0.95
    stay_above: Annotated[
        Probability, msgspec.Meta(description="probability of speech above which it stays open")
    ] = 0.7
    hangover_seconds: Annotated[
        float,
        msgspec.Meta(ge=0.0, le=60.0, description="how long the gate stays open after speech (s)"),
    ] = 0.5


Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=600.0)]


class DecisionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How labels are smoothed and when they are withheld."""

    smoothing_seconds: Annotated[
        float,
        msgspec.Meta(gt=0.0, le=600.0, description="how long probabilities are averaged over (s)"),
    ] = 4.0
    abstain_below: Annotated[
        Probability | None,
        msgspec.Meta(
            description="confidence below which it says uncertain (default: the model's own)",
            examples=[0.5],
        ),
    ] = None
    claim_margin: Annotated[
        Probability,
        msgspec.Meta(
            description="share of the way from abstain_below to 1 that a first label, or that of "
            "an utterance, must have come"
        ),
    ] = 0.1
    withdraw_seconds: Annotated[
        Seconds,
        msgspec.Meta(description="how long it must say uncertain before a label is withdrawn (s)"),
    ] = 3.0
    switch_margin: Annotated[
        Probability,
        msgspec.Meta(description="by how much a new label must be ahead to be shown at once"),
    ] = 0.8
    switch_seconds: Annotated[
        Seconds,
        msgspec.Meta(description="how long a new label that is less ahead must stay ahead (s)"),
    ] = 5.0
    refractory_seconds: Annotated[
        Seconds, msgspec.Meta(description="how long a new label stays at least (s)")
    ] = 3.0
    no_speech_above: Annotated[
        Probability,
        msgspec.Meta(description="probability of no_speech, if the model has it, that silences"),
    ] = 0.5
    longest_utterance: Annotated[
        float,
        msgspec.Meta(gt=0.0, le=3600.0, description="where very long speech is cut (s)"),
    ] = 30.0


HopSeconds = Annotated[
    float, msgspec.Meta(gt=0.0, le=10.0, description="seconds between two predictions")
]
