"""Rules: which messages start a hook, and with which arguments. No program, network or clock."""

from collections import deque
from typing import Final

from emotiond.hook_settings import PLACE, PLACES, Hook
from emotiond.record import Correction, Prediction, Record, Status, Utterance
from emotiond.sinks.client import Message
from emotiond.text import escaped

KINDS: Final = {
    "utterance": Utterance,
    "prediction": Prediction,
    "status": Status,
    "correction": Correction,
}
"""Word in the settings -> type of the record."""
MOST_KNOWN: Final = 32
"""Statuses of a microphone that are recognised when they are repeated."""


class Rule:
    """Says which messages start a hook.

    Parameters
    ----------
    hook : Hook
        Its settings.
    """

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._kind = KINDS[hook.on]
        self._started: float | None = None
        self._labels: dict[str, str | None] = {}
        self._statuses: dict[str, deque[Status]] = {}

    def record(self, microphone: str, message: Message, now: float) -> Record | None:
        """Return the record that starts the hook, if a message is one.

        Parameters
        ----------
        microphone : str
            Id of the microphone in the hub.
        message : Message
            Its next message.
        now : float
            Time of any clock that never goes back (s).
        """
        hook = self._hook
        if not isinstance(message, self._kind):
            return None
        if hook.source is not None and message.source != hook.source:
            return None
        if not self._fits(microphone, message):
            return None
        if self._started is not None and now - self._started < hook.every:
            return None
        self._started = now
        return message

    def _fits(self, microphone: str, record: Record) -> bool:
        hook = self._hook
        if isinstance(record, Status):
            return hook.event in (None, record.event) and self._is_news(microphone, record)
        if isinstance(record, Correction):
            return hook.label in (None, record.label)
        sure = record.confidence >= hook.min_confidence
        if isinstance(record, Utterance):
            return sure and hook.label in (None, record.label)
        return self._has_changed(microphone, record, sure=sure)

    def _has_changed(self, microphone: str, record: Prediction, *, sure: bool) -> bool:
        """Say whether a prediction has another label than the last that was sure enough."""
        if record.state == "no_speech":
            self._labels[microphone] = None
        if record.label is None or not sure or record.label == self._labels.get(microphone):
            return False
        self._labels[microphone] = record.label
        return self._hook.label in (None, record.label)

    def _is_news(self, microphone: str, record: Status) -> bool:
        """Say whether a status is new: a daemon repeats its last ones at each connection."""
        known = self._statuses.setdefault(microphone, deque(maxlen=MOST_KNOWN))
        if record in known:
            return False
        known.append(record)
        return True


def arguments(hook: Hook, record: Record) -> list[str]:
    """Return the command of a hook, with the fields of a record in place of names in braces.

    Characters that could steer a terminal, line breaks among them, become escapes; a field that is
    null becomes nothing.
    """
    fields = {name: getattr(record, name) for name in PLACES[hook.on]}
    texts = {name: "" if each is None else escaped(f"{each}") for name, each in fields.items()}
    return [PLACE.sub(lambda match: texts[match[1]], argument) for argument in hook.command]
