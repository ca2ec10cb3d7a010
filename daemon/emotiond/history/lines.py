"""Lines of a log, decoded as far as a history needs them.

Most lines are predictions, and msgspec passes over the fields that are not named here. So a line
costs half as much as a whole record.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from emotiond.record import State

LATEST: Final = 7_258_118_400.0
"""First moment that no line may have (seconds since 1970): the year 2200."""
LONGEST_SECONDS: Final = 3600.0
"""Longest prediction that a line may have (s); the daemon's are a few seconds at most."""

Seconds = Annotated[float, msgspec.Meta(ge=0.0, lt=LATEST)]


class _Line(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="type"):
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    """Time of writing."""


class Prediction(_Line, frozen=True, gc=False, kw_only=True, tag="prediction"):
    """The prediction of one hop; fields as in :class:`emotiond.record.Prediction`."""

    start: Seconds
    end: Seconds
    state: State
    label: str | None = None


class Utterance(_Line, frozen=True, gc=False, kw_only=True, tag="utterance"):
    """A stretch of speech; fields as in :class:`emotiond.record.Utterance`.

    Those of schema 1 have no ``id``, ``source`` and ``profile``.
    """

    start: Seconds
    end: Seconds
    state: State
    label: str | None = None
    confidence: float = 0.0
    probabilities: dict[str, float] = {}
    model: str = ""
    id: str = ""
    source: str = ""
    profile: str | None = None


class Correction(_Line, frozen=True, gc=False, kw_only=True, tag="correction"):
    """What an utterance really was."""

    utterance: str
    """Id of the utterance."""
    label: str | None = None
    """Its true label; None takes an earlier correction back."""
    by: str = ""
    """The part of the program that took the correction: ``hub``, for example."""


class Status(_Line, frozen=True, gc=False, kw_only=True, tag="status"):
    """An event; later versions may have events that this one does not know."""

    event: str


Line = Prediction | Utterance | Correction | Status

_decoder: Final = msgspec.json.Decoder(Line)


def parse(line: bytes) -> tuple[float, Line] | None:
    """Return the content of a line of a log.

    Parameters
    ----------
    line : bytes
        Any bytes.

    Returns
    -------
    tuple of float and Line, or None
        The moment of its writing (seconds since 1970), and the line. None if the line is torn, is
        no record, or has times or labels that no daemon writes.
    """
    try:
        found: Line = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    moment = found.time.timestamp()
    if not 0.0 <= moment < LATEST:
        return None
    if isinstance(found, Correction | Status):
        return moment, found
    length = found.end - found.start
    if length < 0.0 or (found.label is None) == (found.state == "emotion"):
        return None
    if length > LONGEST_SECONDS and isinstance(found, Prediction):
        return None
    return moment, found
