"""The bars: a row for each label, with its probability."""

from typing import Final

from rich.cells import cell_len
from rich.style import Style

from emotiond.terminal.lines import Block, Line, run
from emotiond.terminal.look import Look
from emotiond.terminal.view import View
from emotiond.terminal.word import percent

PERCENT: Final = len("100 %")
LEAST: Final = 6
"""Cells of a bar that still says something."""


def name_width(labels: tuple[str, ...], look: Look, most: int) -> int:
    """Return the cells for the names of the labels."""
    longest = max((cell_len(look.clean(label)) for label in labels), default=0)
    return max(1, min(longest, most))


def least_width(labels: tuple[str, ...], look: Look) -> int:
    """Return the width (cells) that rows with whole names need."""
    return len("> h ") + name_width(labels, look, 24) + 1 + LEAST + 1 + PERCENT


def bars(view: View, look: Look, width: int, height: int) -> Block:
    """Return the rows of all labels, or of the most probable ones if room is short.

    There are at most ``height``, of ``width`` cells each.
    """
    labels = list(view.labels)
    more = 0
    if height < len(labels):
        count = max(height - 1, min(1, height))
        by_weight = sorted(labels, key=lambda label: -view.probabilities.get(label, 0.0))
        shown = set(by_weight[:count])
        more = len(labels) - count if height > count else 0
        labels = [label for label in labels if label in shown]
    names = name_width(view.labels, look, max(1, (width - PERCENT - 5) // 2))
    rows = [_row(view, look, label, names, width) for label in labels]
    if more:
        rows.append([run(f"    +{more} more", look.styles.quiet)])
    if height < 2 * len(rows):
        return rows
    return [line for row in rows for line in (row, [])][:-1]


def _row(view: View, look: Look, label: str, names: int, width: int) -> Line:
    glyphs = look.glyphs
    current = view.state == "emotion" and label == view.label
    probability = view.probabilities.get(label, 0.0)
    room = max(0, width - len("> h ") - names - 2 - PERCENT)
    filled = round(probability * room)
    bold = look.styles.strong if current else Style()
    word = look.word(label) + bold
    return [
        run(f"{glyphs.marker if current else ' '} ", word),
        run(look.letters[label], look.bar(label)),
        run(f" {look.column(label, names)} ", word),
        run((glyphs.strong if current else glyphs.bar) * filled, look.bar(label)),
        run(glyphs.track * (room - filled), look.styles.track),
        run(f" {percent(probability) if view.probabilities else '':>{PERCENT}}", bold),
    ]
