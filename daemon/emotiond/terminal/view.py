"""The view: the data that a frame of the console shows. No drawing."""

from dataclasses import dataclass, field, replace
from typing import Final

from emotiond.record import SOUND_LOST, Prediction, Record, State, Status, Utterance
from emotiond.sinks.troubles import Troubles, after
from emotiond.values import SILENCE_DB

PAST_HOPS: Final = 200
"""Hops that are kept; the strip of the past is never longer."""
UTTERANCES_KEPT: Final = 12

Moment = tuple[State, str | None]
"""State and label of one hop."""


@dataclass(frozen=True)
class View:
    """All that a frame shows. Immutable, so that the refresh thread always sees a whole one."""

    labels: tuple[str, ...]
    title: str
    model: str = ""
    """Short hash of the model file."""
    seconds: float = 0.0
    """End of the last hop (seconds of stream)."""
    level: float = SILENCE_DB
    """Level of the last hop (dBFS)."""
    speech: float = 0.0
    """How sure the gate is that somebody speaks, 0 to 1."""
    state: State = "no_speech"
    label: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    """Label -> probability; empty without speech."""
    latency_ms: float | None = None
    """Latency of the last prediction (ms); None before the first."""
    dropped: int = 0
    """Number of samples lost since the start."""
    past: tuple[Moment, ...] = ()
    """States and labels of the last hops, oldest first."""
    utterances: tuple[Utterance, ...] = ()
    """The last utterances, oldest first."""
    status: Status | None = None
    """The last event."""
    troubles: Troubles = ()
    """Troubles that last, oldest first."""

    @property
    def sound_lost(self) -> Status | None:
        """The trouble during which no sound arrives; None if sound arrives."""
        return next((each for each in reversed(self.troubles) if each.event in SOUND_LOST), None)

    def after(self, record: Record) -> "View":
        """Return the view after a record."""
        match record:
            case Prediction():
                return self._predicted(record)
            case Utterance():
                # The state stays: an utterance may also end because it is very long, and speech
                # goes on.
                utterances = (*self.utterances, record)[-UTTERANCES_KEPT:]
                return replace(self, model=record.model, utterances=utterances)
            case Status():
                return self._notified(record)

    def metered(self, seconds: float, level: float, speech: float) -> "View":
        """Return the view one hop later; parameters as for :meth:`ConsoleSink.meter`."""
        moment: Moment = (self.state, self.label)
        return replace(
            self,
            seconds=seconds,
            level=level,
            speech=speech,
            past=(*self.past, moment)[-PAST_HOPS:],
        )

    def _predicted(self, record: Prediction) -> "View":
        view = self
        if record.probabilities and set(record.probabilities) != set(self.labels):
            # The daemon was restarted with another model.
            view = replace(self, labels=tuple(record.probabilities), past=())
        return replace(
            view,
            model=record.model,
            seconds=record.end,
            level=record.level,
            speech=record.speech,
            state=record.state,
            label=record.label,
            probabilities=record.probabilities,
            latency_ms=record.latency_ms,
            dropped=self.dropped + record.dropped,
        )

    def _notified(self, record: Status) -> "View":
        view = self
        if record.event in SOUND_LOST:
            view = replace(self._silent(), level=SILENCE_DB, speech=0.0)
        return replace(
            view, model=record.model, status=record, troubles=after(self.troubles, record)
        )

    def _silent(self) -> "View":
        return replace(self, state="no_speech", label=None, probabilities={})
