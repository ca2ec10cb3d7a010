"""Helpers of the history's tests: lines of a log, written at moments that a test chooses."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from emotiond.history.files import read_history
from emotiond.history.history import History

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC).timestamp()
HOP = 0.5
LABELS = ("calm", "cross", "merry")


def line(kind: str, moment: float, **fields: Any) -> bytes:
    """Return a line of a log that was written at a moment (seconds since 1970)."""
    time = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    head = {"type": kind, "schema": 2, "time": time.replace("+00:00", "Z"), "model": "0123abcd"}
    return msgspec.json.encode(head | fields)


def prediction(moment: float, end: float, label: str | None = "calm", **fields: Any) -> bytes:
    """Return the line of a hop that ended at a moment, and in stream time at ``end`` (s)."""
    state = "uncertain" if label is None else "emotion"
    return line(
        "prediction",
        moment,
        **({"start": end - HOP, "end": end, "state": state, "label": label} | fields),
    )


def speech(moment: float, start: float, hops: int, label: str | None = "calm") -> list[bytes]:
    """Return the lines of some hops of speech that begin at a moment, and at a stream time."""
    ends = [HOP * (number + 1) for number in range(hops)]
    return [prediction(moment + end, start + end, label) for end in ends]


def utterance(
    moment: float, start: float, end: float, label: str | None = "calm", **fields: Any
) -> bytes:
    """Return the line of an utterance; written at a moment, its times are stream time (s)."""
    given = {
        "start": start,
        "end": end,
        "state": "uncertain" if label is None else "emotion",
        "label": label,
        "confidence": 0.75,
        "probabilities": dict(zip(LABELS, (0.75, 0.125, 0.125), strict=True)),
    }
    return line("utterance", moment, **(given | fields))


def correction(moment: float, name: str, label: str | None, by: str = "hub") -> bytes:
    return line("correction", moment, utterance=name, label=label, by=by)


def status(moment: float, event: str) -> bytes:
    return line("status", moment, event=event, message="")


def written(path: Path, lines: Iterable[bytes]) -> Path:
    """Write a log file and return its path."""
    path.write_bytes(b"".join(each + b"\n" for each in lines))
    return path


def history_of(folder: Path, lines: Iterable[bytes], **options: Any) -> History:
    """Return the history of a log with some lines, in UTC unless told otherwise."""
    path = written(folder / "predictions-2026-05-01.jsonl", lines)
    return read_history([[path]], **({"zone": UTC, "keep_utterances": True} | options))
