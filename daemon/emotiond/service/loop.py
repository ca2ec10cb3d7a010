"""The run loop: from a source through the engine to the sinks, until either the sound or we end."""

import time
from threading import Event
from typing import Final

from emotiond.audio.source import Block, Retrying, Source
from emotiond.recognition.engine import Engine
from emotiond.record import News, Record, Status
from emotiond.service.overload import Overload
from emotiond.service.reload import Reload
from emotiond.service.systemd import Notifier
from emotiond.sinks.fanout import Sinks
from emotiond.text import spoken

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
    loop = _Loop(engine, sinks, model, notifier)
    end = News("stopping", "asked to stop")
    sinks.open()
    try:
        loop.say(News("started", f"listening to {source.name}"))
        notifier.ready()
        try:
            for item in source:
                if reload is not None and reload.wanted.is_set():
                    loop.take_up(reload)
                match item:
                    case Block():
                        loop.hear(item)
                    case News():
                        loop.interrupt(item)
                    case Retrying():
                        notifier.progress()
                source.enough = loop.missing
            if not stop.is_set():
                end = News("source_ended", f"{source.name} has ended")
        except Exception as error:
            end = News("failed", str(error) or type(error).__name__)
            raise
        finally:
            notifier.stopping()
            try:
                loop.finish()
            finally:
                loop.say(end)
    finally:
        sinks.close()


class _Loop:
    """What is done with each thing that comes of a source."""

    def __init__(self, engine: Engine, sinks: Sinks, model: str, notifier: Notifier) -> None:
        self._engine = engine
        self._sinks = sinks
        self._model = model
        self._notifier = notifier
        self._overload = Overload()

    @property
    def missing(self) -> int:
        """Samples without which nothing new will be heard."""
        return self._engine.missing

    def say(self, news: News) -> None:
        """Say what happened, to whoever reads records and to who looks at the service."""
        self._notifier.status(f"{spoken(news.event)}: {news.message}")
        self._record(news)

    def hear(self, block: Block) -> None:
        """Give a block to the engine, and what comes of it to the sinks."""
        engine = self._engine
        if block.dropped:
            self._give(engine.gap(block.dropped), block.arrived)
        behind = time.monotonic() - block.arrived
        seconds, lost = (n / engine.sample_rate for n in (len(block.samples), block.dropped))
        if news := self._overload.heard(seconds, behind, lost):
            self.say(news)
        engine.stride = self._overload.stride
        # A hop at a time, so that its reading is shown however long the block is.
        for start in range(0, len(block.samples), engine.hop):
            before = engine.seconds
            self._give(engine.push(block.samples[start : start + engine.hop]), block.arrived)
            if engine.seconds != before:
                self._sinks.meter(engine.seconds, engine.level, engine.speech)
        if len(block.samples):
            self._notifier.progress()

    def interrupt(self, news: News) -> None:
        """Note that nothing is known of the sound until there is some again."""
        self._give(self._engine.gap(0), time.monotonic())
        self.say(news)

    def take_up(self, reload: Reload) -> None:
        """Go on with other settings."""
        self._notifier.reloading()
        changed, news = reload()
        if changed is not None:
            self.finish()
            self._engine = self._engine.renewed(changed.hop_seconds, changed.gate, changed.decision)
        # How the daemon is has not changed by it: that stays what systemctl shows.
        self._record(news)
        self._notifier.ready()

    def finish(self) -> None:
        """End speech that is going on."""
        self._give(self._engine.finish(), time.monotonic())

    def _record(self, news: News) -> None:
        self._sinks.write(Status(model=self._model, event=news.event, message=news.message))

    def _give(self, records: list[Record], arrived: float) -> None:
        latency_ms = (time.monotonic() - arrived) * 1000.0
        for record in records:
            self._sinks.write(record, latency_ms)
