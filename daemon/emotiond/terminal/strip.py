"""The strip of the last minutes: a cell for every few seconds of the wall clock."""

from datetime import datetime
from typing import Final, NamedTuple

from rich.segment import Segment

from emotiond.record import State
from emotiond.terminal.lines import Line, fitted, run, simplified
from emotiond.terminal.look import Look

CELL_SECONDS: Final = 3
"""Time of one cell (s); a minute is a whole number of cells."""
CELLS_KEPT: Final = 400
"""Cells that are kept: a wider terminal shows no more."""
TICK_CELLS: Final = 60 // CELL_SECONDS
"""Cells between two times of the axis."""

Moment = tuple[State, str | None]
"""State and label of one hop."""


class Cell(NamedTuple):
    """Some seconds of the wall clock: how many hops had which state and label."""

    number: int
    """Time since 1970 in ``CELL_SECONDS``."""
    hops: tuple[tuple[Moment, int], ...]

    @property
    def moment(self) -> Moment:
        """The most frequent state and label; silence only if nobody spoke."""
        return max(self.hops, key=lambda each: (each[0][0] != "no_speech", each[1]))[0]


def number_of(when: datetime) -> int:
    """Return the number of the cell that a time lies in."""
    return int(when.timestamp() // CELL_SECONDS)


def extended(past: tuple[Cell, ...], moment: Moment, now: datetime) -> tuple[Cell, ...]:
    """Return the strip one hop later.

    Parameters
    ----------
    past : tuple of Cell
        Cells, oldest first.
    moment : Moment
        State and label of the hop.
    now : datetime
        Its time. A clock that is set back begins a new strip.
    """
    number = number_of(now)
    if past and number < past[-1].number:
        past = ()
    if past and number == past[-1].number:
        hops = dict(past[-1].hops)
        # The newest is the last, and wins a tie: see Cell.moment.
        hops = {moment: hops.pop(moment, 0) + 1} | hops
        return (*past[:-1], Cell(number, tuple(hops.items())))
    return (*past, Cell(number, ((moment, 1),)))[-CELLS_KEPT:]


def strip(past: tuple[Cell, ...], now: datetime, width: int, look: Look) -> Line:
    """Return the strip: the present at the right end; time without sound stays empty."""
    first = number_of(now) - width + 1
    shown = {cell.number: cell.moment for cell in past if cell.number >= first}
    return simplified(_drawn(shown.get(first + place), look) for place in range(width))


def axis(now: datetime, width: int, look: Look) -> Line:
    """Return the times below the strip: a tick and the wall-clock time at each full minute."""
    first = number_of(now) - width + 1
    text = ""
    for number in range(first + -first % TICK_CELLS, first + width, TICK_CELLS):
        time = datetime.fromtimestamp(number * CELL_SECONDS, now.tzinfo)
        text = text.ljust(number - first) + look.glyphs.tick + f"{time:%H:%M}"
        if len(text) > width:
            text = text[: number - first].ljust(width)
    return fitted([run(text, look.styles.quiet)], width)


def _drawn(moment: Moment | None, look: Look) -> Segment:
    """Return a cell."""
    if moment is None:
        return run(" ")
    state, label = moment
    if state == "emotion" and label is not None:
        return run(look.letters.get(label, "*"), look.field(label))
    if state == "uncertain":
        return run(look.glyphs.uncertain, look.styles.calm)
    return run(look.glyphs.quiet_cell, look.styles.track)
