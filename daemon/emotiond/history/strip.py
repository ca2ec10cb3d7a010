"""The picture of a day as SVG: a strip of labels, and below it the speech of each hour."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Final, NamedTuple

from emotiond.history.day import (
    CELL_SECONDS,
    SILENCE,
    Day,
    Kind,
    leading,
    name_of,
    spoken,
)
from emotiond.history.localtime import Hour, clock_time
from emotiond.text import duration

WIDTH: Final = 960
STRIP_HEIGHT: Final = 44
COLUMNS_BOTTOM: Final = 140
COLUMNS_HEIGHT: Final = 80
HEIGHT: Final = 162
GAP: Final = 2
"""Space between two columns."""
TICK_HOURS: Final = 3
"""Hours between two names on the axis."""


class Segment(NamedTuple):
    """A part of a day in which one kind leads; moments are seconds since 1970."""

    start: float
    end: float
    kind: Kind


def segments_of(day: Day) -> list[Segment]:
    """Return the kind that leads in each part of a day; a part without a daemon is left out."""
    found: list[Segment] = []
    for cell in range(day.cells):
        kind = leading(day.between(cell, cell + 1))
        if kind is None:
            continue
        start = day.start + cell * CELL_SECONDS
        end = min(day.end, start + CELL_SECONDS)
        if found and found[-1].kind == kind and found[-1].end == start:
            start = found.pop().start
        found.append(Segment(start, end, kind))
    return found


def is_named(hour: Hour) -> bool:
    """Say whether an hour has its name on the axis."""
    return int(hour.name[:2]) % TICK_HOURS == 0


def class_of(kind: Kind, places: Mapping[str, int]) -> str:
    """Return the class of a kind's colour in the page's style: ``c0``, ``uncertain``..."""
    if kind[1] is not None:
        return f"c{places[kind[1]]}"
    return "silence" if kind == SILENCE else "uncertain"


def svg_of(day: Day, places: Mapping[str, int], title: str) -> str:
    """Return the picture of a day.

    Parameters
    ----------
    day : Day
        The day.
    places : mapping
        Label -> place of its colour.
    title : str
        The picture in words, for readers who can't see it.
    """
    return "".join(
        (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
            f'<rect class="off" x="0" y="0" width="{WIDTH}" height="{STRIP_HEIGHT}"/>',
            *_strip(day, places),
            *_columns(day, places),
            *_axis(day),
            "</svg>",
        )
    )


def _strip(day: Day, places: Mapping[str, int]) -> Iterator[str]:
    for start, end, kind in segments_of(day):
        times = "\N{EN DASH}".join(clock_time(each, day.zone) for each in (start, end))
        left, right = _x(day, start), _x(day, end)
        yield _bar(class_of(kind, places), left, right, 0, STRIP_HEIGHT, f"{times} {name_of(kind)}")


def _columns(day: Day, places: Mapping[str, int]) -> Iterator[str]:
    """Yield the speech of each hour; the highest column is as high as there is room."""
    hours = [spoken(each) for each in day.by_hour()]
    most = max((sum(each.values()) for each in hours), default=0.0)
    for hour, seconds in zip(day.hours, hours, strict=True):
        bottom = float(COLUMNS_BOTTOM)
        for kind, each in seconds.items():
            top = bottom - COLUMNS_HEIGHT * each / most
            left, right = _x(day, hour.start) + GAP, _x(day, hour.end) - GAP
            words = f"from {hour.name}: {name_of(kind)} {duration(each)}"
            yield _bar(class_of(kind, places), left, right, top, bottom, words)
            bottom = top
    if most:
        top = COLUMNS_BOTTOM - COLUMNS_HEIGHT - 4
        yield f'<text x="0" y="{top}">speech by the hour, at most {duration(most)}</text>'


def _axis(day: Day) -> Iterator[str]:
    yield f'<line x1="0" y1="{COLUMNS_BOTTOM}" x2="{WIDTH}" y2="{COLUMNS_BOTTOM}"/>'
    for hour in day.hours:
        x = _x(day, hour.start)
        end = COLUMNS_BOTTOM + (6 if is_named(hour) else 3)
        yield f'<line x1="{x:.1f}" y1="{COLUMNS_BOTTOM}" x2="{x:.1f}" y2="{end}"/>'
        if is_named(hour):
            yield f'<text x="{x:.1f}" y="{HEIGHT - 2}">{hour.name}</text>'


def _bar(kind: str, left: float, right: float, top: float, bottom: float, words: str) -> str:
    return (
        f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
        f'height="{bottom - top:.1f}"><title>{escape(words)}</title></rect>'
    )


def _x(day: Day, moment: float) -> float:
    """Return the place of a moment on the axis."""
    return WIDTH * (moment - day.start) / (day.end - day.start)
