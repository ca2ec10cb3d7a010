"""Records: what the daemon logs and publishes, one JSON object a line.

The names of fields and events are stable: other programs read them. The engine leaves out all that
does not follow from the sound (``time``, ``source``, ``latency_ms``, ``id``), so that the same
sound gives the same records; :func:`stamp` adds it.
"""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, Literal, NamedTuple, TypeVar

import msgspec

SCHEMA: Final = 2
"""Version of the format of records. Records of version 1 are still read."""

State = Literal["emotion", "uncertain", "no_speech"]
Event = Literal[
    "started",
    "stopping",
    "source_ended",
    "failed",
    "microphone_lost",
    "microphone_back",
    "overload",
    "recovered",
    "sink_failed",
    "sink_back",
    "log_restarted",
    "reloaded",
    "reload_failed",
    "service_lost",
    "service_back",
]
"""Events of status records. The last two are never logged: a viewer adds them for itself."""

ENDS: Final[dict[Event, Event]] = {
    "microphone_back": "microphone_lost",
    "recovered": "overload",
    "sink_back": "sink_failed",
    "reloaded": "reload_failed",
    "service_back": "service_lost",
}
"""Event that ends a trouble -> that trouble."""
SOUND_LOST: Final[tuple[Event, ...]] = ("microphone_lost", "service_lost")
"""Troubles during which no sound arrives."""
By = Literal["terminal", "hub", "cli", "mqtt"]
"""Ways to correct an utterance."""


class _Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    schema: int = SCHEMA
    time: str = ""
    """Time of writing (ISO 8601, UTC, milliseconds)."""
    model: str
    """Short hash of the model file."""
    source: str = ""
    """Name of the microphone, by the settings; empty in records of version 1."""


class Prediction(_Record, frozen=True, kw_only=True, tag="prediction"):
    """The prediction of one hop, from the window that ends with it; made while somebody speaks."""

    start: float
    """Start of the hop (seconds of stream)."""
    end: float
    """End of the hop (seconds of stream)."""
    state: State
    label: str | None
    """Smoothed label; null unless the state is emotion."""
    raw_label: str | None
    """Most probable label of this window alone; null without speech."""
    confidence: float
    """Smoothed probability of the label (of the most probable one if it is null), 0 to 1."""
    probabilities: dict[str, float]
    """Label -> smoothed probability; empty without speech."""
    speech: float
    """How sure the gate is that somebody speaks, 0 to 1."""
    level: float
    """Level of the hop (dBFS)."""
    latency_ms: float = 0.0
    """Time from the arrival of the hop's last sample to this record (ms)."""
    dropped: int = 0
    """Number of samples lost since the previous record."""


class Utterance(_Record, frozen=True, kw_only=True, tag="utterance"):
    """A stretch of speech that has ended."""

    id: str = ""
    """Name by which a correction finds it, unique over restarts; empty in records of version 1."""
    start: float
    """Start (seconds of stream)."""
    end: float
    """End (seconds of stream)."""
    state: State
    label: str | None
    """Label of the whole utterance; null unless the state is emotion."""
    confidence: float
    """Probability of the label (of the most probable one if it is null), 0 to 1."""
    probabilities: dict[str, float]
    """Label -> mean probability over the utterance."""
    profile: str | None = None
    """Short hash of the voice profile that judged; null without one."""


class Correction(_Record, frozen=True, kw_only=True, tag="correction"):
    """The true label of an utterance, by a person; the last correction of an utterance counts."""

    utterance: str
    """Id of the utterance."""
    label: str | None
    """Its true label; null if the corrections before were taken back."""
    by: By
    """Where the correction came from."""


class Status(_Record, frozen=True, kw_only=True, tag="status"):
    """An event: something happened to the daemon, to its source or to a sink."""

    event: Event
    subject: str | None = None
    """Name of the sink, the microphone or the file that the event is about; null for others."""
    message: str


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    """The first message that a viewer gets."""

    schema: int = SCHEMA
    model: str
    """Short hash of the model file."""
    labels: tuple[str, ...]
    """Labels that predictions may have, in the model's order."""
    title: str
    """Title of the screen."""
    source: str = ""
    """Name of the microphone, by the settings."""
    microphone: str = ""
    """Name that the microphone itself has, or the file that is played."""
    log: str = ""
    """Folder of the log; empty if a viewer should not show it."""
    examples: int = 0
    """Taught examples of the voice profile; 0 without one."""
    sample: bool = False
    """Whether the sample that is shipped with the program is played."""


class Voices(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="voices"):
    """Labels and number of examples; published when the voice profile has changed."""

    labels: tuple[str, ...]
    """Labels that predictions may have from now on, in the model's order."""
    examples: int
    """Taught examples; 0 without any."""


def after_voices(hello: Hello, voices: Voices) -> Hello:
    """Return the first message to a viewer that comes after a change of the voice profile."""
    return msgspec.structs.replace(hello, labels=voices.labels, examples=voices.examples)


class Meter(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="meter"):
    """Level and speech of one hop; published in silence too."""

    seconds: float
    """End of the hop (seconds of stream)."""
    level: float
    """Level of the hop (dBFS)."""
    speech: float
    """How sure the gate is that somebody speaks, 0 to 1."""
    peak: float | None = None
    """Level of the largest sample of the hop (dBFS)."""
    loud: float | None = None
    """Level of the loud frames of the hop, which the gate compares (dBFS after pre-emphasis)."""
    floor: float | None = None
    """Noise floor of the room (dBFS after pre-emphasis)."""
    threshold: float | None = None
    """Level that loud frames need to reach the voice detector (dBFS after pre-emphasis)."""


class News(NamedTuple):
    """An event and its message, before they become a :class:`Status`."""

    event: Event
    message: str


Record = Prediction | Utterance | Correction | Status

AnyRecord = TypeVar("AnyRecord", bound=Record)

_encoder: Final = msgspec.json.Encoder()
_decoder: Final[msgspec.json.Decoder[Record]] = msgspec.json.Decoder(Record)


def encode(record: Record) -> bytes:
    """Return a record as one line of JSON, without the line break."""
    return _encoder.encode(record)


def decode(line: bytes | str) -> Record:
    """Return the record that one line of JSON holds.

    Raises
    ------
    msgspec.DecodeError
        If the line holds no record.
    """
    return _decoder.decode(line)


def utc_now() -> datetime:
    """Return the time of the wall clock, in UTC."""
    return datetime.now(UTC)


def utterance_ids() -> Iterator[str]:
    """Yield ids of utterances: a random word for this run, and a number that counts."""
    run = secrets.token_hex(4)
    for number in count(1):
        yield f"{run}-{number}"


def stamp(
    record: AnyRecord,
    now: datetime,
    *,
    source: str = "",
    latency_ms: float = 0.0,
    utterance_id: str = "",
) -> AnyRecord:
    """Return the record with all that the engine does not know.

    Parameters
    ----------
    record : Record
        Record as the engine made it.
    now : datetime
        Time of writing, in UTC.
    source : str
        Name of the microphone.
    latency_ms : float
        Latency of a prediction (ms); other records ignore it.
    utterance_id : str
        Id of an utterance; other records ignore it.
    """
    time = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
    added: dict[str, Any] = {"time": time, "source": source}
    if isinstance(record, Prediction):
        added["latency_ms"] = round(latency_ms, 1)
    elif isinstance(record, Utterance):
        added["id"] = utterance_id
    return msgspec.structs.replace(record, **added)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of one line of the log, as this version writes it."""
    schema = msgspec.json.schema(Record)
    for kind in schema["$defs"].values():
        kind["required"] = list(kind["properties"])  # a default stands in for older lines only
        kind["properties"]["schema"] = {"const": SCHEMA}
    return schema
