"""Records: the names and shapes that other programs read."""

import json
from datetime import UTC, datetime
from pathlib import Path
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
    By,
    Correction,
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

COMMON = {"type", "schema", "time", "model", "source"}
FIELDS = {
    "prediction": (
        Prediction,
        "start end state label raw_label confidence probabilities speech level latency_ms dropped",
    ),
    "utterance": (Utterance, "id start end state label confidence probabilities profile"),
    "correction": (Correction, "utterance label by"),
    "status": (Status, "event subject message"),
}

numbers = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_categories=["Cs"]))
common = {"time": text, "model": text, "source": text}
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
    st.builds(Utterance, **common, **decided, id=text, profile=st.none() | text),
    st.builds(
        Correction,
        **common,
        utterance=text,
        label=st.none() | text,
        by=st.sampled_from(get_args(By)),
    ),
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
        "correction": Correction(model="abcd", utterance="5f3a9c1e-1", label="calm", by="cli"),
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
    assert found["schema"] == 2


@pytest.mark.parametrize("name", FIELDS)
def test_the_schema_requires_every_field_and_the_version_and_allows_new_fields(name: str) -> None:
    whole = json.loads(encode(example(name)))
    jsonschema.validate({**whole, "new": 1}, json_schema())
    assert decode(json.dumps({**whole, "new": 1})) == example(name)
    for wrong in [{**whole, "schema": 3}, *({k: whole[k] for k in whole if k != f} for f in whole)]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, json_schema())


def test_the_documentation_has_the_schema() -> None:
    path = Path(__file__).parents[2] / "docs" / "records.schema.json"
    assert path.read_text() == as_text(), "python -m tests.daemon.test_record >" + path.name


def as_text() -> str:
    """Return the schema of the records as a file of the documentation."""
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A record of emotiond: one line of its log",
    }
    return json.dumps(about | json_schema(), indent=2) + "\n"


OLD = [
    (
        b'{"type":"prediction","schema":1,"time":"t","model":"a","start":0.5,"end":1.0,'
        b'"state":"no_speech","label":null,"raw_label":null,"confidence":0.0,"probabilities":{},'
        b'"speech":0.1,"level":-60.0,"latency_ms":19.1,"dropped":0}',
        Prediction(
            schema=1,
            time="t",
            model="a",
            start=0.5,
            end=1.0,
            state="no_speech",
            label=None,
            raw_label=None,
            confidence=0.0,
            probabilities={},
            speech=0.1,
            level=-60.0,
            latency_ms=19.1,
        ),
    ),
    (
        b'{"type":"utterance","schema":1,"time":"t","model":"a","start":0.5,"end":1.0,'
        b'"state":"emotion","label":"calm","confidence":1.0,"probabilities":{"calm":1.0}}',
        Utterance(
            schema=1,
            time="t",
            model="a",
            start=0.5,
            end=1.0,
            state="emotion",
            label="calm",
            confidence=1.0,
            probabilities={"calm": 1.0},
        ),
    ),
    (
        b'{"type":"status","schema":1,"time":"t","model":"a","event":"sink_failed","message":"x"}',
        Status(schema=1, time="t", model="a", event="sink_failed", subject=None, message="x"),
    ),
]


@pytest.mark.parametrize(("line", "record"), OLD, ids=["prediction", "utterance", "status"])
def test_a_record_of_version_1_is_still_read(line: bytes, record: Record) -> None:
    assert decode(line) == record
    assert (record.source, getattr(record, "id", "")) == ("", "")


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
        b'{"type":"correction","model":"a","utterance":"1","label":null,"by":"a neighbour"}',
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
def test_stamp_sets_all_that_depends_on_more_than_the_sound_and_nothing_else(
    name: str, microsecond: int, time: str
) -> None:
    record = example(name)
    now = datetime(2026, 2, 3, 4, 5, 6, microsecond, UTC)
    stamped = stamp(record, now, source="desk", latency_ms=12.345, utterance_id="5f3a9c1e-1")
    assert stamped.time == time
    before, after = json.loads(encode(record)), json.loads(encode(stamped))
    changed = {key for key in after if before[key] != after[key]}
    also = {"prediction": {"latency_ms"}, "utterance": {"id"}}
    assert changed == {"time", "source"} | also.get(name, set())
    assert name != "prediction" or stamped.latency_ms == pytest.approx(12.3)


def test_the_schema_accepts_every_record_of_the_engine(model_path, sample: np.ndarray) -> None:
    engine = Engine(Classifier(model_path))
    found = engine.push(sample) + engine.gap(100) + engine.push(sample[:50_000]) + engine.finish()
    validator = jsonschema.validators.validator_for(json_schema())(json_schema())
    assert {type(record) for record in found} == {Prediction, Utterance}
    for record in found:
        validator.validate(json.loads(encode(stamp(record, datetime.now(UTC)))))


if __name__ == "__main__":
    print(as_text(), end="")
