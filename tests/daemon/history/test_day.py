"""A day's arithmetic: seconds are neither lost nor made, shares sum to 1."""

from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.history.day import (
    SILENCE,
    UNCERTAIN,
    Day,
    Heard,
    Stretch,
    leading,
    shares,
    spoken,
    total,
)
from tests.daemon.history.test_localtime import WARSAW, ZONES

CALM, CROSS = ("emotion", "calm"), ("emotion", "cross")
KINDS = st.sampled_from([CALM, CROSS, UNCERTAIN, SILENCE])
DAYS = st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 5, 1), date(2026, 4, 5)])
PARTS = st.lists(st.tuples(KINDS, st.floats(0.0, 1.0), st.floats(0.0, 1.0)), max_size=20)


@given(DAYS, ZONES, PARTS)
def test_hours_and_cells_hold_exactly_the_seconds_that_were_added(day, zone, parts) -> None:
    one = Day(day, zone)
    expected: dict = {}
    for kind, a, b in parts:
        start, end = (one.start + share * (one.end - one.start) for share in sorted((a, b)))
        if start == end:
            continue
        one.add(kind, start, end)
        expected[kind] = expected.get(kind, 0.0) + end - start
    found = one.totals().seconds
    assert found == pytest.approx(expected, abs=1e-3)
    hours = one.by_hour()
    assert len(hours) == len(one.hours)
    for kind, seconds in expected.items():
        assert sum(each.get(kind, 0.0) for each in hours) == pytest.approx(seconds, abs=1e-3)


@given(st.dictionaries(KINDS, st.floats(0.0, 1e6)))
def test_shares_sum_to_one_or_there_are_none(seconds) -> None:
    found = shares(seconds)
    assert set(found) in (set(seconds), set())
    if sum(seconds.values()):
        assert sum(found.values()) == pytest.approx(1.0)
        assert all(0.0 <= each <= 1.0 for each in found.values())


@given(st.lists(st.tuples(DAYS, PARTS), max_size=4))
def test_the_sum_over_days_is_the_sum_of_their_sums(given_days) -> None:
    days = []
    for day, parts in given_days:
        days.append(Day(day, WARSAW))
        for kind, a, b in parts:
            days[-1].add(kind, days[-1].start + 3600 * min(a, b), days[-1].start + 3600 * max(a, b))
    assert total(days).listened == pytest.approx(sum(each.totals().listened for each in days))


def test_seconds_over_several_cells_are_shared_between_them() -> None:
    day = Day(date(2026, 5, 1), UTC)
    day.add(CALM, day.start + 290.0, day.start + 620.0)
    assert [day.between(number, number + 1).get(CALM) for number in range(4)] == [
        10.0,
        300.0,
        20.0,
        None,
    ]


def test_a_corrected_utterance_counts_for_its_true_label() -> None:
    day = Day(date(2026, 5, 1), UTC)
    heard = {"start": day.start, "seconds": 2.0, "state": "emotion", "confidence": 0.8}
    day.count(Heard(label="calm", **heard))
    day.count(Heard(label="calm", corrected="cross", by="hub", **heard))
    totals = day.totals()
    assert totals.utterances == {"calm": 1, "cross": 1}
    assert totals.corrected == 1


@pytest.mark.parametrize(
    ("seconds", "kind"),
    [
        ({}, None),
        ({SILENCE: 299.0}, SILENCE),
        ({SILENCE: 299.0, CALM: 1.0}, CALM),
        ({UNCERTAIN: 3.0, CALM: 2.0, CROSS: 2.5}, CROSS),
        ({UNCERTAIN: 3.0, CALM: 2.0}, UNCERTAIN),
        ({UNCERTAIN: 3.0}, UNCERTAIN),
    ],
)
def test_a_label_leads_unless_most_of_the_speech_is_uncertain(seconds, kind) -> None:
    assert leading(seconds) == kind


def test_speech_comes_most_first_without_silence() -> None:
    assert list(spoken({SILENCE: 9.0, CALM: 1.0, CROSS: 2.0})) == [CROSS, CALM]


def test_the_longest_stretch_of_each_label_is_kept() -> None:
    days = [Day(date(2026, 5, number), UTC) for number in (1, 2)]
    for day, seconds in zip(days, (5.0, 7.0), strict=True):
        day.stretch("calm", Stretch(day.start, seconds))
        day.stretch("calm", Stretch(day.start + 60.0, 1.0))
    assert total(days).longest == {"calm": Stretch(days[1].start, 7.0)}
