"""Payloads of MQTT: they say what was heard last, and anything may come in."""

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.hub.mqtt_messages import (
    LARGEST_COMMAND,
    Heard,
    Wanted,
    event_of,
    level_of,
    pressed,
    wanted_of,
)
from emotiond.record import Voices
from emotiond.sinks.client import Message
from tests.daemon.hub.records import HELLO, correction, meter, prediction, status, utterance

TAUGHT = msgspec.structs.replace(HELLO, examples=3)


def state_after(*messages: Message) -> dict[str, object]:
    heard = Heard()
    for each in messages:
        heard.take(each)
    found: dict[str, object] = json.loads(heard.state())
    return found


def test_while_somebody_speaks_the_state_is_the_last_prediction() -> None:
    assert state_after(HELLO, prediction("merry"), meter(1.0)) == {
        "emotion": "merry",
        "confidence": 0.9,
        "speech": "ON",
        "attributes": {
            "raw_label": "merry",
            "probabilities": {"calm": 0.9, "merry": 0.1},
            "level": -20.0,
        },
        "microphone": "ok",
        "dropped": 0,
        "model": "abcd",
        "profile": "none",
    }


@pytest.mark.parametrize(
    "end", [prediction(None), status("microphone_lost"), status("service_lost"), HELLO]
)
def test_nobody_speaks_any_more_after(end: Message) -> None:
    state = state_after(HELLO, prediction("merry"), end)
    assert (state["emotion"], state["speech"], state["confidence"]) == ("no_speech", "OFF", None)


def test_speech_without_a_label_is_uncertain() -> None:
    unsure = msgspec.structs.replace(prediction(), state="uncertain", label=None)
    state = state_after(HELLO, unsure)
    assert (state["emotion"], state["speech"]) == ("uncertain", "ON")


@pytest.mark.parametrize(
    ("messages", "microphone"),
    [
        ((HELLO,), "ok"),
        ((HELLO, status("microphone_lost")), "lost"),
        ((HELLO, status("microphone_lost"), status("microphone_back")), "ok"),
        ((HELLO, status("microphone_lost"), HELLO), "ok"),
        ((HELLO, status("microphone_lost"), status("sink_failed", "log")), "lost"),
    ],
)
def test_the_microphone_is_lost_until_it_is_back(
    messages: tuple[Message, ...], microphone: str
) -> None:
    assert state_after(*messages)["microphone"] == microphone


def test_dropped_samples_are_added_up_over_restarts_of_the_daemon() -> None:
    lossy = msgspec.structs.replace(prediction(), dropped=160)
    assert state_after(HELLO, lossy, prediction(), HELLO, lossy)["dropped"] == 320


def test_the_profile_is_unknown_until_an_utterance_tells_it() -> None:
    judged = msgspec.structs.replace(utterance("a"), profile="12ab")
    assert state_after(TAUGHT)["profile"] is None
    assert state_after(TAUGHT, judged)["profile"] == "12ab"
    assert state_after(TAUGHT, judged, utterance("b"), correction("b", "calm"))["profile"] == "none"


def test_labels_and_profile_are_those_that_were_taught_last() -> None:
    heard = Heard()
    for each in (HELLO, Voices(labels=("bark", "tired"), examples=2)):
        heard.take(each)
    assert heard.labels == ("bark", "tired")
    assert json.loads(heard.state())["profile"] is None
    heard.take(Voices(labels=HELLO.labels, examples=0))
    assert heard.labels == HELLO.labels
    assert json.loads(heard.state())["profile"] == "none"


def test_an_event_is_the_record_with_its_label_as_type() -> None:
    unsure = msgspec.structs.replace(utterance("a"), state="uncertain", label=None)
    for record, kind in ((utterance("a"), "calm"), (unsure, "uncertain")):
        event = json.loads(event_of(record))
        assert event.pop("event_type") == kind
        assert event == json.loads(msgspec.json.encode(record))


@given(st.text(), st.none() | st.text())
def test_a_correction_survives_its_payload(label: str, name: str | None) -> None:
    payload = msgspec.json.encode(Wanted(label, name))
    if len(payload) <= LARGEST_COMMAND:
        assert wanted_of(payload) == Wanted(label, name)
    assert wanted_of(pressed("calm").encode()) == Wanted("calm")


@given(st.binary(max_size=2 * LARGEST_COMMAND) | st.just(b"[" * LARGEST_COMMAND))
def test_a_payload_that_is_no_correction_is_refused(payload: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        wanted_of(payload)


@given(st.sets(st.text(), min_size=2, max_size=8))
def test_names_stay_apart_as_levels_of_topics(names: set[str]) -> None:
    levels = {level_of(each) for each in names}
    assert len(levels) == len(names)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", each) for each in levels)
    assert level_of("living_room-2") == "living_room-2"
