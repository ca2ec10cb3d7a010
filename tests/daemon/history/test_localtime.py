"""Local days and hours, also where the clock is put forward or back."""

import os
import time
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.history.localtime import day_of, hours_of, local, next_day, start_of

WARSAW = ZoneInfo("Europe/Warsaw")
ZONES = st.sampled_from(
    [
        UTC,
        *map(
            ZoneInfo,
            (
                "Europe/Warsaw",
                "America/St_Johns",  # put back at 00:01: the day before was shown again
                "America/Havana",  # put forward and back at midnight
                "Australia/Lord_Howe",  # by half an hour
                "Pacific/Apia",  # left out 30 December 2011
                "Asia/Kathmandu",
                "America/Sao_Paulo",
            ),
        ),
    ]
)
MOMENTS = st.floats(1e8, 4e9)


@given(MOMENTS, ZONES)
def test_each_moment_lies_in_exactly_one_day(moment: float, zone: ZoneInfo) -> None:
    day = day_of(moment, zone)
    assert start_of(day, zone) <= moment < start_of(next_day(day), zone)


@given(MOMENTS, ZONES)
def test_the_hours_of_a_day_are_the_whole_day(moment: float, zone: ZoneInfo) -> None:
    day = day_of(moment, zone)
    hours = hours_of(day, zone)
    assert hours[0].start == start_of(day, zone)
    assert hours[-1].end == start_of(next_day(day), zone)
    assert all(one.end == other.start for one, other in pairwise(hours))
    assert all(0.0 < each.end - each.start <= 3600.0 for each in hours)
    assert [each.name for each in hours] == [f"{local(each.start, zone):%H:%M}" for each in hours]


@pytest.mark.parametrize(
    ("day", "hours", "twos"),
    [
        (date(2026, 3, 29), 23, 0),  # put forward from two to three
        (date(2026, 10, 25), 25, 2),  # put back from three to two
        (date(2026, 5, 1), 24, 1),
    ],
)
def test_summer_time_takes_an_hour_and_gives_it_back(day: date, hours: int, twos: int) -> None:
    names = [each.name for each in hours_of(day, WARSAW)]
    assert (len(names), names.count("02:00")) == (hours, twos)
    assert (names[0], names[-1]) == ("00:00", "23:00")


def test_hours_begin_with_the_full_hour_again_where_half_an_hour_was_gained() -> None:
    names = [each.name for each in hours_of(date(2026, 4, 5), ZoneInfo("Australia/Lord_Howe"))]
    assert names[:5] == ["00:00", "01:00", "01:30", "02:00", "03:00"]


def test_a_day_that_has_begun_goes_on_where_the_clock_shows_the_day_before_again() -> None:
    zone = ZoneInfo("America/St_Johns")
    began = start_of(date(2010, 11, 7), zone)
    assert f"{local(began + 90.0, zone):%d %H:%M}" == "06 23:01"
    assert day_of(began + 90.0, zone) == date(2010, 11, 7)


def test_without_a_zone_days_are_those_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TZ", "Europe/Warsaw")
    time.tzset()
    try:
        for day in (date(2026, 3, 29), date(2026, 10, 25)):
            assert hours_of(day, None) == hours_of(day, WARSAW)
        late = datetime(2026, 5, 1, 23, 30, tzinfo=UTC).timestamp()
        assert day_of(late, None) == date(2026, 5, 2)
    finally:
        monkeypatch.undo()
        time.tzset()
