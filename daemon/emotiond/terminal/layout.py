"""The layout of a frame: a pure function of the view and the size of the terminal.

Where room is short, the least important parts are left out; no line is ever wrapped. Words and
symbols carry the meaning, colour only helps.
"""

import math
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from string import ascii_letters, digits
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Group
from rich.text import Text

from emotiond.terminal.view import Moment, View
from emotiond.text import clock, one_line, spoken

WIDEST: Final = 100
"""Most columns that are used: beyond, a label and its number would be too far apart."""
NARROW: Final = 40
"""Below this number of columns, margins and captions are left out."""
QUIETEST: Final = -60.0
"""Left end of the level meter (dBFS)."""

COLOURS: Final = (
    "#e5786d",
    "#8fb573",
    "#a58fd0",
    "#e0a93b",
    "#5fa8d3",
    "#d285b5",
    "#4fb3a2",
    "#c0986a",
)
"""Colours of the labels in their order, repeated if needed; legible on dark and on light."""
DIM: Final = "bright_black"
ALARM: Final = "bold reverse"
SPACED: Final = ("state", "bars", "level", "past", "status")
"""Parts that get an empty line above them where there is room."""


class Glyphs(NamedTuple):
    """Characters that lines, bars and symbols are made of."""

    bar: str
    half: str
    """Half a cell of a bar; empty if the encoding has none."""
    strong: str
    """Bar of the current label."""
    strong_half: str
    track: str
    """Rest of the level meter."""
    marker: str
    """Stands before the current label."""
    emotion: str
    uncertain: str
    silent: str
    quiet_hop: str
    """Hop without speech in the strip of the past."""
    alarm: str
    ellipsis: str
    dot: str
    """Separates the items of a line."""


UNICODE: Final = Glyphs("━", "╸", "█", "▌", "─", "▶", "●", "?", "○", "·", "!", "…", "·")
ASCII: Final = Glyphs("=", "", "#", "", "-", ">", "*", "?", "-", ".", "!", "~", "|")


def render(view: View, width: int, height: int, ascii_only: bool = False) -> Group:
    """Draw one frame.

    Parameters
    ----------
    view : View
        Data to show.
    width, height : int
        Size of the terminal (cells). Any size works; below 24 x 6 little is shown.
    ascii_only : bool
        Whether to use ASCII alone, for encodings without line-drawing characters.

    Returns
    -------
    Group
        Lines of text: at most ``height``, each of at most ``width`` cells.
    """
    return Group(*_Frame(view, width, ascii_only).lines(height))


@lru_cache(maxsize=8)
def keys(labels: tuple[str, ...], ascii_only: bool = False) -> dict[str, str]:
    """Return label -> its character in the strip: one cell wide, and unique while they last."""
    taken: dict[str, str] = {}
    for label in labels:
        own = [c for c in label.lower() + label.upper() if c.isalnum() and cell_len(c) == 1]
        candidates = [c for c in [*own, *ascii_letters, *digits] if c.isascii() or not ascii_only]
        free = (c for c in candidates if c not in taken.values())
        taken[label] = next(free, "*")
    return taken


class _Frame:
    """One frame: its columns, and each of its lines."""

    def __init__(self, view: View, width: int, ascii_only: bool) -> None:
        self._view = view
        self._ascii = ascii_only
        self._glyphs = ASCII if ascii_only else UNICODE
        self._keys = keys(view.labels, ascii_only)
        self._roomy = width >= NARROW
        self._margin = 1 if self._roomy else 0
        self._width = max(0, min(width, WIDEST) - 2 * self._margin)
        self._with_keys = True
        longest = max((cell_len(self._clean(label)) for label in view.labels), default=0)
        self._name_width = max(5, min(longest, self._width // 3))

    def lines(self, height: int) -> list[Text]:
        """Return the lines of a frame, top to bottom."""
        view = self._view
        bars = len(view.labels)
        bars_least = min(bars, max(min(3, height // 2), height // 3))
        # The most important part comes first.
        wanted = ["state", "numbers", "level", "header", "past", "utterances"]
        if view.troubles:
            wanted.insert(1, "status")
        elif view.status is not None:
            wanted.append("status")
        parts = set(wanted[: max(0, height - bars_least)])
        bars_shown = max(0, min(bars, height - len(parts)))
        spare = height - len(parts) - bars_shown
        self._with_keys = "past" in parts

        places: dict[str, Callable[[], list[Text]]] = {
            "header": self._header,
            "state": self._state,
            "bars": lambda: self._bars(bars_shown),
            "level": self._level,
            "numbers": self._numbers,
            "past": self._past,
            "utterances": self._utterances,
            "status": self._status,
        }
        drawn: list[Text] = []
        for part, draw in places.items():
            if part != "bars" and part not in parts:
                continue
            if drawn and spare and part in SPACED:
                drawn.append(Text())
                spare -= 1
            drawn += draw()
        return [self._placed(line) for line in drawn[: max(0, height)]]

    def _placed(self, line: Text) -> Text:
        line.truncate(self._width, overflow="crop")
        line.no_wrap = True
        line.overflow = "crop"
        if self._margin and line:
            line.pad_left(self._margin)
        return line

    def _header(self) -> list[Text]:
        view, width = self._view, self._width
        time = clock(view.seconds)
        title = self._fit(self._clean(view.title), max(0, width - len(time) - 2))
        model = self._clean(f"model {view.model}") if view.model else ""
        room = width - cell_len(title) - len(time)
        if room < cell_len(model) + 6:
            model = ""
        gap = " " * max(0, room - cell_len(model) - (3 if model else 0))
        return [Text.assemble((title, "bold"), gap, (model, DIM), "   " if model else "", time)]

    def _state(self) -> list[Text]:
        view, glyphs = self._view, self._glyphs
        if view.sound_lost is not None:
            return [Text(f"{glyphs.alarm} {spoken(view.sound_lost.event)}", style=ALARM)]
        if view.state == "no_speech":
            return [Text(f"{glyphs.silent} no speech", style=DIM)]
        if view.state == "uncertain":
            likely = sorted(view.probabilities.items(), key=lambda item: -_share(item[1]))[:2]
            guesses = ", ".join(f"{self._clean(name)} {_percent(p)}" for name, p in likely)
            words = self._fit(f"{glyphs.uncertain} uncertain  {guesses}".rstrip(), self._width)
            return [Text.assemble((words[:11], "italic"), (words[11:], DIM))]
        label = view.label or ""
        percent = _percent(view.probabilities.get(label, 0.0))
        name = self._fit(self._clean(label), self._width - 4 - len(percent))
        style = f"bold {self._colour(label)}"
        return [Text.assemble((f"{glyphs.emotion} {name}", style), f"  {percent}")]

    def _bars(self, rows: int) -> list[Text]:
        """Return a row for each label, or for the most probable ones if room is short."""
        view = self._view
        labels = list(view.labels)
        more = 0
        if rows < len(labels):
            shown = rows - 1 if rows > 1 else rows
            by_weight = sorted(labels, key=lambda name: -_share(view.probabilities.get(name, 0.0)))
            chosen = set(by_weight[:shown])
            labels = [label for label in labels if label in chosen]
            more = len(view.labels) - shown if rows > 1 else 0
        lines = [self._bar_row(label) for label in labels]
        if more:
            lines.append(Text(" " * self._indent + f"+{more} more", style=DIM))
        return lines

    def _bar_row(self, label: str) -> Text:
        view, glyphs = self._view, self._glyphs
        current = view.state == "emotion" and label == view.label
        share = _share(view.probabilities.get(label, 0.0))
        colour = self._colour(label)
        style = f"bold {colour}" if current else ""
        full, half = (glyphs.strong, glyphs.strong_half) if current else (glyphs.bar, glyphs.half)
        bar = _bar(share, self._bar_width(4), full, half)
        key = f"{self._keys[label]} " if self._with_keys else ""
        percent = _percent(share) if view.probabilities else ""
        return Text.assemble(
            (f"{glyphs.marker if current else ' '} ", style),
            (key, colour if self._with_keys else ""),
            (self._name(self._clean(label)), style),
            (set_cell_size(bar, self._bar_width(4)), colour if current else DIM),
            (f" {percent:>4}", style),
        )

    def _level(self) -> list[Text]:
        view, glyphs = self._view, self._glyphs
        value = "no sound" if view.sound_lost else f"{_finite(view.level):.0f} dBFS"
        width = self._bar_width(len("-100 dBFS"))
        level = 0.0 if view.sound_lost else 1 - _finite(view.level) / QUIETEST
        bar = _bar(_share(level), width, glyphs.bar, "")
        return [
            Text.assemble(
                self._caption("level"),
                bar,
                (glyphs.track * max(0, width - len(bar)), DIM),
                f" {value:>9}",
            )
        ]

    def _numbers(self) -> list[Text]:
        view, glyphs = self._view, self._glyphs
        # Go by the state: the gate may be sure of speech before the first prediction.
        speaking = "no" if view.state == "no_speech" else "yes"
        pieces = [(f"speech {speaking} {_percent(view.speech)}", "")]
        if view.latency_ms is not None:
            caption = "latency " if self._roomy else ""
            pieces.append((f"{caption}{view.latency_ms:.1f} ms", ""))
        if view.dropped:
            pieces.insert(0, (f"{glyphs.alarm} dropped {view.dropped}", ALARM))
        else:
            pieces.append(("dropped 0", DIM))
        line = Text(" " * self._indent if self._roomy else "")
        separator = f"  {glyphs.dot}  " if self._roomy else "  "
        between = ""
        for words, style in pieces:
            if not between or line.cell_len + len(between + words) <= self._width:
                line.append(between, DIM).append(words, style)
                between = separator
        return [line]

    def _past(self) -> list[Text]:
        """Return the strip of the past: a character for each hop, the newest at the right."""
        glyphs = self._glyphs
        line = self._caption("past") if self._roomy else Text()
        room = self._width - line.cell_len
        legend = f"   {glyphs.uncertain} uncertain  {glyphs.quiet_hop} silence"
        if room < 50:
            legend = ""
        room -= len(legend)
        moments = self._view.past[-room:] if room > 0 else ()
        line.append(" " * (room - len(moments)))
        for moment in moments:
            line.append(*self._moment(moment))
        return [line.append(legend, DIM)]

    def _moment(self, moment: Moment) -> tuple[str, str]:
        state, label = moment
        if state == "emotion" and label is not None:
            return self._keys.get(label, "*"), self._colour(label)
        if state == "uncertain":
            return self._glyphs.uncertain, ""
        return self._glyphs.quiet_hop, DIM

    def _utterances(self) -> list[Text]:
        """Return the last utterances, as many as fit, newest first."""
        line = self._caption("heard") if self._roomy else Text("heard ", style=DIM)
        for count, utterance in enumerate(reversed(self._view.utterances)):
            name = self._clean(utterance.label or spoken(utterance.state))
            separator = f"  {self._glyphs.dot}  " if count else ""
            time = clock(utterance.start)
            if count and line.cell_len + cell_len(f"{separator}{time} {name}") > self._width:
                break
            line.append(separator, DIM).append(f"{time} ", DIM)
            name = self._fit(name, self._width - line.cell_len)
            line.append(name, self._colour(utterance.label) if utterance.label else "")
        return [line]

    def _status(self) -> list[Text]:
        troubles = self._view.troubles
        status = troubles[-1] if troubles else self._view.status
        if status is None:
            return []
        # The state line may name the event already; then show the message alone.
        named = status is self._view.sound_lost and status.message
        event = "" if named else spoken(status.event)
        words = ": ".join(part for part in (event, self._clean(status.message)) if part)
        if troubles:
            return [Text(self._fit(f"{self._glyphs.alarm} {words}", self._width), style="bold")]
        return [Text(self._fit(words, self._width), style=DIM)]

    @property
    def _indent(self) -> int:
        return 4 if self._with_keys else 2

    def _bar_width(self, value_width: int) -> int:
        gaps = 3 if self._roomy else 2
        return max(0, self._width - self._indent - self._name_width - value_width - gaps)

    def _caption(self, name: str) -> Text:
        return Text(" " * self._indent + self._name(name))

    def _name(self, name: str) -> str:
        cells = set_cell_size(self._fit(name, self._name_width), self._name_width)
        return cells + ("  " if self._roomy else " ")

    def _fit(self, text: str, width: int) -> str:
        if cell_len(text) <= width:
            return text
        if width < 2:
            return set_cell_size(text, max(0, width))
        return set_cell_size(text, width - 1).rstrip() + self._glyphs.ellipsis

    def _clean(self, text: str) -> str:
        text = one_line(text)
        if self._ascii:
            # Keep the letter and drop its accent.
            bare = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
            text = "".join(bare).encode("ascii", "replace").decode()
        return text

    def _colour(self, label: str) -> str:
        labels = self._view.labels
        return COLOURS[labels.index(label) % len(COLOURS)] if label in labels else ""


def _bar(share: float, width: int, full: str, half: str) -> str:
    halves = round(share * width * 2)
    whole = halves // 2 if half else round(share * width)
    return full * whole + (half if halves % 2 else "")


def _percent(share: float) -> str:
    return f"{_share(share) * 100:.0f}%"


def _share(share: float) -> float:
    return min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0


def _finite(number: float) -> float:
    return min(99.0, max(-99.0, number)) if math.isfinite(number) else -99.0
