"""The run loop: from a source through the engine to the sinks, until either the sound or we end."""

import signal
import time
from threading import Event
from types import FrameType
from typing import Final

import numpy as np

from emotiond.engine import Engine
from emotiond.notify import Notifier
from emotiond.overload import Overload
from emotiond.record import Event as StatusEvent
from emotiond.record import Record, Status
from emotiond.reload import Reload
from emotiond.sinks import Sinks
from emotiond.source import Block, News, Retrying, Source

SILENT: Final = Notifier()
"""Without a service manager."""


def listen(
    source: Source,
    engine: Engine,
    sinks: Sinks,
    model: str,
    stop: Event,
    notifier: Notifier = SILENT,
    reload: Reload | None = None,
) -> None:
    """Run until the source ends.

    Parameters
    ----------
    source : Source
        Sound at the engine's sample rate.
    engine : Engine
        Fresh.
    sinks : Sinks
        Opened here, and closed whatever happens.
    model : str
        Short hash of the model.
    stop : threading.Event
        Whether it was asked to stop; the source looks at it too.
    notifier : Notifier
        To the service manager. Its watchdog is pinged here and nowhere else: when sound has gone
        all the way to the sinks, or a source that is known to be lost was tried again.
    reload : Reload
        Asked at each item of the source whether other settings are wanted.
    """

    def say(event: StatusEvent, message: str) -> None:
        notifier.status(f"{event.replace('_', ' ')}: {message}")
        sinks.write(Status(model=model, event=event, message=message))

    def give(records: list[Record], arrived: float) -> None:
        latency_ms = (time.monotonic() - arrived) * 1000.0
        for record in records:
            sinks.write(record, latency_ms)

    overload = Overload()
    end = News("stopping", "asked to stop")
    sinks.open()
    try:
        say("started", f"listening to {source.name}")
        notifier.ready()
        try:
            for item in source:
                if reload is not None and reload.wanted.is_set():
                    notifier.reloading()
                    changed, done = reload()
                    if changed is not None:
                        give(engine.finish(), time.monotonic())
                        engine = engine.renewed(changed.hop_seconds, changed.gate, changed.decision)
                    # How the daemon is has not changed by it: that stays what systemctl shows.
                    sinks.write(Status(model=model, event=done.event, message=done.message))
                    notifier.ready()
                if isinstance(item, Retrying):
                    notifier.progress()
                    continue
                if not isinstance(item, Block):
                    # Nothing is known of the sound until there is some again.
                    give(engine.gap(0), time.monotonic())
                    say(item.event, item.message)
                    continue
                if item.dropped:
                    give(engine.gap(item.dropped), item.arrived)
                behind = time.monotonic() - item.arrived
                seconds, lost = (n / engine.sample_rate for n in (len(item.samples), item.dropped))
                if news := overload.heard(seconds, behind, lost):
                    say(news.event, news.message)
                engine.stride = overload.stride
                # A hop at a time, so that its reading is shown however long the block is.
                for piece in np.split(
                    item.samples, range(engine.hop, len(item.samples), engine.hop)
                ):
                    before = engine.seconds
                    give(engine.push(piece), item.arrived)
                    if engine.seconds != before:
                        sinks.meter(engine.seconds, engine.level, engine.speech)
                if len(item.samples):
                    notifier.progress()
            if not stop.is_set():
                end = News("source_ended", f"{source.name} has ended")
        except Exception as error:
            end = News("failed", str(error) or type(error).__name__)
            raise
        finally:
            notifier.stopping()
            try:
                give(engine.finish(), time.monotonic())
            finally:
                say(end.event, end.message)
    finally:
        sinks.close()


def stop_on_signals(stop: Event, *more: signal.Signals) -> None:
    """Set ``stop`` at SIGINT, SIGTERM or another, so that all is written before the end."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, *more):
        signal.signal(number, handle)
