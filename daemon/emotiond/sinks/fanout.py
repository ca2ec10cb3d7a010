"""All sinks at once. One that fails or hangs costs itself its records, not the engine its sound."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from emotiond.record import Meter, Record, Status, Voices, stamp
from emotiond.sinks.sink import Sink
from emotiond.sinks.worker import Worker

PATIENCE_SECONDS: Final = 5.0
"""Longest time that a replay waits for a slow sink, so that no record of it is lost (s)."""
LIVE_PATIENCE_SECONDS: Final = 0.1
"""Longest time that live sound waits for a sink (s).

A sink that works takes a record at once. So the log has a record before a viewer sees it.
"""
CLOSE_SECONDS: Final = 0.4
"""Longest time that all sinks may take over what they have, and again over their end (s)."""


class Sinks:
    """All sinks of the daemon, each with a :class:`~emotiond.sinks.worker.Worker`.

    No method raises an exception of a sink. A sink that hangs holds up the caller once, for
    ``patience``, and not again until it has caught up.

    Parameters
    ----------
    sinks : mapping of str to Sink
        By the name that messages call them. The first gets each record first, and is closed last.
    model : str
        Short hash of the model, for status records.
    now : callable
        Wall clock, in UTC.
    source : str
        Name of the microphone, for status records.
    patience : float
        Longest time that a record holds up the caller (s).
    clock : callable
        Clock in monotonic seconds, by which a sink hangs.
    """

    def __init__(
        self,
        sinks: Mapping[str, Sink],
        model: str,
        now: Callable[[], datetime],
        *,
        source: str = "",
        patience: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = {name: Worker(name, sink, patience, clock) for name, sink in sinks.items()}
        self._model = model
        self._source = source
        self._now = now
        self._patience = patience

    def open(self) -> None:
        """Open all sinks; the first record is followed by news of those that can't be opened."""
        for worker in self._workers.values():
            worker.open()

    def write(self, record: Record) -> None:
        """Give a record to every sink; say once when one fails, and once when it works again."""
        for worker in self._workers.values():
            worker.write(record)
        self._tell()

    def meter(self, reading: Meter) -> None:
        """Give the reading of a hop to every sink that keeps up."""
        for worker in self._workers.values():
            worker.meter(reading)
        self._tell()

    def voices(self, voices: Voices) -> None:
        """Give new labels and the new number of examples to every display."""
        for worker in self._workers.values():
            worker.voices(voices)

    def close(self) -> None:
        """Flush and close all sinks, and leave those that hang."""
        until = time.monotonic() + max(CLOSE_SECONDS, self._patience)
        for worker in self._workers.values():
            worker.flush(until - time.monotonic())
        while self._workers:
            name, worker = self._workers.popitem()
            worker.close(CLOSE_SECONDS)
            self._tell_of(name, worker)

    def _tell(self) -> None:
        """Tell every sink what has changed with any."""
        for name, worker in self._workers.items():
            self._tell_of(name, worker)

    def _tell_of(self, name: str, worker: Worker) -> None:
        for event, message in worker.news():
            status = Status(model=self._model, event=event, subject=name, message=message)
            for each in self._workers.values():
                each.tell(stamp(status, self._now(), source=self._source))
