"""Metrics: counters count each message of a daemon once, and gauges say how things are now."""

import json
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from emotiond.hub.feed import Feed
from emotiond.hub.metrics import Metrics
from emotiond.record import Prediction
from emotiond.sinks.client import Message
from tests.daemon.hub.records import HELLO, correction, meter, prediction, status, utterance

DOCS = Path(__file__).parents[3] / "docs"
ROOM = {"microphone": "0", "source": "kitchen"}


class Rig:
    """Metrics of a feed whose messages a test says."""

    def __init__(self, microphones: int = 1) -> None:
        self.feed = Feed([[Path("nowhere")]] * microphones)
        self.now = 1000.0
        self.metrics = Metrics(self.feed, None, lambda: self.now)

    def say(self, *messages: Message, microphone: int = 0) -> None:
        for each in messages:
            self.feed._publish(self.feed.microphones[microphone], each)

    def samples(self) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
        found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
        text = self.metrics.text({Path("logs"): 123}).decode()
        for family in text_string_to_metric_families(text):
            for each in family.samples:
                found.setdefault(each.name, {})[frozenset(each.labels.items())] = each.value
        return found

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples().get(f"emotiond_{name}", {}).get(frozenset(labels.items()))


def of(label: str | None, state: str = "emotion") -> Prediction:
    return msgspec.structs.replace(prediction(), label=label, state=state, latency_ms=20.0)


SAID = st.lists(
    st.sampled_from(
        [
            *(of("calm"), of("merry"), of(None, "uncertain"), of(None, "no_speech")),
            *(utterance("a"), utterance("b", "merry"), meter(1.0), correction("a", "calm"), HELLO),
        ]
    ),
    max_size=40,
)


@given(SAID)
def test_counters_count_each_message_once(said: list[Message]) -> None:
    rig = Rig()
    rig.say(HELLO, *said)
    predictions = [each for each in said if isinstance(each, Prediction)]
    expected = Counter((each.state, each.label or "") for each in predictions)
    for (state, label), count in expected.items():
        assert rig.value("predictions_total", **ROOM, state=state, label=label) == count
    assert rig.value("hops_total", **ROOM) == said.count(meter(1.0))
    for name, label in (("a", "calm"), ("b", "merry")):
        count = said.count(utterance(name, label))
        labels = {**ROOM, "state": "emotion", "label": label}
        assert (rig.value("utterances_total", **labels) or 0) == count
    speech = [each for each in predictions if each.state != "no_speech"]
    assert rig.value("speech_seconds_total", **ROOM) == 0.5 * len(speech)
    assert (rig.value("hop_latency_seconds_count", **ROOM) or 0) == len(predictions)


@pytest.mark.parametrize(
    ("said", "openings"),
    [
        ((of("calm"), meter(1.0), of(None, "uncertain"), of("calm")), 1),
        ((of("calm"), of(None, "no_speech"), of("calm")), 2),
        ((of("calm"), HELLO, of("calm")), 2),
        ((of("calm"), status("service_lost"), of("calm")), 2),
        ((of(None, "no_speech"),), 0),
    ],
)
def test_the_gate_opens_when_speech_begins(said: tuple[Message, ...], openings: int) -> None:
    rig = Rig()
    rig.say(HELLO, *said)
    assert rig.value("gate_openings_total", **ROOM) == openings


def test_latency_is_in_seconds_and_dropped_sound_in_samples() -> None:
    rig = Rig()
    rig.say(HELLO, msgspec.structs.replace(of("calm"), dropped=160, latency_ms=150.0))
    assert rig.value("hop_latency_seconds_sum", **ROOM) == pytest.approx(0.15)
    assert rig.value("hop_latency_seconds_bucket", **ROOM, le="0.1") == 0
    assert rig.value("hop_latency_seconds_bucket", **ROOM, le="0.2") == 1
    assert rig.value("dropped_samples_total", **ROOM) == 160


def test_gauges_say_how_daemon_microphone_and_sinks_are() -> None:
    rig = Rig()
    unknown = {"microphone": "0", "source": ""}
    assert rig.value("daemon_connected", **unknown) == 0
    rig.say(HELLO)
    assert rig.value("daemon_connected", **unknown) is None
    for said, connected, working in (
        ((HELLO, meter(1.0)), 1, 1),
        ((status("microphone_lost"),), 1, 0),
        ((status("microphone_back"),), 1, 1),
    ):
        rig.say(*said)
        assert rig.value("daemon_connected", **ROOM) == connected
        assert rig.value("microphone_working", **ROOM) == working
    assert rig.value("sink_failing", **ROOM, sink="log") is None
    rig.say(status("sink_failed", "log"))
    assert rig.value("sink_failing", **ROOM, sink="log") == 1
    rig.say(status("sink_back", "log"))
    assert rig.value("sink_failing", **ROOM, sink="log") == 0
    rig.feed.microphones[0].lose("gone")
    assert rig.value("daemon_connected", **ROOM) == rig.value("microphone_working", **ROOM) == 0
    rig.now += 60
    assert rig.value("last_hop_timestamp_seconds", **ROOM) == 1000
    assert rig.value("model_info", **ROOM, model="abcd") == 1
    assert rig.value("log_bytes", folder="logs") == 123
    assert rig.value("hub_queue_messages", queue="browsers") == 0


def test_microphones_of_the_same_name_are_kept_apart() -> None:
    rig = Rig(2)
    rig.say(HELLO, meter(1.0))
    rig.say(HELLO, meter(1.0), meter(2.0), microphone=1)
    assert rig.value("hops_total", **ROOM) == 1
    assert rig.value("hops_total", microphone="1", source="kitchen") == 2


def test_dashboard_alerts_and_page_name_metrics_that_there_are() -> None:
    rig = Rig()
    rig.say(
        *(HELLO, meter(1.0), of("calm"), utterance("a"), correction("a", "calm")),
        status("sink_failed", "log"),
    )
    of_mqtt = {"emotiond_hub_mqtt_connected", "emotiond_hub_mqtt_lost_utterances_total"}
    present = set(rig.samples()) | of_mqtt
    for name in ("grafana.json", "alerts.yml", "PROMETHEUS.md"):
        named = set(re.findall(r"\bemotiond_[a-z_]+\b", (DOCS / name).read_text()))
        assert named
        assert named <= present | {"emotiond_hop_latency_seconds"}, name
    page = (DOCS / "PROMETHEUS.md").read_text()
    for metric in present:
        assert re.sub(r"_(bucket|sum|count)$", "", metric) in page
    panels = json.loads((DOCS / "grafana.json").read_text())["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
