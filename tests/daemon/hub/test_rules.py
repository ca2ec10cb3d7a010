"""Rules of hooks: which messages start one, and with which arguments."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.hook_settings import Hook
from emotiond.hub.rules import MOST_KNOWN, Rule, arguments
from emotiond.sinks.client import Message
from tests.daemon.hub.records import HELLO, correction, meter, prediction, status, utterance


def started(hook: Hook, *messages: Message, pause: float = 10.0) -> list[int]:
    """Return the numbers of the messages that start a hook."""
    rule = Rule(hook)
    found = [rule.record("0", each, number * pause) for number, each in enumerate(messages)]
    return [number for number, each in enumerate(found) if each is not None]


def test_a_hook_is_started_by_records_of_its_kind_only() -> None:
    messages = HELLO, meter(0.5), prediction(), utterance("a"), correction("a", "calm")
    messages += (status("microphone_lost"),)
    kinds = {"prediction": 2, "utterance": 3, "correction": 4, "status": 5}
    for kind, number in kinds.items():
        assert started(Hook(on=kind, command=("x",)), *messages) == [number]


def test_label_source_event_and_confidence_choose_among_them() -> None:
    calm, merry = utterance("a"), utterance("b", "merry")
    unsure = msgspec.structs.replace(merry, confidence=0.5)
    attic = msgspec.structs.replace(merry, source="attic")
    said = calm, merry, unsure, attic
    hook = Hook(on="utterance", label="merry", command=("x",))
    assert started(hook, *said) == [1, 2, 3]
    assert started(msgspec.structs.replace(hook, min_confidence=0.9), *said) == [1, 3]
    assert started(msgspec.structs.replace(hook, source="attic"), *said) == [3]
    lost = Hook(on="status", event="microphone_lost", command=("x",))
    assert started(lost, status("started"), status("microphone_lost")) == [1]
    taken_back = Hook(on="correction", label="calm", command=("x",))
    assert started(taken_back, correction("a", None), correction("a", "calm")) == [1]


def test_predictions_start_a_hook_when_their_label_changes() -> None:
    any_label = Hook(on="prediction", command=("x",))
    unsure = msgspec.structs.replace(prediction("merry"), confidence=0.3)
    uncertain = msgspec.structs.replace(prediction(), state="uncertain", label=None)
    said = (
        *(prediction("calm"), prediction("calm"), uncertain, prediction("calm")),
        *(prediction("merry"), prediction("calm"), prediction(None), prediction("calm")),
    )
    assert started(any_label, *said) == [0, 4, 5, 7]
    sure = Hook(on="prediction", label="merry", min_confidence=0.6, command=("x",))
    assert started(sure, unsure, prediction("merry"), unsure, prediction("merry")) == [1]


def test_microphones_have_labels_of_their_own() -> None:
    rule = Rule(Hook(on="prediction", every=0.0, command=("x",)))
    found = [rule.record(each, prediction(), 0.0) for each in ("0", "1", "0", "1")]
    assert [each is not None for each in found] == [True, True, False, False]


def test_a_status_that_a_daemon_repeats_at_a_new_connection_is_no_news() -> None:
    hook = Hook(on="status", command=("x",))
    first, second = status("microphone_lost"), status("started")
    assert started(hook, first, HELLO, first, second, second) == [0, 3]
    many = [msgspec.structs.replace(first, time=f"{n}") for n in range(2 * MOST_KNOWN)]
    rule = Rule(hook)
    assert all(rule.record("0", each, n * 9.0) for n, each in enumerate(many))
    assert len(rule._statuses["0"]) == MOST_KNOWN


@given(
    every=st.floats(0.0, 100.0),
    pauses=st.lists(st.floats(0.0, 50.0), max_size=30),
)
def test_two_starts_are_never_closer_than_every(every: float, pauses: list[float]) -> None:
    rule = Rule(Hook(on="utterance", every=every, command=("x",)))
    now, last = 0.0, None
    for number, pause in enumerate(pauses):
        now += pause
        due = last is None or now - last >= every
        assert (rule.record("0", utterance(f"{number}"), now) is not None) == due
        last = now if due else last


@pytest.mark.parametrize(
    ("hook", "record", "expected"),
    [
        (
            Hook(on="utterance", command=("x", "{label} {confidence}", '{"label"}')),
            utterance("a", "angry"),
            ["x", "angry 0.9", '{"label"}'],
        ),
        (
            Hook(on="status", command=("x", "{event}: {message}", "{subject}")),
            msgspec.structs.replace(status("started"), message="a\nb\0\x1b[2J; rm -rf {event}"),
            ["x", r"started: a\nb\x00\x1b[2J; rm -rf {event}", ""],
        ),
    ],
)
def test_fields_take_the_place_of_names_in_braces(
    hook: Hook, record: Message, expected: list[str]
) -> None:
    assert arguments(hook, record) == expected
