"""What a sink is: it takes records; a display takes meter readings and voices, too."""

from typing import Protocol, runtime_checkable

from emotiond.record import Meter, Record, Voices


class Sink(Protocol):
    """Takes records: a screen, a log.

    Each method may raise any exception, and may take its time: a
    :class:`~emotiond.sinks.worker.Worker` calls it, always in the same thread.
    """

    def open(self) -> None:
        """Begin; called again before the next record if it raises."""

    def write(self, record: Record) -> None:
        """Take a record; raises if it can't."""

    def close(self) -> None:
        """End: all that was written is kept, a terminal is as it was."""


@runtime_checkable
class Display(Sink, Protocol):
    """A sink that shows what happens now; nothing of it is kept."""

    def meter(self, reading: Meter) -> None:
        """Take the reading of a hop, in silence too."""

    def voices(self, voices: Voices) -> None:
        """Take the labels and the number of examples after a change of the voice profile."""
