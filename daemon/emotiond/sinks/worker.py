"""A worker: gives records to one sink in a thread of its own, so that a sink may fail or hang."""

import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import Final, Literal, NamedTuple

from emotiond.errors import reason
from emotiond.record import Meter, News, Record, Voices
from emotiond.sinks.sink import Display, Sink
from emotiond.text import one_line

LENGTH: Final = 1000
"""Most calls that wait for a sink; the oldest is dropped for one more."""
HANG_SECONDS: Final = 5.0
"""A sink hangs if one call takes longer (s)."""
UNTIL: Final = "records are not written there until it works again"
"""What follows from a failure, in its message."""


class _Call(NamedTuple):
    """A call of the sink that waits for its turn."""

    make: Callable[[], None]
    kind: Literal["opening", "record", "notice", "reading"]
    """Only a record that was written shows that the sink works again: a notice is short, and some
    sinks hardly use readings."""

    @property
    def counts(self) -> bool:
        """Whether it is counted when it is lost."""
        return self.kind in ("record", "notice")


class Worker:
    """Gives records and meter readings to a sink; the sink may raise anything, or hang.

    The thread opens the sink before its first record, and tries again at each later one until the
    sink opens. Calls are made in their order.

    Parameters
    ----------
    name : str
        Name of the sink in messages.
    sink : Sink
        Called by the worker's thread only.
    patience : float
        Longest time that a record holds up its caller while the sink takes it (s). A sink that
        takes longer is not waited for again until it has caught up.
    clock : callable
        Clock in monotonic seconds, by which a sink hangs.

    Attributes
    ----------
    failing : bool
        Whether the sink fails or hangs.
    lost : int
        Records that it has not taken since then.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._sink = sink
        self._display = sink if isinstance(sink, Display) else None
        self._patience = patience
        self._clock = clock
        self._calls: deque[_Call] = deque()
        self._changed = Condition()
        """Guards everything below; notified when a call comes and when one is done."""
        self._thread: Thread | None = None
        self._current: _Call | None = None
        self._began = 0.0
        """When the current call began (seconds of ``clock``)."""
        self._late = False
        """Whether a caller's patience has ended since the sink last caught up."""
        self._is_open = False
        self._refused = False
        """Whether the sink refused the last reading."""
        self._closing = False
        self._news: list[News] = []
        self.failing = False
        self.lost = 0

    def open(self) -> None:
        """Open the sink."""
        self._put(_Call(lambda: None, "opening"), wait=True)

    def write(self, record: Record) -> None:
        """Give the sink a record."""
        self._put(_Call(lambda: self._sink.write(record), "record"), wait=True)

    def tell(self, notice: Record) -> None:
        """Give the sink a record that reports about a sink."""
        self._put(_Call(lambda: self._sink.write(notice), "notice"), wait=True)

    def meter(self, reading: Meter) -> None:
        """Give the sink the reading of a hop, if it takes any and is not late; never waits."""
        sink = self._display
        if sink is not None and not self._late:
            self._put(_Call(lambda: sink.meter(reading), "reading"), wait=False)

    def voices(self, voices: Voices) -> None:
        """Give the sink new labels and the new number of examples, if it is a display."""
        sink = self._display
        if sink is not None:
            self._put(_Call(lambda: sink.voices(voices), "reading"), wait=False)

    def news(self) -> list[News]:
        """Return what has changed since the last call: the sink has failed, or works again."""
        with self._changed:
            if self._current is not None and self._clock() - self._began > HANG_SECONDS:
                self._fail(f"no answer for {HANG_SECONDS:.0f} seconds")
            news, self._news = self._news, []
        return news

    def flush(self, seconds: float) -> bool:
        """Wait until the sink has taken all; return False if it has not after some seconds."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, seconds)

    def close(self, seconds: float) -> None:
        """Close the sink, and wait for that, at most some seconds.

        Records that the sink has not taken until now are counted as lost.
        """
        with self._changed:
            if not self._is_idle():
                self._give_up()
            self._closing = True
            self._start()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._thread is None, seconds)

    def _put(self, call: _Call, *, wait: bool) -> None:
        with self._changed:
            self._start()
            if len(self._calls) >= LENGTH:
                self.lost += self._calls.popleft().counts
                self._fail("it is too slow")
            self._calls.append(call)
            self._changed.notify_all()
            if wait and not self._late:
                self._late = not self._changed.wait_for(self._is_idle, self._patience)

    def _start(self) -> None:
        """Start the thread, unless it runs."""
        if self._thread is None:
            thread = Thread(target=self._run, daemon=True, name=self._name)
            try:
                thread.start()
            except RuntimeError as error:  # the system allows no more threads
                self._fail(_words(error))
            else:
                self._thread = thread

    def _is_idle(self) -> bool:
        return not self._calls and self._current is None

    def _run(self) -> None:
        while (call := self._next()) is not None:
            error = self._attempt(call.make)
            self._finish(call, error)
        error = self._attempt(self._sink.close, is_open=True)
        with self._changed:
            if error is not None:
                self._fail(_words(error))
            self._thread = None
            self._changed.notify_all()

    def _next(self) -> _Call | None:
        """Wait for the next call; None if the sink is to be closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._calls or self._closing)
            if not self._calls:
                return None
            self._current, self._began = self._calls.popleft(), self._clock()
            return self._current

    def _attempt(self, call: Callable[[], None], *, is_open: bool = False) -> BaseException | None:
        """Make a call, opening the sink before; return what it raised."""
        try:
            if not (self._is_open or is_open):
                self._sink.open()
                self._is_open = True
            call()
        except BaseException as error:  # SystemExit would end the thread
            return error
        return None

    def _finish(self, call: _Call, error: BaseException | None) -> None:
        """Conclude from a call how the sink is."""
        with self._changed:
            was_given_up = self._current is not call
            self._current = None
            if was_given_up:
                return
            if call.kind == "reading":
                self._refused = error is not None and self._is_open
            if error is not None:
                self.lost += call.counts
                self._fail(_words(error))
            elif self.failing and call.kind == "record" and self._has_recovered():
                words = f"{self._name} works again; {self.lost} records were lost"
                self._news.append(News("sink_back", words))
                self.failing, self.lost = False, 0
            self._late = self._late and bool(self._calls)
            self._changed.notify_all()

    def _has_recovered(self) -> bool:
        """Say whether the record that was written just now shows that the sink works."""
        quick = self._clock() - self._began <= HANG_SECONDS
        return quick and not self._calls and not self._refused

    def _fail(self, words: str) -> None:
        if not self.failing:
            self.failing = True
            self._news.append(News("sink_failed", f"{self._name}: {words}; {UNTIL}"))

    def _give_up(self) -> None:
        """Count what the sink has not taken, and forget it."""
        waiting = [*self._calls] if self._current is None else [self._current, *self._calls]
        self._calls.clear()
        self._current = None
        if lost := sum(call.counts for call in waiting):
            self.lost += lost
            words = f"{self._name}: it hung until the end; {self.lost} records were not written"
            self._news.append(News("sink_failed", words))


def _words(error: BaseException) -> str:
    """Return an exception in words."""
    if isinstance(error, OSError) and (words := reason(error)):
        return words
    name = type(error).__name__
    return f"{name}: {one_line(str(error))}" if str(error) else name
