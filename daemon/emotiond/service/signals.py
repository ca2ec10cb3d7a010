"""Signals: what ends the daemon."""

import signal
from _thread import start_new_thread
from threading import Event
from types import FrameType


def stop_on_signals(stop: Event, *more: signal.Signals) -> None:
    """Set ``stop`` at SIGINT, SIGTERM or another, so that all is written before the end."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        # In a thread, which may wait for the event's lock: whom a signal interrupts may hold it.
        start_new_thread(stop.set, ())

    for number in (signal.SIGINT, signal.SIGTERM, *more):
        signal.signal(number, handle)
