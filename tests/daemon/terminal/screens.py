"""Helpers of the console's tests: records, views, frames, and terminals whose output is kept."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hypothesis import strategies as st
from rich.console import Console

from emotiond.record import (
    Event,
    Hello,
    Meter,
    Prediction,
    Record,
    State,
    Status,
    Utterance,
)
from emotiond.terminal.frame import Frame
from emotiond.terminal.layout import render
from emotiond.terminal.view import View

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
MODEL = "3f9a1c2b"
NOW = datetime(2026, 2, 28, 12, 0, 30, tzinfo=UTC)


def hello(labels: tuple[str, ...] = LABELS, **fields: Any) -> Hello:
    return Hello(**{"model": MODEL, "labels": labels, "title": "emotiond"} | fields)


def prediction(state: State = "emotion", label: str | None = "happy", **fields: Any) -> Prediction:
    likely = {label: 0.83} if label in LABELS else {}
    even = dict.fromkeys(LABELS, 0.02) | {"sad": 0.05} | (likely or {"happy": 0.43, "sad": 0.37})
    values: dict[str, Any] = {
        "model": MODEL,
        "start": 1.5,
        "end": 2.0,
        "state": state,
        "label": label,
        "raw_label": label,
        "confidence": 0.83,
        "probabilities": {} if state == "no_speech" else even,
        "speech": 0.97,
        "level": -21.0,
        "latency_ms": 3.8,
    }
    return Prediction(**values | fields)


def utterance(label: str | None, start: float, **fields: Any) -> Utterance:
    values: dict[str, Any] = {
        "model": MODEL,
        "start": start,
        "end": start + 1,
        "state": "emotion" if label else "uncertain",
        "label": label,
        "confidence": 0.5,
        "probabilities": {},
    }
    return Utterance(**values | fields)


def status(event: Event, message: str = "", subject: str | None = None) -> Status:
    return Status(model=MODEL, event=event, message=message, subject=subject)


def reading(seconds: float, level: float = -21.0, speech: float = 0.97, **fields: Any) -> Meter:
    return Meter(seconds=seconds, level=level, speech=speech, **fields)


def view(*records: Record | Meter, labels: tuple[str, ...] = LABELS, **greeting: Any) -> View:
    """Return the view after some records; half a second passes with each reading."""
    shown = View.of(hello(labels, **greeting), NOW)
    for record in records:
        shown = shown_after(shown, record)
    return shown


def shown_after(shown: View, record: Record | Meter) -> View:
    if isinstance(record, Meter):
        return shown.metered(record, shown.now + timedelta(seconds=0.5))
    return shown.after(record, shown.now)


def frame(shown: View, width: int = 80, height: int = 24, **fields: Any) -> str:
    """Return a frame as text."""
    lines = render(shown, Frame(width, height, **fields))
    return "\n".join("".join(segment.text for segment in line) for line in lines) + "\n"


def line_of(text: str, words: str) -> str:
    """Return the first line that contains some words."""
    return next(line for line in text.splitlines() if words in line)


def terminal(width: int = 80, height: int = 24, encoding: str = "utf-8", **kind: Any) -> Console:
    """Return a console that writes to memory as it would to a terminal."""
    return Console(
        file=io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline=""),
        width=width,
        height=height,
        force_terminal=True,
        legacy_windows=False,
        **{"_environ": {"TERM": "xterm-256color"}} | kind,
    )


def written(console: Console) -> str:
    """Return all that was written to a console of :func:`terminal`."""
    console.file.flush()
    file: Any = console.file
    return str(file.buffer.getvalue().decode(file.encoding))


numbers = st.floats(width=32)
levels = st.none() | numbers
label_sets = st.lists(st.text(max_size=40), min_size=1, max_size=32, unique=True).map(tuple)
states = st.sampled_from(get_args(State))
events = st.sampled_from(get_args(Event))


@st.composite
def views(draw: st.DrawFn, label_sets: st.SearchStrategy[tuple[str, ...]] = label_sets) -> View:
    """Return a view after any messages; numbers may be absurd, labels those of another model."""
    labels = draw(label_sets)
    others = st.none() | st.sampled_from(labels) | st.text(max_size=8)
    greeting = {
        "title": draw(st.text(max_size=40)),
        "microphone": draw(st.text(max_size=40)),
        "log": draw(st.text(max_size=40)),
        "examples": draw(st.integers(-1, 10**9)),
        "sample": draw(st.booleans()),
    }
    shown = view(labels=labels, **greeting)
    for kind in draw(st.lists(st.sampled_from("ppppmmmsu"), max_size=12)):
        now = shown.now + timedelta(seconds=draw(st.floats(-10, 300)))
        if kind == "m":
            marks = {name: draw(levels) for name in ("peak", "loud", "floor", "threshold")}
            level, speech = draw(numbers), draw(numbers)
            shown = shown.metered(reading(draw(numbers), level, speech, **marks), now)
            continue
        fields: dict[str, Any] = {
            "state": draw(states),
            "label": draw(others),
            "confidence": draw(numbers),
            "probabilities": draw(
                st.just({}) | st.fixed_dictionaries(dict.fromkeys(labels, numbers))
            ),
            "end": draw(numbers),
        }
        if kind == "p":
            record: Record = prediction(
                **fields,
                level=draw(numbers),
                speech=draw(numbers),
                latency_ms=draw(numbers),
                dropped=draw(st.integers(0, 10**9)),
            )
        elif kind == "u":
            record = utterance(start=draw(numbers), model=draw(st.text(max_size=12)), **fields)
        else:
            record = status(draw(events), draw(st.text(max_size=120)))
        shown = shown.after(record, now)
    return shown
