"""Records: the names and shapes that other programs read."""

import json
from datetime import UTC, datetime
from typing import get_args

import jsonschema
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.model.runtime import Classifier
from emotiond.recognition.engine import Engine
from emotiond.record import (
    Event,
    Prediction,
    Record,
    State,
    Status,
    Utterance,
    decode,
    encode,
    json_schema,
    stamp,
)

COMMON = {"type", "schema", "time", "model"}
FIELDS = {
    "prediction": (
        Prediction,
        "start end state label raw_label confidence probabilities speech level latency_ms dropped",
    ),
    "utterance": (Utterance, "start end state label confidence probabilities"),
    "status": (Status, "event subject message"),
}

numbers = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_categories=["Cs"]))
common = {"time": text, "model": text}
decided = {
    "start": numbers,
    "end": numbers,
    "state": st.sampled_from(get_args(State)),
    "label": st.none() | text,
    "confidence": numbers,
    "probabilities": st.dictionaries(text, numbers, max_size=4),
}
records = st.one_of(
    st.builds(
        Prediction,
        **common,
        **decided,
        raw_label=st.none() | text,
        speech=numbers,
        level=numbers,
        latency_ms=numbers,
        dropped=st.integers(0, 2**40),
    ),
    st.builds(Utterance, **common, **decided),
    st.builds(
        Status,
        **common,
        event=st.sampled_from(get_args(Event)),
        subject=st.none() | text,
        message=text,
    ),
)


def example(name: str) -> Record:
    """Return a record of the named type."""
    given_decision = {
        "start": 1.0,
        "end": 1.5,
        "state": "emotion",
        "label": "calm",
        "confidence": 0.9,
        "probabilities": {"calm": 0.9, "cross": 0.1},
    }
    return {
        "prediction": Prediction(
            model="abcd", **given_decision, raw_label="calm", speech=0.9, level=-20.0
        ),
        "utterance": Utterance(model="abcd", **given_decision),
        "status": Status(model="abcd", event="started", message="listening"),
    }[name]


@given(record=records)
def test_a_record_is_decoded_as_it_was_encoded(record: Record) -> None:
    line = encode(record)
    assert b"\n" not in line
    assert b"\r" not in line
    assert decode(line) == record
    jsonschema.validate(json.loads(line), json_schema())


@pytest.mark.parametrize("name", FIELDS)
def test_the_fields_of_each_record_keep_their_names(name: str) -> None:
    _, names = FIELDS[name]
    found = json.loads(encode(example(name)))
    assert set(found) == COMMON | set(names.split())
    assert found["type"] == name
    assert found["schema"] == 1


@pytest.mark.parametrize("name", FIELDS)
def test_the_schema_requires_every_field_without_a_default(name: str) -> None:
    whole = json.loads(encode(example(name)))
    jsonschema.validate(whole, json_schema())
    for field in set(whole) - {"schema", "time", "latency_ms", "dropped", "subject"}:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({k: v for k, v in whole.items() if k != field}, json_schema())


def test_a_status_of_an_older_version_has_no_subject() -> None:
    line = b'{"type":"status","schema":1,"time":"","model":"a","event":"sink_failed","message":"x"}'
    assert decode(line) == Status(model="a", event="sink_failed", subject=None, message="x")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"nonsense",
        b'{"type":"other"}',
        b'{"type":"status","model":"a","event":"exploded","message":""}',
        b'{"type":"status","model":"a","event":"started"}',
        b'{"type":"status","model":"a","event":"started","message":"',
    ],
)
def test_a_line_that_holds_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(line)


@pytest.mark.parametrize(
    ("microsecond", "time"),
    [
        (0, "2026-02-03T04:05:06.000Z"),
        (1_999, "2026-02-03T04:05:06.001Z"),
        (999_999, "2026-02-03T04:05:06.999Z"),
    ],
)
@pytest.mark.parametrize("name", FIELDS)
def test_stamp_sets_iso_8601_time_and_latency_and_nothing_else(
    name: str, microsecond: int, time: str
) -> None:
    record = example(name)
    stamped = stamp(record, datetime(2026, 2, 3, 4, 5, 6, microsecond, UTC), 12.345)
    assert stamped.time == time
    before, after = json.loads(encode(record)), json.loads(encode(stamped))
    changed = {key for key in after if before[key] != after[key]}
    assert changed == ({"time", "latency_ms"} if name == "prediction" else {"time"})
    assert name != "prediction" or stamped.latency_ms == pytest.approx(12.3)


def test_the_schema_accepts_every_record_of_the_engine(model_path, sample: np.ndarray) -> None:
    engine = Engine(Classifier(model_path))
    found = engine.push(sample) + engine.gap(100) + engine.push(sample[:50_000]) + engine.finish()
    validator = jsonschema.validators.validator_for(json_schema())(json_schema())
    assert {type(record) for record in found} == {Prediction, Utterance}
    for record in found:
        validator.validate(json.loads(encode(stamp(record, datetime.now(UTC), 1.0))))
