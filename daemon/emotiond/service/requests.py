"""Requests to a running daemon, and its answers: one JSON object a line each.

Names of requests, answers and fields are stable: other programs send and read them.
"""

from typing import Final

import msgspec

from emotiond.record import By, Utterance


class _Request(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="request"
):
    """A request; a field that the daemon does not know is refused, since it may be a limit."""


class AskStatus(_Request, frozen=True, tag="status"):
    """Tell how the daemon is."""


class Correct(_Request, frozen=True, kw_only=True, tag="correct"):
    """An utterance really was something else."""

    label: str
    """Its true label, one of those that the daemon reports."""
    utterance: str | None = None
    """Id of the utterance; null: the last one."""
    by: By = "cli"
    """Where the correction comes from."""


class Undo(_Request, frozen=True, kw_only=True, tag="undo"):
    """Take back the last correction."""

    by: By = "cli"
    """Where the request comes from."""


class Teach(_Request, frozen=True, kw_only=True, tag="teach"):
    """Take an utterance as an example; nothing is logged."""

    label: str
    """Its label; may be a new one."""
    utterance: str | None = None
    """Id of the utterance; null: the last one."""
    speaker: str | None = None
    """Name of the speaker."""


class AskExamples(_Request, frozen=True, tag="examples"):
    """List the examples of the voice profile."""


class Forget(_Request, frozen=True, kw_only=True, tag="forget"):
    """Take examples out of the profile: those that fulfil all conditions that are given."""

    examples: tuple[str, ...] | None = None
    """Ids of the examples."""
    label: str | None = None
    """Their label."""
    speaker: str | None = None
    """Their speaker."""
    all: bool = False
    """Whether to forget all examples; needed where no condition is given."""


class AskReload(_Request, frozen=True, tag="reload"):
    """Read the settings again, as SIGHUP does."""


Request = AskStatus | Correct | Undo | Teach | AskExamples | Forget | AskReload


class _Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer"):
    """An answer; readers ignore fields that they don't know."""


class Refused(_Answer, frozen=True, kw_only=True, tag="refused"):
    """The request was not carried out."""

    message: str
    """Why, in one sentence."""
    exit_code: int
    """Exit code of a command that asked: 1 failed, 2 wrong input."""


class State(_Answer, frozen=True, kw_only=True, tag="status"):
    """How the daemon is."""

    model: str
    """Short hash of the model file."""
    labels: tuple[str, ...]
    """Labels that are reported."""
    source: str
    """Name of the microphone, by the settings."""
    listening: bool
    """Whether sound arrives; false while the microphone is lost."""
    uptime: float
    """Time since the start (s)."""
    utterances: int
    """Utterances in memory."""
    profile: str | None = None
    """Short hash of the voice profile that judges; null without examples."""
    examples: int = 0
    """Examples of the profile."""
    judged: int = 0
    """Examples that were left out in turn for an honest estimate."""
    right: int | None = None
    """Number of them that the others taught right; null if there are too few."""
    untaught: int | None = None
    """Number of them that the model itself has right; null as ``right``, or if it knows none."""
    chance: float = 0.0
    """Share that guessing has right, 0 to 1; 0 without an example."""
    too_few: tuple[str, ...] = ()
    """Labels with too few recordings to be judged."""
    obstacle: str | None = None
    """Why nothing can be learnt, in a sentence; null if it can."""


class Changed(_Answer, frozen=True, kw_only=True, tag="changed"):
    """An utterance was corrected or taught, or a correction was taken back."""

    utterance: Utterance
    """Record of the utterance."""
    was: str
    """Its label before, by a correction or by the daemon; ``uncertain`` without one."""
    label: str | None
    """Its label now; null if no correction is left."""
    examples: int
    """Examples of the profile now."""
    problem: str | None = None
    """Why the daemon did not learn from it, or could not save it; null if it did."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An example of the voice profile, without its numbers."""

    id: str
    label: str
    speaker: str | None
    """Name of the speaker, if it was given."""
    time: str
    """Time of teaching (ISO 8601, UTC)."""
    origin: str
    """How the example came: ``teach``, ``correction`` or ``file``."""


class Examples(_Answer, frozen=True, kw_only=True, tag="examples"):
    """The examples of the voice profile, in the order of teaching."""

    examples: tuple[Listed, ...]


class Forgotten(_Answer, frozen=True, kw_only=True, tag="forgotten"):
    """Examples were forgotten."""

    forgotten: int
    """Number of them."""
    examples: int
    """Examples of the profile now."""
    problem: str | None = None
    """Why the profile could not be saved; null if it was."""


class Reloading(_Answer, frozen=True, tag="reloading"):
    """The settings are read again before the next hop; a status record says what changed."""


Answer = Refused | State | Changed | Examples | Forgotten | Reloading

_encoder: Final = msgspec.json.Encoder()
_requests: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)
_answers: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)


def encode_line(message: Request | Answer) -> bytes:
    """Return a request or an answer as a line of JSON, with the line break."""
    return _encoder.encode(message) + b"\n"


def decode_request(line: bytes) -> Request:
    """Return the request that a line holds; raises ValueError or RecursionError without one."""
    return _requests.decode(line)


def decode_answer(line: bytes) -> Answer:
    """Return the answer that a line holds; raises ValueError or RecursionError without one."""
    return _answers.decode(line)
