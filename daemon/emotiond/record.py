"""Records: what the daemon logs and publishes, one JSON object a line.

The names of fields and events are stable: other programs read them. The engine leaves out all that
depends on the wall clock (``time``, ``latency_ms``), so that the same sound gives the same records;
:func:`stamp` adds it.
"""

from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, TypeVar

import msgspec

SCHEMA: Final = 1
"""Version of the format of records."""

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


class _Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    schema: int = SCHEMA
    time: str = ""
    """Time of writing (ISO 8601, UTC, milliseconds)."""
    model: str
    """Short hash of the model file."""


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


class Meter(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="meter"):
    """Level and speech of one hop; published in silence too."""

    seconds: float
    """End of the hop (seconds of stream)."""
    level: float
    """Level of the hop (dBFS)."""
    speech: float
    """How sure the gate is that somebody speaks, 0 to 1."""


class News(NamedTuple):
    """An event and its message, before they become a :class:`Status`."""

    event: Event
    message: str


Record = Prediction | Utterance | Status

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


def stamp(record: AnyRecord, now: datetime, latency_ms: float = 0.0) -> AnyRecord:
    """Return the record with ``time`` and, if it is a prediction, ``latency_ms``.

    Parameters
    ----------
    record : Record
        Record without them, as the engine made it.
    now : datetime
        Time of writing, in UTC.
    latency_ms : float
        Latency of a prediction (ms); other records ignore it.
    """
    time = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
    if isinstance(record, Prediction):
        return msgspec.structs.replace(record, time=time, latency_ms=round(latency_ms, 1))
    return msgspec.structs.replace(record, time=time)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of one line of the log."""
    return msgspec.json.schema(Record)
