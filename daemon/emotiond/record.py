"""Records: what the daemon says, one JSON object a line.

Names are stable: programs outside this repository read them. What depends on the wall clock
(``time``, ``latency_ms``) is set by :func:`stamp`, outside the engine, so that the same sound gives
the same records.
"""

from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, TypeVar

import msgspec

SCHEMA: Final = 1
"""Version of the records."""

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
"""The last two are never logged: a viewer says them of the daemon it watches."""


ENDED_BY: Final[dict[Event, Event]] = {
    "microphone_back": "microphone_lost",
    "recovered": "overload",
    "sink_back": "sink_failed",
    "reloaded": "reload_failed",
    "service_back": "service_lost",
}
"""News that ends a trouble -> the trouble."""
DEAF: Final[tuple[Event, ...]] = ("microphone_lost", "service_lost")
"""Troubles in which there is nothing to listen to."""


class _Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    schema: int = SCHEMA
    time: str = ""
    """ISO 8601, UTC."""
    model: str
    """Short hash of the model file."""


class Prediction(_Record, frozen=True, kw_only=True, tag="prediction"):
    """What was heard in the window that ends now; one each hop while somebody speaks."""

    start: float
    """Start of the hop (seconds of stream)."""
    end: float
    """End of the hop (seconds of stream)."""
    state: State
    label: str | None
    """The smoothed label; null unless the state is emotion."""
    raw_label: str | None
    """The most probable label of this window alone; null without speech."""
    confidence: float
    """Smoothed probability of the label, or of the most probable one where it is null, 0 to 1."""
    probabilities: dict[str, float]
    """Smoothed, one for each label; empty without speech."""
    speech: float
    """How sure it is that somebody speaks, 0 to 1."""
    level: float
    """Loudness of the hop (dBFS)."""
    latency_ms: float = 0.0
    """From the last sample's arrival to this record."""
    dropped: int = 0
    """Samples lost since the last record."""


class Utterance(_Record, frozen=True, kw_only=True, tag="utterance"):
    """A stretch of speech that has ended."""

    start: float
    end: float
    state: State
    label: str | None
    confidence: float
    probabilities: dict[str, float]
    """Mean over the utterance."""


class Status(_Record, frozen=True, kw_only=True, tag="status"):
    """Something happened."""

    event: Event
    message: str


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    """What a viewer needs to know before anything else."""

    schema: int = SCHEMA
    model: str
    """Short hash of the model file."""
    labels: tuple[str, ...]
    """That may be reported, in the model's order."""
    title: str
    """What the screen is called."""


class Meter(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="meter"):
    """The reading of a hop, in silence too."""

    seconds: float
    """Stream time."""
    level: float
    """Loudness (dBFS)."""
    speech: float
    """How sure it is that somebody speaks, 0 to 1."""


class News(NamedTuple):
    """Something happened to the source."""

    event: Event
    message: str


Record = Prediction | Utterance | Status

AnyRecord = TypeVar("AnyRecord", bound=Record)

_encoder: Final = msgspec.json.Encoder()
_decoder: Final[msgspec.json.Decoder[Record]] = msgspec.json.Decoder(Record)


def encode(record: Record) -> bytes:
    """Return a record as one line of JSON, without its end of line."""
    return _encoder.encode(record)


def decode(line: bytes | str) -> Record:
    """Return the record of one line of JSON.

    Raises
    ------
    msgspec.DecodeError
        If it is none.
    """
    return _decoder.decode(line)


def utc_now() -> datetime:
    """Return the time of the wall clock, in UTC."""
    return datetime.now(UTC)


def stamp(record: AnyRecord, now: datetime, latency_ms: float = 0.0) -> AnyRecord:
    """Return the record with what depends on the wall clock.

    Parameters
    ----------
    record : Record
        As the engine made it.
    now : datetime
        Time in UTC.
    latency_ms : float
        Latency of a prediction; other records have none.
    """
    time = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
    if isinstance(record, Prediction):
        return msgspec.structs.replace(record, time=time, latency_ms=round(latency_ms, 1))
    return msgspec.structs.replace(record, time=time)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a line of the log."""
    return msgspec.json.schema(Record)
