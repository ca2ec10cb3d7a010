"""Characters that a frame is made of, with and without line-drawing ones."""

from functools import lru_cache
from string import ascii_letters, digits
from typing import Final, NamedTuple

from rich.cells import cell_len


class Glyphs(NamedTuple):
    """Characters that bars, marks and symbols are made of."""

    bar: str
    strong: str
    """Bar of the current label."""
    track: str
    """Rest of a bar."""
    marker: str
    """Stands before the current label."""
    emotion: str
    uncertain: str
    silent: str
    quiet_cell: str
    """Cell of the strip without speech."""
    floor: str
    threshold: str
    held: str
    """Marks of the level: noise floor, threshold of the gate, highest level of the last seconds."""
    tick: str
    """Stands before a time of the axis."""
    alarm: str
    ellipsis: str
    dot: str
    """Separates the items of a line."""


UNICODE: Final = Glyphs("━", "█", "─", "▶", "●", "?", "○", "·", "┊", "┃", "╸", "╷", "!", "…", "·")
ASCII: Final = Glyphs("=", "#", "-", ">", "*", "?", "-", ".", ":", "|", "]", "'", "!", "~", "|")


@lru_cache(maxsize=8)
def letters_of(labels: tuple[str, ...], ascii_only: bool = False) -> dict[str, str]:
    """Return label -> its character in the strip: one cell wide, and unique while they last."""
    taken: dict[str, str] = {}
    for label in labels:
        own = [c for c in label.lower() + label.upper() if c.isalnum() and cell_len(c) == 1]
        candidates = [c for c in [*own, *ascii_letters, *digits] if c.isascii() or not ascii_only]
        free = (c for c in candidates if c not in taken.values())
        taken[label] = next(free, "*")
    return taken
