"""Topics and payloads of MQTT for one microphone. No connection, no clock.

docs/HOMEASSISTANT.md describes them.
"""

import hashlib
import re
from typing import Any, Final, NamedTuple

import msgspec

from emotiond.record import Correction, Hello, Meter, Prediction, Status, Utterance, Voices
from emotiond.sinks.client import Message

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
UNCERTAIN: Final = "uncertain"
NO_SPEECH: Final = "no_speech"
NO_PROFILE: Final = "none"
LARGEST_COMMAND: Final = 1000
"""Largest payload of a command (bytes)."""

_encoder: Final = msgspec.json.Encoder()


class Topics(NamedTuple):
    """The topics of one microphone."""

    root: str
    """``TOPIC/NODE/NAME``."""

    @property
    def availability(self) -> str:
        """``online`` while the daemon is reached, else ``offline``; retained."""
        return f"{self.root}/availability"

    @property
    def state(self) -> str:
        """What is heard now; retained."""
        return f"{self.root}/state"

    @property
    def utterance(self) -> str:
        """Each utterance as it ends."""
        return f"{self.root}/utterance"

    @property
    def correct(self) -> str:
        """Takes corrections."""
        return f"{self.root}/correct"


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A correction, as a payload has it."""

    label: str
    """True label of the utterance."""
    utterance: str | None = None
    """Id of the utterance; null: the last one."""


_wanted: Final[msgspec.json.Decoder[Wanted]] = msgspec.json.Decoder(Wanted)


class Heard:
    """What was heard by one microphone since the hub started.

    Attributes
    ----------
    labels : tuple of str
        Labels that the daemon may report.
    """

    def __init__(self) -> None:
        self.labels: tuple[str, ...] = ()
        self._prediction: Prediction | None = None
        self._dropped = 0
        self._lost = False
        self._model = ""
        self._profile: str | None = None

    def take(self, message: Message) -> None:
        """Take a message of the daemon."""
        match message:
            case Hello():
                self.labels, self._model = message.labels, message.model
                self._profile = None if message.examples else NO_PROFILE
                self._prediction, self._lost = None, False  # a fault that lasts is repeated
            case Voices():
                self.labels = message.labels
                self._profile = None if message.examples else NO_PROFILE
            case Prediction():
                self._prediction = message
                self._dropped += message.dropped
            case Utterance():
                self._profile = message.profile or NO_PROFILE
            case Status(event="microphone_lost"):
                self._lost, self._prediction = True, None
            case Status(event="microphone_back"):
                self._lost = False
            case Status(event="service_lost"):
                self._prediction = None
            case Status() | Correction() | Meter():
                pass

    def state(self) -> bytes:
        """Return the payload of the state."""
        last = self._prediction
        speaks = last is not None and last.state != NO_SPEECH
        emotion = NO_SPEECH if last is None else last.label or last.state
        attributes: dict[str, Any] = {}
        if last is not None and speaks:
            attributes = {
                "raw_label": last.raw_label,
                "probabilities": last.probabilities,
                "level": last.level,
            }
        return _encoder.encode(
            {
                "emotion": emotion,
                "confidence": last.confidence if last is not None and speaks else None,
                "speech": "ON" if speaks else "OFF",
                "attributes": attributes,
                "microphone": "lost" if self._lost else "ok",
                "dropped": self._dropped,
                "model": self._model,
                "profile": self._profile,
            }
        )


def event_of(utterance: Utterance) -> bytes:
    """Return the payload of an utterance: its record, and its label as the type of an event."""
    kind = {"event_type": utterance.label or UNCERTAIN}
    return _encoder.encode(kind | msgspec.to_builtins(utterance))


def wanted_of(payload: bytes) -> Wanted:
    """Return the correction that a payload holds; raises ValueError or RecursionError if none."""
    if len(payload) > LARGEST_COMMAND:
        raise ValueError(f"a command has at most {LARGEST_COMMAND} bytes")
    return _wanted.decode(payload)


def pressed(label: str) -> str:
    """Return the payload that corrects the last utterance to a label."""
    return _encoder.encode(Wanted(label)).decode()


def level_of(name: str) -> str:
    """Return a name as one level of a topic.

    Letters that Home Assistant does not take are replaced; then a part of the name's hash keeps
    names apart.
    """
    kept = re.sub(r"[^a-zA-Z0-9_-]", "_", name)
    if kept == name and kept:
        return kept
    return f"{kept}-{hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:6]}"
