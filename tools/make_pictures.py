#!/usr/bin/env python3
"""Draws the pictures of the console in docs/console/.

Usage: make pictures

The small sizes get a PNG, too, where the Debian packages librsvg2-bin and fonts-dejavu-core are.

Every run of letters has its own place and length, and blocks are rectangles: the picture is aligned
in any renderer and with any font.
"""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from rich.cells import cell_len
from rich.color import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

from emotiond.record import Hello, Meter, Prediction, Status, Utterance
from emotiond.terminal.frame import Frame
from emotiond.terminal.layout import render
from emotiond.terminal.styles import Palette
from emotiond.terminal.view import View

FOLDER: Final = Path(__file__).parents[1] / "docs" / "console"
SIZES: Final = ((40, 15), (80, 24), (140, 40), (200, 60))
COLOURS: Final = 128
"""Colours of a PNG: a third of the bytes of all."""
MODEL: Final = "3f9a1c2b"
HOP: Final = 0.5
LABELS: Final = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
KEYS: Final = (
    *(("q", "quit"), ("p", "pause"), ("b", "big word"), ("?", "help")),
    *((str(number), f"was {label}") for number, label in enumerate(LABELS, 1)),
    ("u", "undo"),
)
# fmt: off
TALK: Final = 3 * (
    (None, 40), ("neutral", 9), (None, 14), ("uncertain", 3), ("sad", 11), (None, 22),
    ("happy", 9), (None, 8), ("fear", 5), (None, 16), ("surprise", 7), (None, 30), ("angry", 8),
    (None, 20), ("sad", 14), (None, 9), ("neutral", 20), (None, 14), ("uncertain", 6),
    (None, 40), ("disgust", 5), (None, 12), ("happy", 12), (None, 60), ("neutral", 8),
    (None, 14), ("sad", 9), (None, 20), ("surprise", 6), (None, 12), ("neutral", 16),
    (None, 18), ("uncertain", 5), (None, 9), ("happy", 8),
)
# fmt: on
"""Label (None for silence) and number of hops, until now."""
EVENING: Final = datetime(2026, 3, 1, 21, 7, 12, tzinfo=timezone(timedelta(hours=1)))

CELL: Final = (8.43, 18)
"""Width and height of a cell; the width is the advance of most fixed fonts at FONT_SIZE."""
FONT_SIZE: Final = 14
FONTS: Final = "DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace"
BLOCKS: Final = {
    "█": (0.0, 0.0, 1.0, 1.0),
    "▀": (0.0, 0.0, 1.0, 0.5),
    "▄": (0.0, 0.5, 1.0, 0.5),
    "━": (0.0, 0.43, 1.0, 0.16),
    "─": (0.0, 0.47, 1.0, 0.06),
    "╸": (0.0, 0.43, 0.5, 0.16),
    "┃": (0.38, 0.0, 0.24, 1.0),
    "╷": (0.44, 0.5, 0.12, 0.5),
}
"""Character -> its rectangle: left, top, width, height (share of the cell)."""


def _theme(ground: str, ink: str, colours: str) -> TerminalTheme:
    parts = [tuple(bytes.fromhex(colour)) for colour in (ground, ink, *colours.split())]
    return TerminalTheme(parts[0], parts[1], parts[2:10], parts[10:18])


SOLARIZED: Final = (
    "073642 dc322f 859900 b58900 268bd2 d33682 2aa198 eee8d5 "
    "002b36 cb4b16 586e75 657b83 839496 6c71c4 93a1a1 fdf6e3"
)
THEMES: Final[dict[Palette, TerminalTheme]] = {
    "dark": _theme("14171c", "dde2e8", SOLARIZED),
    "light": _theme("ffffff", "1b2026", SOLARIZED),
    "basic": _theme("002b36", "93a1a1", SOLARIZED),
}
"""Palette -> a terminal that it is for; sixteen colours are shown on Solarized."""


def conversation() -> View:
    """Return the view after an invented conversation."""
    greeting = Hello(
        model=MODEL,
        labels=LABELS,
        title="emotiond",
        microphone="USB Audio Device",
        log="/home/ann/.local/state/emotiond",
        examples=42,
    )
    now = EVENING - timedelta(seconds=HOP * sum(hops for _, hops in TALK))
    view, seconds = View.of(greeting, now), 0.0
    started = Status(model=MODEL, event="started", message="listening to USB Audio Device")
    view = view.after(started, now)
    for number, (label, hops) in enumerate(TALK):
        start = seconds
        for hop in range(hops):
            seconds, now = seconds + HOP, now + timedelta(seconds=HOP)
            if label is not None:
                view = view.after(prediction(label, seconds), now)
            view = view.metered(reading(seconds, hop, speaks=label is not None), now)
        if label is not None and number < len(TALK) - 1:
            view = view.after(prediction(None, seconds), now)
            view = view.after(utterance(label, start, seconds), now)
    return view


def likely(label: str) -> dict[str, float]:
    """Return probabilities that go with a label."""
    if label == "uncertain":
        return dict(zip(LABELS, (0.11, 0.04, 0.31, 0.02, 0.14, 0.37, 0.01), strict=True))
    rest = dict(zip(LABELS, (0.02, 0.01, 0.01, 0.06, 0.05, 0.01, 0.02), strict=True))
    others = sum(p for name, p in rest.items() if name != label)
    return rest | {label: 1.0 - others}


def prediction(label: str | None, end: float) -> Prediction:
    """Return a prediction of a label, of uncertain speech, or of silence (None)."""
    known = None if label == "uncertain" else label
    state = "no_speech" if label is None else "uncertain" if known is None else "emotion"
    return Prediction(
        model=MODEL,
        start=end - HOP,
        end=end,
        state=state,
        label=known,
        raw_label=known,
        confidence=0.0 if label is None else max(likely(label).values()),
        probabilities={} if label is None else likely(label),
        speech=0.0 if label is None else 0.97,
        level=-21.0,
        latency_ms=3.8,
    )


def utterance(label: str, start: float, end: float) -> Utterance:
    """Return an utterance."""
    known = None if label == "uncertain" else label
    share = 0.37 if known is None else 0.55 + 0.03 * (round(end) % 13)
    return Utterance(
        model=MODEL,
        start=start,
        end=end,
        state="uncertain" if known is None else "emotion",
        label=known,
        confidence=share,
        probabilities={},
    )


def reading(seconds: float, hop: int, *, speaks: bool) -> Meter:
    """Return the reading of a hop."""
    swing = 4.0 * (hop * 7 % 5) / 5.0
    level, loud = (-23.0 + swing, -29.0 + swing) if speaks else (-58.0, -72.0)
    return Meter(
        seconds=seconds,
        level=level,
        speech=0.97 if speaks else 0.02,
        peak=level + 12.0,
        loud=loud,
        floor=-74.0,
        threshold=-62.0,
    )


class Shape(NamedTuple):
    """A rectangle or a run of letters, in cells; consecutive equal rectangles become one."""

    left: float
    top: float
    width: float
    height: float
    colour: str
    letters: str = ""
    bold: bool = False


def shapes(view: View, frame: Frame, theme: TerminalTheme) -> Iterator[Shape]:
    """Yield the shapes of a frame."""
    for row, line in enumerate(render(view, frame)):
        column = 0
        for segment in line:
            yield from _segment_shapes(segment, column, row, theme)
            column += cell_len(segment.text)


def _segment_shapes(
    segment: Segment, column: int, row: int, theme: TerminalTheme
) -> Iterator[Shape]:
    style = segment.style or Style()
    ink = _hex(style, theme, ink=not style.reverse)
    width = cell_len(segment.text)
    if style.bgcolor is not None or style.reverse:
        yield Shape(column, row, width, 1, _hex(style, theme, ink=bool(style.reverse)))
    place = column
    for letters in _pieces(segment.text):
        cells = cell_len(letters)
        if letters[0] in BLOCKS:
            left, top, part, height = BLOCKS[letters[0]]
            whole = cells if part == 1.0 else part
            yield Shape(place + left, row + top, whole, height, ink)
        elif letters.strip():
            yield Shape(place, row, cells, 1, ink, letters, bool(style.bold))
        place += cells


def _pieces(text: str) -> Iterator[str]:
    """Yield words, and runs of one block character or of spaces."""
    piece = ""
    for character in text:
        same = piece and (
            piece[-1] == character
            if character in BLOCKS or character == " "
            else piece[-1] not in BLOCKS and piece[-1] != " "
        )
        if piece and not same:
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _hex(style: Style, theme: TerminalTheme, *, ink: bool) -> str:
    colour = style.color if ink else style.bgcolor
    triplet: ColorTriplet = theme.foreground_color if ink else theme.background_color
    if colour is not None:
        triplet = colour.get_truecolor(theme)
    return triplet.hex


def svg(view: View, frame: Frame, theme: TerminalTheme) -> str:
    """Return a frame as a picture."""
    across, down = CELL
    width, height = frame.width * across + 16, frame.height * down + 16
    ground = theme.background_color.hex
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'width="{width:.0f}" height="{height}">',
        "<title>The console of emotiond</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{ground}"/>',
        f'<g transform="translate(8 8)" font-family="{FONTS}" font-size="{FONT_SIZE}" '
        'shape-rendering="crispEdges">',
    ]
    for shape in shapes(view, frame, theme):
        x, y, w = shape.left * across, shape.top * down, shape.width * across
        if shape.letters:
            weight = ' font-weight="bold"' if shape.bold else ""
            lines.append(
                f'<text x="{x:.2f}" y="{y + 13.5:g}" textLength="{w:.2f}" fill="{shape.colour}"'
                f"{weight}>{escape(shape.letters)}</text>"
            )
        else:
            lines.append(
                f'<rect x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" '
                f'height="{shape.height * down:.2f}" fill="{shape.colour}"/>'
            )
    return "\n".join([*lines, "</g>", "</svg>"]) + "\n"


def pictures() -> dict[Path, str]:
    """Return all pictures: path -> SVG."""
    view = conversation()
    return {
        FOLDER / f"{width}x{height}-{palette}.svg": svg(
            view, Frame(width, height, palette, keys=KEYS), theme
        )
        for width, height in SIZES
        for palette, theme in THEMES.items()
    }


def main() -> None:
    """Write the pictures."""
    from PIL import Image  # only here: the test of the pictures does without

    FOLDER.mkdir(exist_ok=True)
    for path, picture in pictures().items():
        path.write_text(picture, encoding="utf-8")
        if converter := shutil.which("rsvg-convert"):
            png = path.with_suffix(".png")
            subprocess.run([converter, path, "-o", png], check=True)
            picture = Image.open(png).convert("RGB")
            # Octree: median cut gives two labels of few cells one colour.
            picture.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(png, optimize=True)


if __name__ == "__main__":
    main()
