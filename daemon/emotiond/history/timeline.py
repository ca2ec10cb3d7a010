"""The lines of one log, in the order of writing, placed in time.

Stream time (``start``, ``end``) counts sound and never jumps; the wall clock may. So the length of
a silence between two predictions is taken from stream time, and the wall clock says only when a
line was written.
"""

from typing import Final, Protocol

from emotiond.history.day import SILENCE, Kind, Stretch
from emotiond.history.lines import Correction, Line, Prediction, Status, Utterance

PAUSE_SECONDS: Final = 30.0
"""Longest silence within a stretch of one label (s)."""
LONGEST_SILENCE: Final = 31 * 86_400.0
"""Longest silence that is believed (s): beyond it, the clock was set, or a line is damaged."""
LATEST_UTTERANCE: Final = 600.0
"""Most seconds between the end of an utterance and its line; beyond it, the clock was set."""
UTC_DAY: Final = 86_400.0
"""A log file begins with a day of UTC."""
ROUNDING: Final = 0.01
"""Rounding error of stream time (s): a step back by so little is none."""
ENDS: Final = ("stopping", "source_ended", "failed")
"""Events with which a daemon stops to listen."""


class Calendar(Protocol):
    """Receives stretches of speech and silence, placed in time (seconds since 1970)."""

    def add(self, kind: Kind, start: float, end: float) -> None:
        """Count the seconds between two moments for a kind."""

    def stretch(self, label: str, found: Stretch) -> None:
        """Take note of a stretch."""

    def heard(self, start: float, utterance: Utterance) -> None:
        """Take an utterance that began at a moment."""


class Timeline:
    """Places the lines of one daemon's log in time.

    Parameters
    ----------
    calendar : Calendar
        Receives all that was heard.
    """

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._end: float | None = None
        """Stream time up to which all is counted (s); None if it is not known."""
        self._counted: float | None = None
        """The moment up to which all is counted; None before the first line."""
        self._listens = False
        """Whether the daemon listens, as far as the lines say."""
        self._label: str | None = None
        """Label of the stretch under way; None if there is none."""
        self._began = 0.0
        """The moment at which it began."""
        self._from = self._to = 0.0
        """Stream time of its start, and of the end of its last prediction (s)."""

    def take(self, moment: float, line: Line) -> None:
        """Take the next line, written at a moment."""
        match line:
            case Prediction():
                self._predicted(moment, line)
            case Utterance():
                self._calendar.heard(self._start_of(moment, line), line)
            case Status():
                self._notified(moment, line.event)
            case Correction():
                pass  # known before the utterance's own line is read: see files.py

    def close(self) -> None:
        """End the stretch under way; call it after the last line."""
        if self._label is not None:
            found = Stretch(self._began, self._to - self._from)
            self._calendar.stretch(self._label, found)
        self._label = None

    def _predicted(self, moment: float, line: Prediction) -> None:
        start = moment - (line.end - line.start)
        silence = self._silence_before(line.start, start)
        if 0.0 < silence <= LONGEST_SILENCE:
            self._calendar.add(SILENCE, start - silence, start)
        if moment > start:
            self._calendar.add((line.state, line.label), start, moment)
        self._end = line.end
        self._counted = moment
        self._listens = True
        if line.state != "no_speech":
            self._extend(start, line)

    def _silence_before(self, position: float, start: float) -> float:
        """Return the seconds of silence before a prediction.

        Parameters
        ----------
        position : float
            Start of the prediction in stream time (s).
        start : float
            The moment at which it starts.
        """
        if self._end is not None and position >= self._end - ROUNDING:
            return position - self._end
        # The daemon's start is not in the log. Its stream began with 0, but before its file, or
        # before the last line of another run, it can't be told from speech.
        begun = start - start % UTC_DAY
        if self._counted is not None:
            begun = max(begun, self._counted)
        return min(position, start - begun)

    def _extend(self, start: float, line: Prediction) -> None:
        """Add a prediction of speech to the stretch under way, or begin another."""
        pause = line.start - self._to
        if line.label != self._label or not -ROUNDING <= pause <= PAUSE_SECONDS:
            self.close()
            self._label, self._began, self._from = line.label, start, line.start
        self._to = line.end

    def _notified(self, moment: float, event: str) -> None:
        if event == "started":
            self.close()
            self._end, self._counted, self._listens = 0.0, moment, True
        elif event == "microphone_back":
            self._counted, self._listens = moment, True
        elif event in ENDS:
            self._quiet_until(moment)
            self.close()
            self._end, self._listens = None, False
        elif event == "microphone_lost":
            self._quiet_until(moment)
            self._listens = False

    def _quiet_until(self, moment: float) -> None:
        """Count the silence since the last line, up to a moment at which the sound ends."""
        if not self._listens or self._counted is None or self._end is None:
            return
        silence = moment - self._counted
        if 0.0 < silence <= LONGEST_SILENCE:
            self._calendar.add(SILENCE, self._counted, moment)
            self._end += silence
            self._counted = moment

    def _start_of(self, moment: float, line: Utterance) -> float:
        """Return the moment at which an utterance began; its line comes after a hang-over."""
        if self._counted is not None and self._end is not None:
            start = self._counted - self._end + line.start
            if 0.0 <= moment - start - (line.end - line.start) <= LATEST_UTTERANCE:
                return start
        return moment - (line.end - line.start)
