"""Plain lines: one line for each change, for pipes, files and simple terminals."""

import errno
from collections.abc import Callable
from typing import IO

from emotiond.record import Correction, Meter, Prediction, Record, Status, Utterance, Voices
from emotiond.streams import is_ready, let_go_of
from emotiond.text import clock, one_line, spoken


class PlainSink:
    """Writes a line for each change of state or label, and for each status.

    Parameters
    ----------
    stream : text file
        Output; not closed here.
    on_broken : callable
        Called once if the stream is a pipe whose reader has gone.
    """

    def __init__(self, stream: IO[str], on_broken: Callable[[], None] = lambda: None) -> None:
        self._stream = stream
        self._on_broken = on_broken
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._broken: BrokenPipeError | None = None
        self._shown: tuple[str, str | None] | None = None
        self._seconds = 0.0

    def open(self) -> None:
        """Do nothing: the stream is open."""

    def write(self, record: Record) -> None:
        """Write a line if the record changes anything.

        Raises
        ------
        OSError
            If the stream does not take the line now. A pipe whose reader has gone raises
            BrokenPipeError from then on.
        """
        if self._broken is not None:
            raise BrokenPipeError(*self._broken.args)
        match record:
            case Prediction():
                self._seconds = record.end
                self._show(record.state, record.label, _words(record))
            case Utterance():
                # No line: the end of speech is a prediction of no speech. An utterance may also
                # end because it is very long, and speech goes on.
                self._seconds = max(self._seconds, record.end)
                self._guarded("")  # raises if the stream still takes nothing
            case Correction(label=None):
                self._line("correction taken back")
            case Correction():
                self._line(f"corrected: {record.label}")
            case Status():
                event = spoken(record.event)
                self._line(f"{event}: {record.message}" if record.message else event)

    def meter(self, reading: Meter) -> None:
        """Remember the time; levels are not printed."""
        self._seconds = reading.seconds

    def voices(self, voices: Voices) -> None:
        """Do nothing: lines have no list of labels."""

    def close(self) -> None:
        """Flush the stream; raises OSError if it does not take what it still has."""
        if self._broken is None:
            try:
                self._stream.flush()
            except OSError:
                let_go_of(self._stream)
                raise

    def _show(self, state: str, label: str | None, words: str) -> None:
        if (state, label) != self._shown:
            self._line(words)
            self._shown = (state, label)

    def _line(self, words: str) -> None:
        line = f"{clock(self._seconds)} {one_line(words)}\n"
        # A service often runs in the C locale, which can't encode labels of other scripts.
        self._guarded(line.encode(self._encoding, "backslashreplace").decode(self._encoding))

    def _guarded(self, text: str) -> None:
        try:
            if not is_ready(self._stream):
                # A write would block until the reader goes on.
                raise BlockingIOError(errno.EAGAIN, "nobody reads it")
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            self._shown = None  # the next record tries again
            if isinstance(error, BrokenPipeError):
                self._broken = error
                let_go_of(self._stream)
                self._on_broken()
            raise


def _words(record: Prediction) -> str:
    """Return a prediction in words."""
    match record.state:
        case "emotion":
            return f"{record.label} {record.confidence:.2f}"
        case "uncertain" if record.probabilities:
            likely = max(record.probabilities, key=record.probabilities.__getitem__)
            return f"uncertain ({likely} {record.probabilities[likely]:.2f})"
        case "uncertain":
            return "uncertain"
        case "no_speech":
            return "no speech"
