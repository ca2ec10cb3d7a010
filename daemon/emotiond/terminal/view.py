"""The view: the data that a frame of the console shows. No drawing."""

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from emotiond.record import (
    SOUND_LOST,
    Correction,
    Hello,
    Meter,
    Prediction,
    Record,
    State,
    Status,
    Utterance,
    Voices,
    after_voices,
)
from emotiond.sinks.troubles import Troubles, after
from emotiond.terminal.strip import Cell, extended
from emotiond.terminal.tally import Tally
from emotiond.values import SILENCE_DB

UTTERANCES_KEPT: Final = 100
HELD_DECAY_DB: Final = 1.5
"""Fall of the mark of the highest level in one hop (dB)."""
SILENCE: Final = Meter(seconds=math.nan, level=SILENCE_DB, speech=0.0)
"""Reading before the first one: time that nobody has listened to counts nothing."""


class Heard(NamedTuple):
    """An utterance, and when it began by the wall clock."""

    utterance: Utterance
    began: datetime
    corrected: str | None = None
    """Its true label, if somebody said it."""


@dataclass(frozen=True)
class View:
    """All that a frame shows. Immutable, so that the refresh thread always sees a whole one.

    The label is always the most probable one. A daemon of another version may hold on to a label
    that no longer is: then the state is ``uncertain``.
    """

    hello: Hello
    """Title, microphone, log folder and voice profile."""
    labels: tuple[str, ...]
    now: datetime
    """Time of the last record or reading, with the time zone to show it in."""
    model: str = ""
    """Short hash of the model file."""
    meter: Meter = SILENCE
    """Reading of the last hop."""
    held: float = SILENCE_DB
    """Highest level of the last seconds (dBFS), on the scale of the level meter."""
    state: State = "no_speech"
    label: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    """Label -> probability, 0 to 1; empty without speech."""
    latency_ms: float | None = None
    """Latency of the last prediction (ms); None before the first."""
    dropped: int = 0
    """Number of samples lost since the start."""
    past: tuple[Cell, ...] = ()
    """Cells of the strip, oldest first."""
    heard: tuple[Heard, ...] = ()
    """The last utterances, oldest first."""
    status: Status | None = None
    """The last event."""
    troubles: Troubles = ()
    """Troubles that last, oldest first."""
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of(cls, hello: Hello, now: datetime) -> "View":
        """Return the view before the first record."""
        return cls(hello=hello, labels=hello.labels, model=hello.model, now=now)

    @property
    def sound_lost(self) -> Status | None:
        """The trouble during which no sound arrives; None if sound arrives."""
        return next((each for each in reversed(self.troubles) if each.event in SOUND_LOST), None)

    def after(self, record: Record, now: datetime) -> "View":
        """Return the view after a record that came at some time."""
        view = replace(self, model=record.model, now=now)
        match record:
            case Prediction():
                return view._predicted(record)
            case Utterance():
                # The state stays: an utterance may also end because it is very long, and speech
                # goes on.
                return view._ended(record)
            case Correction():
                return view._corrected(record)
            case Status():
                return view._notified(record)

    def metered(self, reading: Meter, now: datetime) -> "View":
        """Return the view one hop later."""
        level = loudness(reading)
        return replace(
            self,
            now=now,
            tally=self.tally.listened(reading.seconds - self.meter.seconds),
            meter=reading,
            held=max(level, self.held - HELD_DECAY_DB),
            past=extended(self.past, (self.state, self.label), now),
        )

    def taught(self, voices: Voices) -> "View":
        """Return the view after a change of the voice profile."""
        view = replace(self, hello=after_voices(self.hello, voices))
        if voices.labels == self.labels:
            return view
        state: State = "uncertain" if self.state == "emotion" else self.state
        return replace(view._relabelled(voices.labels), state=state, label=None, probabilities={})

    def _predicted(self, record: Prediction) -> "View":
        view = self
        probabilities = {label: share(p) for label, p in record.probabilities.items()}
        if probabilities and set(probabilities) != set(self.labels):
            # The daemon was restarted with another model.
            view = self._relabelled(tuple(probabilities))
        state, label = _judged(record.state, record.label, probabilities)
        return replace(
            view,
            state=state,
            label=label,
            probabilities=probabilities,
            latency_ms=record.latency_ms,
            dropped=self.dropped + record.dropped,
            tally=view.tally.predicted(state, label, record.end - record.start),
        )

    def _relabelled(self, labels: tuple[str, ...]) -> "View":
        return replace(self, labels=labels, past=(), tally=self.tally.renamed(labels))

    def _ended(self, record: Utterance) -> "View":
        # The readings of the hops say how long ago it began.
        ago = min(max(0.0, self.meter.seconds - record.start), 86_400.0)
        heard = Heard(record, self.now - timedelta(seconds=ago if math.isfinite(ago) else 0.0))
        return replace(self, heard=(*self.heard, heard)[-UTTERANCES_KEPT:])

    def _corrected(self, record: Correction) -> "View":
        heard = (
            each._replace(corrected=record.label) if each.utterance.id == record.utterance else each
            for each in self.heard
        )
        return replace(self, heard=tuple(heard))

    def _notified(self, record: Status) -> "View":
        view = self
        if record.event in SOUND_LOST:
            silence = msgspec.structs.replace(SILENCE, seconds=self.meter.seconds)
            view = replace(self, state="no_speech", label=None, probabilities={}, meter=silence)
            view = replace(view, held=SILENCE_DB)
        if record.event == "microphone_back" and record.subject:
            view = replace(
                view, hello=msgspec.structs.replace(self.hello, microphone=record.subject)
            )
        return replace(view, status=record, troubles=after(self.troubles, record))


def share(probability: float) -> float:
    """Return a probability as a number from 0 to 1, whatever another program sent."""
    return min(1.0, max(0.0, probability)) if math.isfinite(probability) else 0.0


def loudness(reading: Meter) -> float:
    """Return the level that the meter shows (dBFS): the gate's, if the daemon tells it."""
    return finite(reading.level if reading.loud is None else reading.loud)


def finite(level: float) -> float:
    """Return a level (dBFS) that can be drawn."""
    return min(99.0, max(-99.0, level)) if math.isfinite(level) else -99.0


def _judged(
    state: State, label: str | None, probabilities: dict[str, float]
) -> tuple[State, str | None]:
    """Return state and label to show: an emotion only if no other label is more probable."""
    if state != "emotion":
        return state, None
    best = max(probabilities.values(), default=0.0)
    if label is None or label not in probabilities or probabilities[label] < best:
        return "uncertain", None
    return state, label
