"""What the screen knows: the last of everything, and a little of the past. No drawing."""

from dataclasses import dataclass, field, replace
from typing import Final

from emotiond.record import SOUND_LOST, Prediction, Record, State, Status, Utterance
from emotiond.sinks.troubles import Troubles, after
from emotiond.values import SILENCE_DB

PAST_HOPS: Final = 200
"""Hops remembered; no strip is drawn longer."""
HEARD: Final = 12
"""Utterances remembered."""


Moment = tuple[State, str | None]
"""State and label of one hop."""


@dataclass(frozen=True)
class View:
    """All that a frame shows. Never changed, only replaced, so a refresh thread sees it whole."""

    labels: tuple[str, ...]
    title: str
    model: str = ""
    """Short hash of the model file."""
    seconds: float = 0.0
    """Stream time."""
    level: float = SILENCE_DB
    """Loudness of the last hop (dBFS)."""
    speech: float = 0.0
    """How sure it is that somebody speaks, 0 to 1."""
    state: State = "no_speech"
    label: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    """Label -> probability; empty without speech."""
    latency_ms: float | None = None
    """Of the last prediction; None before the first."""
    dropped: int = 0
    """Samples lost since the start."""
    past: tuple[Moment, ...] = ()
    """Of the last hops, oldest first."""
    heard: tuple[Utterance, ...] = ()
    """The last utterances, oldest first."""
    status: Status | None = None
    """The last thing that happened."""
    troubles: Troubles = ()
    """What went wrong and is not over, oldest first."""

    @property
    def deaf(self) -> Status | None:
        """Why there is nothing to listen to; None if there is."""
        return next((each for each in reversed(self.troubles) if each.event in SOUND_LOST), None)

    def after(self, record: Record) -> "View":
        """Return the view once a record is known."""
        match record:
            case Prediction():
                return self._predicted(record)
            case Utterance():
                # Whether speech is over a prediction says: very long speech is cut, and goes on.
                return replace(self, model=record.model, heard=(*self.heard, record)[-HEARD:])
            case Status():
                return self._told(record)

    def metered(self, seconds: float, level: float, speech: float) -> "View":
        """Return the view one hop later."""
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
            # Another model was loaded while we watched.
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

    def _told(self, record: Status) -> "View":
        view = self
        if record.event in SOUND_LOST:
            view = replace(self._silent(), level=SILENCE_DB, speech=0.0)
        return replace(
            view, model=record.model, status=record, troubles=after(self.troubles, record)
        )

    def _silent(self) -> "View":
        return replace(self, state="no_speech", label=None, probabilities={})
