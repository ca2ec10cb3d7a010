"""Signals: what ends the daemon, and what makes it read its settings again."""

import signal
from _thread import start_new_thread
from threading import Event
from types import FrameType


def set_on_signals(event: Event, *numbers: signal.Signals) -> None:
    """Set an event whenever one of the signals comes."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        # Event.set() takes a lock that the interrupted code may already hold, so set it from a
        # new thread.
        start_new_thread(event.set, ())

    for number in numbers:
        signal.signal(number, handle)
