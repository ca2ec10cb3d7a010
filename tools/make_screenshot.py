"""Draws the picture of the console in the README: docs/console.svg."""

import io
import re
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from emotiond.record import Prediction, Status, Utterance
from emotiond.terminal.layout import render
from emotiond.terminal.view import View

WIDTH: Final = 80
HEIGHT: Final = 20
MODEL: Final = "3f9a1c2b"
HOP: Final = 0.5
LABELS: Final = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
TALK: Final = (
    (None, 6),
    ("neutral", 7),
    (None, 4),
    ("?", 2),
    ("sad", 9),
    (None, 6),
    ("surprise", 3),
    ("happy", 8),
)
"""Label (``?`` for uncertain, None for silence) and number of hops."""
NOW: Final = dict(zip(LABELS, (0.02, 0.00, 0.01, 0.86, 0.04, 0.01, 0.06), strict=True))
HUES: Final = (
    (224, 108, 117),
    (143, 181, 115),
    (224, 169, 59),
    (95, 168, 211),
    (165, 143, 208),
    (79, 179, 162),
)
THEME: Final = TerminalTheme(
    (22, 25, 31),
    (205, 209, 217),
    [(40, 44, 52), *HUES, (205, 209, 217)],
    [(108, 115, 128), *HUES, (240, 242, 245)],
)


def talk() -> View:
    """Return the view after an invented conversation."""
    view = View(labels=LABELS, title="emotiond").after(
        Status(model=MODEL, event="started", message="listening to USB Audio Device")
    )
    hop = 60
    for label, hops in TALK:
        start = hop * HOP
        for _ in range(hops):
            hop += 1
            if label is not None:
                view = view.after(prediction(label, hop * HOP))
            level, speech = (-58.0, 0.03) if label is None else (-21.0, 0.97)
            view = view.metered(hop * HOP, level, speech)
        if label not in (None, "?", "surprise", "happy"):
            view = view.after(
                Utterance(
                    model=MODEL,
                    start=start,
                    end=hop * HOP,
                    state="emotion",
                    label=label,
                    confidence=0.8,
                    probabilities=NOW,
                )
            )
    return view


def prediction(label: str, end: float) -> Prediction:
    """Return a prediction of a label, with the probabilities of the picture."""
    known = None if label == "?" else label
    return Prediction(
        model=MODEL,
        start=end - HOP,
        end=end,
        state="uncertain" if known is None else "emotion",
        label=known,
        raw_label=known,
        confidence=0.86,
        probabilities=NOW,
        speech=0.97,
        level=-21.0,
        latency_ms=3.8,
    )


def main() -> None:
    """Write the picture."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=WIDTH,
        height=HEIGHT,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(render(talk(), WIDTH, HEIGHT))
    svg = console.export_svg(title="emotiond run", theme=THEME, unique_id="console")
    # No fonts from the network: showing the picture must not contact other servers.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    lines = (line.rstrip() for line in svg.splitlines())
    picture = Path(__file__).parents[1] / "docs" / "console.svg"
    picture.parent.mkdir(exist_ok=True)
    picture.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
