"""Where records go. A sink that fails costs itself its records, never the engine its sound."""

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime

from emotiond.errors import reason
from emotiond.record import Record, Status, stamp
from emotiond.sinks.sink import Sink


class Sinks:
    """All sinks of the daemon.

    Parameters
    ----------
    sinks : mapping of str to Sink
        By the name that messages call them.
    model : str
        Short hash of the model, for status records.
    now : callable
        The clock, in UTC.

    Attributes
    ----------
    lost : dict of str to int
        Records that each failing sink has not taken since it began to fail.
    """

    def __init__(self, sinks: Mapping[str, Sink], model: str, now: Callable[[], datetime]) -> None:
        self._sinks = dict(sinks)
        self._model = model
        self._now = now
        self.lost: dict[str, int] = {}

    def open(self) -> None:
        """Open all sinks."""
        for sink in self._sinks.values():
            sink.open()

    def write(self, record: Record) -> None:
        """Give a record to every sink; say once when one fails, and once when it works again."""
        for change in self._give(record):
            self._tell(stamp(change, self._now()))

    def meter(self, seconds: float, level: float, speech: float) -> None:
        """Give the reading of a hop to every sink that works."""
        for name, sink in self._sinks.items():
            if name not in self.lost:
                # One that fails here fails at the next record too, which says so.
                with contextlib.suppress(OSError):
                    sink.meter(seconds, level, speech)

    def close(self) -> None:
        """Close all sinks, also behind one that can't be."""
        for sink in self._sinks.values():
            with contextlib.suppress(OSError):
                sink.close()

    def _tell(self, change: Record) -> None:
        """Give what changed to every sink, and conclude nothing of what becomes of it.

        A short line may still fit where a record did not; the next record shows how things are.
        """
        for name, sink in self._sinks.items():
            try:
                sink.write(change)
            except OSError:
                if name in self.lost:
                    self.lost[name] += 1

    def _give(self, record: Record) -> list[Status]:
        """Give a record to every sink and return what changed by it."""
        changes = []
        for name, sink in self._sinks.items():
            try:
                sink.write(record)
            except OSError as error:
                if name not in self.lost:
                    changes.append(
                        Status(
                            model=self._model,
                            event="sink_failed",
                            subject=name,
                            message=f"{name}: {reason(error)}; it loses records until this is over",
                        )
                    )
                self.lost[name] = self.lost.get(name, 0) + 1
            else:
                if name in self.lost:
                    message = f"{name} works again; {self.lost.pop(name)} records were lost"
                    changes.append(
                        Status(model=self._model, event="sink_back", subject=name, message=message)
                    )
        return changes
