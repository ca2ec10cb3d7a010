"""The hub's knowledge of a microphone: bounded, and never of a daemon that has gone."""

from hypothesis import given
from hypothesis import strategies as st

from emotiond.hub.microphone import METER_SECONDS, MOST_UTTERANCES, Microphone
from emotiond.record import Voices
from tests.daemon.hub.records import (
    HELLO,
    correction,
    meter,
    prediction,
    status,
    utterance,
)


def taken(*messages: object) -> Microphone:
    microphone = Microphone(0)
    for each in messages:
        microphone.take(each)
    return microphone


def test_before_the_first_daemon_nothing_is_known() -> None:
    known = Microphone(3).snapshot()
    assert (known.id, known.connected, known.hello, known.utterances) == ("3", False, None, ())
    assert known.problem == "no daemon was reached yet"


def test_the_last_minutes_and_the_last_utterances_are_kept_and_no_more() -> None:
    readings = [meter(0.5 * number) for number in range(2000)]
    spoken = [utterance(f"a-{number}") for number in range(50)]
    known = taken(HELLO, *readings, *spoken).snapshot()
    assert known.meters[-1].seconds - known.meters[0].seconds == METER_SECONDS
    assert [each.id for each in known.utterances] == [f"a-{n}" for n in range(30, 50)]
    assert len(known.utterances) == MOST_UTTERANCES


def test_the_last_correction_of_a_kept_utterance_counts_until_it_is_taken_back() -> None:
    microphone = taken(HELLO, utterance("a"), correction("a", "merry"), correction("a", "calm"))
    assert microphone.snapshot().corrections == {"a": "calm"}
    microphone.take(correction("a", None))
    assert microphone.snapshot().corrections == {}
    microphone.take(correction("a", "merry"))
    for number in range(MOST_UTTERANCES):
        microphone.take(utterance(f"b-{number}"))
    assert microphone.snapshot().corrections == {}


def test_silence_and_a_lost_daemon_end_the_prediction() -> None:
    microphone = taken(HELLO, prediction())
    assert microphone.snapshot().prediction == prediction()
    microphone.take(prediction(None))
    assert microphone.snapshot().prediction is None
    microphone.take(prediction())
    microphone.lose("gone")
    known = microphone.snapshot()
    assert (known.connected, known.problem, known.prediction) == (False, "gone", None)


def test_a_daemon_that_is_back_begins_anew_but_its_utterances_stay() -> None:
    microphone = taken(HELLO, meter(900.0), utterance("a"), status("microphone_lost"))
    assert [each.event for each in microphone.condition().troubles] == ["microphone_lost"]
    microphone.lose("gone")
    microphone.take(HELLO)
    known = microphone.snapshot()
    assert (known.connected, known.problem, known.meters, known.troubles) == (True, None, (), ())
    assert [each.id for each in known.utterances] == ["a"]


def test_a_page_that_is_opened_later_has_the_labels_that_were_taught_meanwhile() -> None:
    hello = taken(HELLO, Voices(labels=("bark",), examples=5)).snapshot().hello
    assert (hello.labels, hello.examples, hello.source) == (("bark",), 5, HELLO.source)
    assert taken(Voices(labels=("bark",), examples=5)).snapshot().hello is None


@given(st.lists(st.floats(allow_nan=True), max_size=50))
def test_readings_at_any_times_are_taken(seconds: list[float]) -> None:
    known = taken(HELLO, *map(meter, seconds)).snapshot()
    assert len(known.meters) <= len(seconds)
