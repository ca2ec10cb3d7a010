"""Helpers of the console's tests: predictions, and terminals whose output is kept."""

import io
from typing import Any

from rich.console import Console

from emotiond.record import Prediction, State

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
MODEL = "3f9a1c2b"


def prediction(state: State = "emotion", label: str | None = "happy", **fields: Any) -> Prediction:
    even = dict.fromkeys(LABELS, 0.02) | {"happy": 0.83, "sad": 0.05}
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
