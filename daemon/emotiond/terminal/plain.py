"""Plain lines: what a journal or a pipe gets in place of the screen, one line a change."""

import errno
from collections.abc import Callable
from typing import IO

from emotiond.record import Prediction, Record, Status, Utterance
from emotiond.streams import is_ready, let_go_of
from emotiond.text import clock, one_line, spoken


class PlainSink:
    """Write a line for each change of the shown state or label, and for each status.

    Parameters
    ----------
    stream : text file
        Where to; not closed here.
    on_broken : callable
        Called once if the stream is a pipe and nobody reads it any more.
    """

    def __init__(self, stream: IO[str], on_broken: Callable[[], None] = lambda: None) -> None:
        self._stream = stream
        self._on_broken = on_broken
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._broken: BrokenPipeError | None = None
        self._shown: tuple[str, str | None] | None = None
        self._seconds = 0.0

    def open(self) -> None:
        """Do nothing: a stream is ready as it is."""

    def write(self, record: Record) -> None:
        """Say what changed.

        Raises
        ------
        OSError
            If the stream takes no more; it goes on being raised once a pipe has been closed.
        """
        if self._broken is not None:
            raise BrokenPipeError(*self._broken.args)
        match record:
            case Prediction():
                self._seconds = record.end
                self._show(record.state, record.label, _words(record))
            case Utterance():
                # Whether speech is over a prediction says: very long speech is cut, and goes on.
                self._seconds = max(self._seconds, record.end)
                self._guarded("")  # a stream that took no more may take some now
            case Status():
                event = spoken(record.event)
                self._line(f"{event}: {record.message}" if record.message else event)

    def meter(self, seconds: float, level: float, speech: float) -> None:  # noqa: ARG002
        """Note the time; a level that moves all the time is no news."""
        self._seconds = seconds

    def close(self) -> None:
        """Write out what is left."""
        if self._broken is None:
            self._guarded("")

    def _show(self, state: str, label: str | None, words: str) -> None:
        if (state, label) != self._shown:
            self._line(words)
            self._shown = (state, label)

    def _line(self, words: str) -> None:
        line = f"{clock(self._seconds)} {one_line(words)}\n"
        # A service often runs in the C locale, whatever script its labels are in.
        self._guarded(line.encode(self._encoding, "backslashreplace").decode(self._encoding))

    def _guarded(self, text: str) -> None:
        try:
            if text and not is_ready(self._stream):
                # A reader that stalls must not stop the daemon.
                raise BlockingIOError(errno.EAGAIN, "nobody reads it")
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            self._shown = None  # so that the next record is a try again
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
