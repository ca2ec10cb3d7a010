"""Local time: the days and hours of a time zone, also where the clock is put forward or back.

A moment is a number of seconds since 1970. A zone of None is the system's local time.
"""

from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final, NamedTuple

HOUR: Final = 3600
"""Seconds in an hour."""
WORDS: Final = {"today": 0, "yesterday": 1}
"""Words for a day -> days ago."""
YEARS: Final = range(1971, 2200)
"""Years that a day can have; a local time before 1971 may lie before 1970 in UTC."""


class Hour(NamedTuple):
    """An hour by the clock on the wall; shorter if the clock is changed within it."""

    start: float
    end: float
    name: str
    """Time of the clock at its start: ``02:00``. The day that gains an hour has two of a name."""


def local(moment: float, zone: tzinfo | None) -> datetime:
    """Return a moment as an aware local time."""
    return datetime.fromtimestamp(moment, zone).astimezone(zone)


def clock_time(moment: float, zone: tzinfo | None) -> str:
    """Return a moment by the clock on the wall: ``14:03``."""
    return f"{local(moment, zone):%H:%M}"


def start_of(day: date, zone: tzinfo | None) -> float:
    """Return the first moment of a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def today() -> date:
    """Return the local day of now."""
    return datetime.now().astimezone().date()


def named_day(text: str) -> date | None:
    """Return the local day of a name: ``2026-05-01``, ``today``, ``yesterday``; None of others."""
    if text in WORDS:
        return today() - timedelta(days=WORDS[text])
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def next_day(day: date) -> date:
    """Return the day after a day."""
    return day + timedelta(days=1)


def day_of(moment: float, zone: tzinfo | None) -> date:
    """Return the local day of a moment.

    A clock that is put back shortly after midnight shows the day before again; the day that has
    begun goes on.
    """
    day = datetime.fromtimestamp(moment, zone).date()
    return next_day(day) if moment >= start_of(next_day(day), zone) else day


def hours_of(day: date, zone: tzinfo | None) -> list[Hour]:
    """Return the hours of a local day, first to last: 24, or 23 or 25 if the clock is changed.

    Together they are the whole day, without gaps.
    """
    end = start_of(next_day(day), zone)
    edges = [start_of(day, zone)]
    while edges[-1] < end:
        wall = local(edges[-1], zone)
        since_full = wall.minute * 60 + wall.second + wall.microsecond / 1e6
        edges.append(min(end, edges[-1] + HOUR - since_full))
    return [Hour(start, stop, clock_time(start, zone)) for start, stop in pairwise(edges)]
