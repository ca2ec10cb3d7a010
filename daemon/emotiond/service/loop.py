"""The loop: from a source through the engine to records, and from records to the sinks."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Event
from typing import Final

from emotiond.audio.source import Block, Item, Retrying, Source
from emotiond.recognition.engine import Engine
from emotiond.record import Meter, News, Record, Status, stamp, utc_now
from emotiond.service.overload import Overload
from emotiond.service.reload import Reload
from emotiond.service.systemd import Notifier
from emotiond.sinks.fanout import Sinks
from emotiond.text import spoken

UNMANAGED: Final = Notifier()
"""Notifier of a process that no service manager watches."""


def listen(
    source: Source,
    engine: Engine,
    sinks: Sinks,
    stop: Event,
    *,
    notifier: Notifier = UNMANAGED,
    reload: Reload | None = None,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Give all records of a source to the sinks, until the source ends.

    Parameters
    ----------
    source, engine, stop, notifier, reload, now
        As for :func:`records`.
    sinks : Sinks
        Opened here, and closed whatever happens.
    """
    sinks.open()
    try:
        for said in records(source, engine, stop, notifier=notifier, reload=reload, now=now):
            if isinstance(said, Meter):
                sinks.meter(said.seconds, said.level, said.speech)
            else:
                sinks.write(said)
    finally:
        sinks.close()


def records(
    source: Source,
    engine: Engine,
    stop: Event,
    *,
    notifier: Notifier = UNMANAGED,
    reload: Reload | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Iterator[Record | Meter]:
    """Yield what happens and what is recognised, until the source ends.

    Parameters
    ----------
    source : Source
        Sound at the engine's sample rate.
    engine : Engine
        A fresh one.
    stop : threading.Event
        Set when the stream is to end; the source watches it too.
    notifier : Notifier
        Connection to the service manager. Only this function pings the watchdog: when the records
        of a block have been taken, or a lost source was retried.
    reload : Reload, optional
        Asked before each item of the source whether settings are to be read again.
    now : callable
        The wall clock, in UTC.

    Yields
    ------
    Record or Meter
        First the status ``started``; then predictions, utterances and statuses as they come, and a
        meter reading after each hop; at last why it ended: ``source_ended``, ``stopping`` or
        ``failed``.

    Raises
    ------
    Exception
        Whatever the source or the engine raised, once all records have been yielded.
    """
    loop = _Loop(source, engine, notifier, now)
    end = News("stopping", "asked to stop")
    failure: Exception | None = None
    yield loop.status(News("started", f"listening to {source.name}"))
    notifier.ready()
    try:
        for item in source.blocks(lambda: loop.engine.needed):
            if reload is not None and reload.wanted.is_set():
                yield from loop.reload(reload)
            yield from loop.take(item)
        if not stop.is_set():
            end = News("source_ended", f"{source.name} has ended")
    except Exception as error:
        end, failure = _failed(error), error
    notifier.stopping()
    try:
        yield from loop.finish()
    except Exception as error:
        end, failure = _failed(error), error
    yield loop.status(end)
    if failure is not None:
        raise failure


def _failed(error: Exception) -> News:
    return News("failed", str(error) or type(error).__name__)


class _Loop:
    """The engine at work on the items of a source.

    Attributes
    ----------
    engine : Engine
        The present engine; a reload may replace it.
    """

    def __init__(
        self, source: Source, engine: Engine, notifier: Notifier, now: Callable[[], datetime]
    ) -> None:
        self.engine = engine
        self._source = source
        self._notifier = notifier
        self._now = now
        self._overload = Overload()

    def status(self, news: News, subject: str | None = None) -> Status:
        """Return news as a record, and show them to the service manager."""
        self._notifier.status(f"{spoken(news.event)}: {news.message}")
        return self._status(news, subject)

    def take(self, item: Item) -> Iterator[Record | Meter]:
        """Yield what an item of the source gives."""
        match item:
            case Block():
                yield from self._hops(item)
                if len(item.samples):
                    self._notifier.progress()
            case Retrying():
                self._notifier.progress()
            case News():
                # Speech before the news and speech after it are not one utterance.
                yield from self._stamped(self.engine.gap(0), time.monotonic())
                yield self.status(item, self._source.name)

    def reload(self, reload: Reload) -> Iterator[Record]:
        """Read the settings again, and go on with a new engine if they ask for one."""
        self._notifier.reloading()
        changed, news = reload()
        if changed is not None:
            yield from self.finish()
            self.engine = self.engine.renewed(changed.hop_seconds, changed.gate, changed.decision)
        # systemctl goes on to show the last status: a reload does not change how the daemon is.
        yield self._status(news)
        self._notifier.ready()

    def finish(self) -> Iterator[Record]:
        """Yield the rest: an utterance that is under way ends here."""
        yield from self._stamped(self.engine.finish(), time.monotonic())

    def _hops(self, block: Block) -> Iterator[Record | Meter]:
        engine = self.engine
        if block.dropped:
            yield from self._stamped(engine.gap(block.dropped), block.arrived)
        behind = time.monotonic() - block.arrived
        seconds, lost = (n / engine.sample_rate for n in (len(block.samples), block.dropped))
        if news := self._overload.processed(seconds, behind, lost):
            yield self.status(news)
        engine.stride = self._overload.stride
        # One hop at a time, so that each has a meter reading, however long the block is.
        for start in range(0, len(block.samples), engine.hop):
            before = engine.seconds
            hop = block.samples[start : start + engine.hop]
            yield from self._stamped(engine.push(hop), block.arrived)
            if engine.seconds != before:
                yield Meter(seconds=engine.seconds, level=engine.level, speech=engine.speech)

    def _status(self, news: News, subject: str | None = None) -> Status:
        model, (event, message) = self.engine.model_hash, news
        status = Status(model=model, event=event, subject=subject, message=message)
        return stamp(status, self._now(), 0.0)

    def _stamped(self, records: list[Record], arrived: float) -> Iterator[Record]:
        latency_ms = (time.monotonic() - arrived) * 1000.0
        for record in records:
            yield stamp(record, self._now(), latency_ms)
