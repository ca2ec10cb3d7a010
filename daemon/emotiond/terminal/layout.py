"""The layout of a frame: a pure function of the view and of the size of the terminal.

Where room is short, the least important parts are left out; no line is ever wrapped. Words and
symbols carry the meaning, colour only helps.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from emotiond.terminal.bars import bars, least_width
from emotiond.terminal.frame import Frame
from emotiond.terminal.help import help_page
from emotiond.terminal.letters import Size, largest, picture
from emotiond.terminal.level import level, numbers
from emotiond.terminal.lines import Block, beside, fitted, run, stacked
from emotiond.terminal.look import Look, look_of
from emotiond.terminal.notes import SAMPLE, about, footer, header, paused, status
from emotiond.terminal.strip import axis, strip
from emotiond.terminal.utterances import utterances
from emotiond.terminal.view import View
from emotiond.terminal.word import MARGIN, field, word_of

NARROW: Final = 40
"""Below this number of columns there is no margin."""
GAP: Final = 2
"""Cells between blocks that are side by side."""
BODY_SHARE: Final = 0.42
"""Largest share of the lines that word and bars take."""
SPACED: Final = ("body", "level", "strip", "utterances", "about")
"""Parts that get an empty line above them where there is room."""


def render(view: View, frame: Frame) -> Block:
    """Draw one frame.

    Parameters
    ----------
    view : View
        Data to show.
    frame : Frame
        Size and style.

    Returns
    -------
    Block
        Exactly ``height`` lines, each of exactly ``width`` cells.
    """
    look = look_of(view.labels, frame.palette, frame.ascii_only)
    if frame.page == "big" and view.sound_lost is None:
        block = field(word_of(view, look), look, frame.width, frame.height)
        if frame.paused and block:
            block[-1] = fitted(paused(look), frame.width)
        return block
    margin = 1 if frame.width >= NARROW else 0
    inner = max(0, frame.width - 2 * margin)
    draw = help_page if frame.page == "help" else _all
    block = draw(view, look, frame, inner)[: frame.height]
    block += [[] for _ in range(frame.height - len(block))]
    indent = run(" " * margin)
    return [fitted([indent, *fitted(line, inner)], frame.width) for line in block]


def _all(view: View, look: Look, frame: Frame, width: int) -> Block:
    """Return the page that has everything, as far as there is room."""
    body = _body_of(view, look, width, frame.height)
    rows = _rows(view, frame, body)
    parts: dict[str, Callable[[int], Block]] = {
        "header": lambda _: [header(view, look, frame, width)],
        "body": lambda height: _body(view, look, body, width, height, rows["bars"]),
        "level": lambda _: [level(view, look, width)],
        "numbers": lambda _: [numbers(view, look, width)],
        "strip": lambda height: [strip(view.past, view.now, width, look)] * height,
        "axis": lambda _: [axis(view.now, width, look)],
        "utterances": lambda height: utterances(view, look, width, height),
        "about": lambda height: about(view, look, width)[:height],
        "status": lambda _: [status(view, look, frame, width)],
        "footer": lambda _: [footer(look, frame, width)],
    }
    block: Block = []
    gaps = rows["gaps"]
    for part, draw in parts.items():
        if not rows[part]:
            continue
        if gaps and block and part in SPACED:
            block.append([])
            gaps -= 1
        lines = draw(rows[part])
        block += lines
        if part == "utterances":  # the list grows downwards, and nothing below it moves
            block += [[] for _ in range(rows[part] - len(lines))]
    return block


class _Body(NamedTuple):
    """How word and bars are placed."""

    size: Size | None
    """Letters of the word; None: it is shown as text."""
    letters: int
    """Lines of the letters."""
    bars: int
    """Columns of bars beside the word; 0: they are below it."""


def _body_of(view: View, look: Look, width: int, height: int) -> _Body:
    names = tuple(look.clean(label) for label in view.labels)
    least = least_width(view.labels, look)
    most = max(3, int(height * BODY_SHARE) - 2)
    room = width - GAP - least - 2 * MARGIN
    size = largest(names, room, most, look.ascii_only) if height >= len(names) + 5 else None
    if size is not None and size.scale * size.font >= 7:
        wanted = max(least, int(width * 0.38))
        letters = _extent(names, size, room, look)
        columns = min(wanted, width - GAP - letters[0] - 2 * MARGIN)
        return _Body(size, letters[1], columns)
    size = largest(names, width - 2 * MARGIN, most, look.ascii_only)
    if size is None:
        return _Body(None, 1, 0)
    return _Body(size, _extent(names, size, width, look)[1], 0)


def _extent(names: tuple[str, ...], size: Size, room: int, look: Look) -> tuple[int, int]:
    """Return width and height of the words that fit (cells)."""
    pictures = [picture(name, size, look.ascii_only) for name in names]
    fit = [each for each in pictures if each is not None and len(each[0]) <= room]
    return max(len(each[0]) for each in fit), len(fit[0])


def _rows(view: View, frame: Frame, body: _Body) -> dict[str, int]:
    """Return how many lines each part gets: the important parts come first."""
    labels, letters = len(view.labels), body.letters
    whole = max(letters + 2, int(frame.height * BODY_SHARE))
    notes = len(SAMPLE) if view.hello.sample else 1
    least = [("body", labels - 1), ("bars", 0)] if body.bars else [("body", 0), ("bars", 3)]
    steps: list[tuple[str, int]] = [
        ("body", 1),
        ("status", 1 if view.troubles or frame.notice else 0),
        ("header", 1 if frame.paused else 0),
        *least,
        ("level", 1),
        ("strip", 1),
        ("header", 1),
        ("bars", 0 if body.bars else labels),
        ("utterances", 1),
        ("body", letters - 1),
        ("axis", 1),
        ("about", 1 if view.hello.sample else 0),
        ("body", 2 if body.size else 0),
        ("footer", 1 if frame.keys else 0),
        ("utterances", 2),
        ("numbers", 1),
        ("gaps", 3),
        ("status", 1),
        ("about", notes),
        ("utterances", 2),
        ("gaps", 2),
        ("body", whole),
        ("strip", 1),
        ("utterances", 8),
        ("strip", 1),
        ("utterances", frame.height),
    ]
    most = {"body": whole, "bars": labels, "strip": 3 if frame.height >= 36 else 1}
    most |= {"utterances": frame.height, "about": notes, "gaps": len(SPACED)}
    rows = dict.fromkeys((part for part, _ in steps), 0)
    left = frame.height
    for part, wanted in steps:
        given = max(0, min(wanted, left, most.get(part, 1) - rows[part]))
        rows[part] += given
        left -= given
    return rows


def _body(view: View, look: Look, body: _Body, width: int, height: int, rows_of_bars: int) -> Block:
    word = word_of(view, look)
    if not body.bars:
        below = bars(view, look, width, rows_of_bars)
        return field(word, look, width, height, body.size) + below
    left = field(word, look, width - GAP - body.bars, height, body.size)
    right = stacked(bars(view, look, body.bars, height), body.bars, height)
    return beside(left, right, GAP)
