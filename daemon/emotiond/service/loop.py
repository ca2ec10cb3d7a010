"""The loop: from a source through the engine to records, and from records to the sinks."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Event
from typing import Final

from emotiond.audio.source import Block, Item, Retrying, Source
from emotiond.model.taught import example_count
from emotiond.recognition.engine import Engine
from emotiond.record import (
    Correction,
    Meter,
    News,
    Record,
    Status,
    Utterance,
    Voices,
    stamp,
    utc_now,
    utterance_ids,
)
from emotiond.service.control import Control
from emotiond.service.effects import Effect
from emotiond.service.memory import Heard
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
    control: Control | None = None,
    name: str = "",
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Give all records of a source to the sinks, until the source ends.

    Parameters
    ----------
    source, engine, stop, notifier, reload, control, name, now
        As for :func:`records`.
    sinks : Sinks
        Opened here, and closed whatever happens.
    """
    sinks.open()
    try:
        for said in records(
            source,
            engine,
            stop,
            notifier=notifier,
            reload=reload,
            control=control,
            name=name,
            now=now,
        ):
            if isinstance(said, Meter):
                sinks.meter(said)
            elif isinstance(said, Voices):
                sinks.voices(said)
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
    control: Control | None = None,
    name: str = "",
    now: Callable[[], datetime] = utc_now,
) -> Iterator[Record | Meter | Voices]:
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
    control : Control, optional
        Remembers the utterances; its effects are taken before each item of the source.
    name : str
        Name of the microphone, for the records.
    now : callable
        The wall clock, in UTC.

    Yields
    ------
    Record, Meter or Voices
        First the status ``started``; then predictions, utterances and statuses as they come, a
        meter reading after each hop, and labels and number of examples when the voice profile has
        changed; at last why it ended: ``source_ended``, ``stopping`` or ``failed``.

    Raises
    ------
    Exception
        Whatever the source or the engine raised, once all records have been yielded.
    """
    loop = _Loop(source, engine, notifier, control, name, now)
    end = News("stopping", "asked to stop")
    failure: Exception | None = None
    yield loop.status(News("started", f"listening to {source.name}"))
    notifier.ready()
    try:
        for item in source.blocks(lambda: loop.engine.needed):
            if control is not None:
                yield from loop.effect(control.effects.take())
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
    if control is not None:
        yield from loop.effect(control.effects.end())
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
        self,
        source: Source,
        engine: Engine,
        notifier: Notifier,
        control: Control | None,
        name: str,
        now: Callable[[], datetime],
    ) -> None:
        self.engine = engine
        self._source = source
        self._notifier = notifier
        self._control = control
        self._name = name
        self._ids = utterance_ids()
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
                if self._control is not None:
                    self._control.notice(item.event)
                yield self.status(item, self._source.name)

    def reload(self, reload: Reload) -> Iterator[Record | Voices]:
        """Read the settings again, and go on with a new engine if they ask for one."""
        self._notifier.reloading()
        before = self.engine.model.profile
        changed, news = reload(self.engine.model)
        if changed is not None:
            yield from self.finish()
            new, model = changed
            self.engine = self.engine.renewed(new.hop_seconds, new.gate, new.decision, model)
            if model.profile != before:
                yield self._voices()
        if self._control is not None:
            self._control.begin(self.engine.model, reload.profile)
        # systemctl goes on to show the last status: a reload does not change how the daemon is.
        yield self._status(news)
        self._notifier.ready()

    def effect(self, effects: list[Effect]) -> Iterator[Record | Voices]:
        """Carry out the effects of requests: publish records, go on with another model."""
        for each in effects:
            if isinstance(each, Correction | Status):
                yield stamp(each, self._now(), source=self._name)
            else:
                yield from self._stamped(self.engine.use(each), time.monotonic())
                yield self._voices()

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
                yield engine.meter

    def _voices(self) -> Voices:
        model = self.engine.model
        return Voices(labels=model.contract.reported, examples=example_count(model))

    def _status(self, news: News, subject: str | None = None) -> Status:
        model, (event, message) = self.engine.model_hash, news
        status = Status(model=model, event=event, subject=subject, message=message)
        return stamp(status, self._now(), source=self._name)

    def _stamped(self, records: list[Record], arrived: float) -> Iterator[Record]:
        latency_ms = (time.monotonic() - arrived) * 1000.0
        outputs = iter(self.engine.outputs)
        for record in records:
            if isinstance(record, Utterance):
                stamped = stamp(
                    record, self._now(), source=self._name, utterance_id=next(self._ids)
                )
                if self._control is not None:
                    self._control.remember(Heard(stamped, next(outputs)))
                yield stamped
            else:
                yield stamp(record, self._now(), source=self._name, latency_ms=latency_ms)
