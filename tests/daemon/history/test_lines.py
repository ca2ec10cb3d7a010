"""Lines of a log: records of both schemas are read, anything else is not."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond import record
from emotiond.history.lines import Correction, Prediction, Status, Utterance, parse
from emotiond.record import encode, stamp, utc_now
from tests.daemon.history import histories as h

WHOLE = (
    h.prediction(h.NOON, 1.0),
    h.utterance(h.NOON, 0.0, 1.0, id="7"),
    h.correction(h.NOON, "7", "merry"),
    h.status(h.NOON, "started"),
)


@given(st.binary())
def test_any_bytes_are_a_line_or_none_and_never_raise(content: bytes) -> None:
    parse(content)


@given(st.sampled_from(WHOLE), st.integers(0, 400), st.integers(0, 255))
def test_a_torn_or_damaged_line_never_raises(whole: bytes, place: int, byte: int) -> None:
    assert parse(whole[: min(place, len(whole) - 1)]) is None
    damaged = bytearray(whole)
    damaged[place % len(whole)] = byte
    parse(bytes(damaged))


def test_each_type_is_read_with_its_moment() -> None:
    found = [parse(each) for each in WHOLE]
    assert [type(each[1]) for each in found] == [Prediction, Utterance, Correction, Status]
    assert {each[0] for each in found} == {h.NOON}


def test_records_as_this_program_writes_them_are_read() -> None:
    common = {"model": "0123abcd", "start": 1.0, "end": 1.5, "state": "emotion", "label": "calm"}
    shares = {"confidence": 0.9, "probabilities": {"calm": 0.9, "cross": 0.1}}
    hop = {"raw_label": "calm", "speech": 1.0, "level": -20.0}
    now = utc_now()
    for each in (
        record.Prediction(**common, **shares, **hop),
        record.Status(model="0123abcd", event="started", message="listening"),
    ):
        moment, found = parse(encode(stamp(each, now)))
        assert type(found).__name__ == type(each).__name__
        assert abs(moment - now.timestamp()) < 0.002


@pytest.mark.parametrize(
    "fields",
    [
        {"end": 0.25},  # ends before it starts
        {"end": 1e9},  # lasts for years
        {"start": -1.0},
        {"start": "1"},
        {"label": None},
        {"state": "no_speech"},  # with a label
        {"state": "asleep"},
        {"time": "2026-05-01T12:00:00"},  # of which time zone?
        {"time": ""},
        {"time": "1969-12-31T23:59:59Z"},
        {"time": "9999-12-31T23:59:59Z"},
        {"type": "dream"},
    ],
    ids=str,
)
def test_a_prediction_that_no_daemon_writes_is_none(fields: dict[str, object]) -> None:
    whole = {**msgspec.json.decode(h.prediction(h.NOON, 1.0)), **fields}
    assert parse(msgspec.json.encode(whole)) is None


def test_unknown_fields_and_events_are_passed_over() -> None:
    later = h.line("status", h.NOON, event="moved_house", mood={"deep": [1, 2]})
    assert parse(later) == (h.NOON, Status(time=parse(later)[1].time, event="moved_house"))
