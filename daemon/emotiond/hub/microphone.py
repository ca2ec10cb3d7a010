"""A microphone as the hub knows it: the last messages of its daemon. No socket, no clock."""

from collections import deque
from typing import Final

import msgspec

from emotiond.record import (
    Correction,
    Hello,
    Meter,
    Prediction,
    Status,
    Utterance,
    Voices,
    after_voices,
)
from emotiond.sinks.client import Message
from emotiond.sinks.troubles import Troubles, after

METER_SECONDS: Final = 300.0
"""Age of the oldest meter reading that is kept (seconds of stream)."""
MOST_READINGS: Final = 3000
"""Largest number of readings that are kept. A short hop gives more readings in a second."""
MOST_UTTERANCES: Final = 20
"""Utterances that are kept."""
NEVER: Final = "no daemon was reached yet"


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    connected: bool
    """Whether the daemon is reached now."""
    problem: str | None
    """Why the daemon is not reached; null if it is."""
    troubles: Troubles
    """Troubles that last, oldest first."""


class Condition(_Event, frozen=True, kw_only=True, tag="condition"):
    """The condition of a microphone and its daemon; an event whenever it may have changed."""


class Snapshot(_Event, frozen=True, kw_only=True, tag="snapshot"):
    """All that the hub knows of a microphone; the first event of a client."""

    id: str
    """Number of the microphone in this hub, from 0."""
    hello: Hello | None
    """First message of the daemon; null if none was ever reached."""
    prediction: Prediction | None
    """The last prediction, if somebody speaks."""
    meters: tuple[Meter, ...]
    """Meter readings of the last minutes, oldest first."""
    utterances: tuple[Utterance, ...]
    """The last utterances, oldest first."""
    corrections: dict[str, str]
    """Id of one of these utterances -> the label that somebody corrected it to."""


class Microphone:
    """The state of one microphone.

    Parameters
    ----------
    number : int
        Its number in this hub.
    """

    def __init__(self, number: int) -> None:
        self.id = str(number)
        self.connected = False
        self.problem: str | None = NEVER
        self.hello: Hello | None = None
        self._prediction: Prediction | None = None
        self._meters: deque[Meter] = deque(maxlen=MOST_READINGS)
        self._utterances: deque[Utterance] = deque(maxlen=MOST_UTTERANCES)
        self._corrections: dict[str, str] = {}
        self._troubles: Troubles = ()

    def take(self, message: Message) -> None:
        """Take a message of the daemon."""
        match message:
            case Hello():
                self.hello, self.connected, self.problem = message, True, None
                self._meters.clear()
                self._prediction = None
                self._troubles = ()  # the daemon repeats those that last
            case Voices():
                if self.hello is not None:
                    self.hello = after_voices(self.hello, message)
            case Meter():
                self._meters.append(message)
                while message.seconds - self._meters[0].seconds > METER_SECONDS:
                    self._meters.popleft()
            case Prediction():
                self._prediction = message if message.state != "no_speech" else None
            case Utterance():
                self._utterances.append(message)
                kept = {each.id for each in self._utterances}
                self._corrections = {
                    key: label for key, label in self._corrections.items() if key in kept
                }
            case Correction():
                self._corrections.pop(message.utterance, None)
                if message.label is not None:
                    self._corrections[message.utterance] = message.label
            case Status():
                self._troubles = after(self._troubles, message)

    def lose(self, problem: str) -> None:
        """Take it that the daemon has gone, or is not reached."""
        self.connected, self.problem, self._prediction = False, problem, None

    def condition(self) -> Condition:
        """Return whether the daemon is reached, and its troubles."""
        return Condition(connected=self.connected, problem=self.problem, troubles=self._troubles)

    def snapshot(self) -> Snapshot:
        """Return all that is known."""
        return Snapshot(
            id=self.id,
            connected=self.connected,
            problem=self.problem,
            hello=self.hello,
            prediction=self._prediction,
            meters=tuple(self._meters),
            utterances=tuple(self._utterances),
            corrections=self._corrections,
            troubles=self._troubles,
        )
