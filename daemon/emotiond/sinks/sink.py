"""What a sink is: it takes records, and meter readings if it is metered."""

from typing import Protocol, runtime_checkable

from emotiond.record import Record


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
class Metered(Sink, Protocol):
    """A sink that takes meter readings, too."""

    def meter(self, seconds: float, level: float, speech: float) -> None:
        """Take the reading of a hop (stream seconds, dBFS, 0 to 1), in silence too."""
