"""Metrics for Prometheus: counts of the messages of daemons since the hub started.

Counters count the messages of live sockets: what came while the hub was down is not in them, and
nothing is in them twice. docs/PROMETHEUS.md says what each means.
"""

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from emotiond import __version__
from emotiond.hub.feed import Feed
from emotiond.hub.microphone import Microphone
from emotiond.hub.mqtt import Mqtt
from emotiond.record import Correction, Hello, Meter, Prediction, Status, Utterance
from emotiond.sinks.client import Message
from emotiond.text import printable

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
OF: Final = ("microphone", "source")
"""Labels of everything about a microphone: its number in this hub, and its name."""
LATENCIES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Upper bounds of the buckets of latency (s)."""


class Metrics:
    """Counts the messages of the feed, and states how daemons and hub are.

    Parameters
    ----------
    feed : Feed
        Follows the daemons.
    mqtt : Mqtt or None
        The connection to a broker; None: none.
    now : callable
        Wall clock (s).
    """

    def __init__(self, feed: Feed, mqtt: Mqtt | None, now: Callable[[], float] = time.time) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._now = now
        self._registry = registry = CollectorRegistry()
        self._speaking: set[str] = set()
        """Ids of microphones whose gate is open."""

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"emotiond_{name}", words, (*OF, *labels), registry=registry)

        self._hops = counter("hops", "Hops that were heard, silence included.")
        self._predictions = counter(
            "predictions", "Predictions, one a hop while somebody speaks.", "state", "label"
        )
        self._utterances = counter("utterances", "Utterances that have ended.", "state", "label")
        self._corrections = counter("corrections", "Corrections, withdrawn ones included.", "by")
        self._speech = counter("speech_seconds", "Time in which somebody spoke.")
        self._openings = counter("gate_openings", "Times that speech began.")
        self._dropped = counter("dropped_samples", "Samples of sound that were lost.")
        self._latency = Histogram(
            "emotiond_hop_latency_seconds",
            "Time from the arrival of a hop's last sample to its prediction.",
            OF,
            buckets=LATENCIES,
            registry=registry,
        )
        self._states = _States(feed, mqtt)
        registry.register(self._states)
        feed.listen(self._take)

    def text(self, sizes: Mapping[Path, int]) -> bytes:
        """Return all metrics in Prometheus's text format.

        Parameters
        ----------
        sizes : mapping of Path to int
            Log folder -> size of its log files (bytes).
        """
        self._states.sizes = sizes
        return generate_latest(self._registry)

    def _take(self, microphone: Microphone, message: Message) -> None:
        of = labels_of(microphone)
        match message:
            case Hello():
                self._speaking.discard(microphone.id)
                for each in (self._hops, self._speech, self._openings, self._dropped):
                    each.labels(*of)  # a counter is there from 0 on
            case Meter():
                self._hops.labels(*of).inc()
                self._states.heard_at[microphone.id] = self._now()
            case Prediction():
                self._predictions.labels(*of, message.state, message.label or "").inc()
                self._latency.labels(*of).observe(message.latency_ms / 1000)
                self._dropped.labels(*of).inc(message.dropped)
                if message.state == "no_speech":
                    self._speaking.discard(microphone.id)
                else:
                    self._speech.labels(*of).inc(max(0.0, message.end - message.start))
                    if microphone.id not in self._speaking:
                        self._speaking.add(microphone.id)
                        self._openings.labels(*of).inc()
            case Utterance():
                self._utterances.labels(*of, message.state, message.label or "").inc()
            case Correction():
                self._corrections.labels(*of, message.by).inc()
            case Status(event="sink_failed", subject=str(sink)):
                self._states.sinks.add((*of, sink))
            case Status(event="service_lost"):
                self._speaking.discard(microphone.id)
            case Status():
                pass


class _States(Collector):
    """What holds at the time of a scrape."""

    def __init__(self, feed: Feed, mqtt: Mqtt | None) -> None:
        self._feed = feed
        self._mqtt = mqtt
        self.heard_at: dict[str, float] = {}
        """Id of a microphone -> when its last hop arrived (s of the wall clock)."""
        self.sinks: set[tuple[str, str, str]] = set()
        """Sinks that have failed since the hub started."""
        self.sizes: Mapping[Path, int] = {}

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield InfoMetricFamily(
            "emotiond_build",
            "Version of the hub.",
            {"version": __version__, "python": platform.python_version()},
        )
        yield from self._of_microphones()
        log = GaugeMetricFamily("emotiond_log_bytes", "Size of the log files.", labels=["folder"])
        for folder, size in self.sizes.items():
            log.add_metric([printable(str(folder))], size)
        yield log
        queue = GaugeMetricFamily(
            "emotiond_hub_queue_messages", "Messages that wait in the hub.", labels=["queue"]
        )
        queue.add_metric(["browsers"], self._feed.waiting)
        if self._mqtt is not None:
            queue.add_metric(["mqtt"], self._mqtt.waiting)
        yield queue
        if self._mqtt is not None:
            yield GaugeMetricFamily(
                "emotiond_hub_mqtt_connected",
                "Whether the MQTT broker is reached.",
                self._mqtt.connected,
            )
            yield CounterMetricFamily(
                "emotiond_hub_mqtt_lost_utterances",
                "Utterances that were lost since too many waited for the MQTT broker.",
                self._mqtt.lost,
            )

    def _of_microphones(self) -> Iterator[Metric]:
        connected = GaugeMetricFamily(
            "emotiond_daemon_connected", "Whether the daemon is reached.", labels=OF
        )
        hears = GaugeMetricFamily(
            "emotiond_microphone_working", "Whether the microphone gives sound.", labels=OF
        )
        last = GaugeMetricFamily(
            "emotiond_last_hop_timestamp_seconds", "When the last hop arrived.", labels=OF
        )
        model = InfoMetricFamily("emotiond_model", "The model that runs.", labels=OF)
        sinks = GaugeMetricFamily(
            "emotiond_sink_failing",
            "Whether a sink fails; of sinks that have failed since the hub started.",
            labels=(*OF, "sink"),
        )
        for each in self._feed.microphones:
            of, known = labels_of(each), each.snapshot()
            troubles = {(trouble.event, trouble.subject) for trouble in known.troubles}
            connected.add_metric(of, each.connected)
            if known.hello is not None:
                model.add_metric(of, {"model": known.hello.model})
                lost = any(event == "microphone_lost" for event, _ in troubles)
                hears.add_metric(of, each.connected and not lost)
            if each.id in self.heard_at:
                last.add_metric(of, self.heard_at[each.id])
            for sink in sorted(self.sinks):
                if sink[:2] == of:
                    sinks.add_metric(sink, ("sink_failed", sink[2]) in troubles)
        yield from (connected, hears, last, model, sinks)


def labels_of(microphone: Microphone) -> tuple[str, str]:
    """Return the labels of a microphone's metrics; a daemon that was never reached has no name."""
    return microphone.id, microphone.hello.source if microphone.hello else ""
