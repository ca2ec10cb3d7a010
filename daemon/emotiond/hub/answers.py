"""Answers of the HTTP API that are neither records nor answers of a daemon."""

import msgspec

from emotiond.doctor.finding import Finding
from emotiond.record import Hello


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A microphone that the hub follows."""

    id: str
    """Number of the microphone in this hub, from 0."""
    connected: bool
    """Whether its daemon is reached now."""
    hello: Hello | None
    """First message of the daemon; null if none was ever reached."""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Findings on one microphone."""

    id: str
    findings: list[Finding]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Findings on microphones and logs."""

    microphones: list[Findings]
    logs: list[Finding]
    versions: dict[str, str]


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """Days of the log, in UTC, first to last."""

    days: list[str]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over a local day."""

    day: str
    listened: float
    """Time in which a daemon listened (s)."""
    seconds: dict[str, float]
    """Label, uncertain or silence -> time (s)."""
    utterances: dict[str, int]
    """Label, corrected if it was, or uncertain -> number of utterances."""
    corrected: int
    """Number of corrected utterances."""
    skipped: int
    """Number of lines that are no records."""


class Prompts(msgspec.Struct, frozen=True):
    """What to say when a voice is taught, and how."""

    language: str
    """Language of the sentences, two letters."""
    sentences: tuple[str, ...]
    """Sentences, neutral in content."""
    scenes: dict[str, tuple[str, ...]]
    """Emotion -> short scenes, in English; other labels have none."""
