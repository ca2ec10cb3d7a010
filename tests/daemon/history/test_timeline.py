"""Lines placed in time: speech, silence, microphones that go, clocks that are set."""

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.history.day import SILENCE, UNCERTAIN, Stretch
from tests.daemon.history import histories as h
from tests.daemon.history.test_localtime import WARSAW

CALM = ("emotion", "calm")
TODAY = date(2026, 5, 1)


def seconds_of(folder: Path, *lines: bytes, **options):
    """Return the seconds of each kind, over all days."""
    days = h.history_of(folder, lines, **options).in_order
    found: dict = {}
    for day in days:
        for kind, each in day.totals().seconds.items():
            found[kind] = found.get(kind, 0.0) + each
    return pytest.approx(found)


def test_silence_is_what_is_left_between_started_and_stopping(tmp_path: Path) -> None:
    found = seconds_of(
        tmp_path,
        h.status(h.NOON, "started"),
        *h.speech(h.NOON + 100.0, 100.0, 20),
        *h.speech(h.NOON + 200.0, 200.0, 10, None),
        h.status(h.NOON + 300.0, "stopping"),
    )
    assert found == {CALM: 10.0, UNCERTAIN: 5.0, SILENCE: 285.0}


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0.0, 5000.0)), max_size=8))
def test_all_of_a_run_is_speech_or_silence(tmp_path: Path, talks) -> None:
    lines, now = [h.status(h.NOON, "started")], 0.0
    for hops, pause in talks:
        now = round(now + pause, 3)
        lines += h.speech(h.NOON + now, now, hops)
        now += hops * h.HOP
    lines.append(h.status(h.NOON + now + 9.0, "stopping"))
    found = h.history_of(tmp_path, lines)
    assert sum(each.totals().listened for each in found.in_order) == pytest.approx(now + 9.0)


def test_a_run_of_which_the_start_is_in_an_older_file_was_silent_since_that_file(
    tmp_path: Path,
) -> None:
    found = seconds_of(tmp_path, *h.speech(h.NOON, 999_999.0, 2))
    assert found == {CALM: 1.0, SILENCE: 12 * 3600.0}


def test_two_runs_do_not_fill_the_time_between_them(tmp_path: Path) -> None:
    runs = (
        *h.speech(h.NOON, 0.0, 2),
        h.status(h.NOON + 1.0, "stopping"),
        h.status(h.NOON + 1000.0, "started"),
        *h.speech(h.NOON + 1010.0, 10.0, 2),
    )
    assert seconds_of(tmp_path, *runs) == {CALM: 2.0, SILENCE: 10.0}
    # A daemon that was killed leaves no line; nor does one whose start could not be logged.
    assert seconds_of(tmp_path, *runs[:2], *runs[3:]) == {CALM: 2.0, SILENCE: 10.0}
    assert seconds_of(tmp_path, *runs[:2], *runs[4:]) == {CALM: 2.0, SILENCE: 9.0}


@pytest.mark.parametrize(("position", "silence"), [(5.0, 5.0), (90.0, 49.0)])
def test_a_stream_that_begins_anew_without_a_line_was_silent_since_the_last_line_at_most(
    tmp_path: Path, position: float, silence: float
) -> None:
    lines = [*h.speech(h.NOON, 100.0, 2), *h.speech(h.NOON + 50.0, position, 2)]
    found = seconds_of(tmp_path, h.status(h.NOON - 100.0, "started"), *lines)
    assert found == {CALM: 2.0, SILENCE: 100.0 + silence}


def test_a_silence_over_days_is_shared_between_them(tmp_path: Path) -> None:
    lines = [h.status(h.NOON, "started"), *h.speech(h.NOON + 2 * 86_400.0, 2 * 86_400.0, 2)]
    hours = [each.totals().listened / 3600 for each in h.history_of(tmp_path, lines).in_order]
    assert hours == pytest.approx([12.0, 24.0, 12.0], abs=1e-3)


def test_a_lost_microphone_is_neither_speech_nor_silence(tmp_path: Path) -> None:
    found = seconds_of(
        tmp_path,
        h.status(h.NOON, "started"),
        *h.speech(h.NOON, 0.0, 2),
        h.status(h.NOON + 11.0, "microphone_lost"),
        h.status(h.NOON + 1011.0, "microphone_back"),
        *h.speech(h.NOON + 1016.0, 16.0, 2),  # stream time stood still meanwhile
        h.status(h.NOON + 1020.0, "stopping"),
    )
    assert found == {CALM: 2.0, SILENCE: 18.0}


def test_a_clock_that_is_set_while_it_runs_makes_no_days(tmp_path: Path) -> None:
    found = h.history_of(
        tmp_path,
        [
            h.status(5.0, "started"),  # in 1970: the machine has no battery for its clock
            *h.speech(h.NOON, 60.0, 2),
            h.status(h.NOON + 2.0, "stopping"),
        ],
    )
    assert list(found.days) == [TODAY]
    assert found.days[TODAY].totals().listened == pytest.approx(62.0)
    found = h.history_of(tmp_path, [h.status(5.0, "started"), h.status(h.NOON, "stopping")])
    assert found.days == {}


def test_a_stream_time_with_a_flipped_digit_makes_no_days(tmp_path: Path) -> None:
    lines = [h.status(h.NOON, "started"), *h.speech(h.NOON + 9.0, 7e9, 2)]
    assert seconds_of(tmp_path, *lines) == {CALM: 1.0}


def test_a_fast_replay_counts_the_seconds_of_its_sound(tmp_path: Path) -> None:
    found = seconds_of(
        tmp_path,
        h.status(h.NOON, "started"),
        *(h.prediction(h.NOON + 0.01 * n, 50.0 + 0.5 * n) for n in range(1, 11)),
        *(h.prediction(h.NOON + 0.2 + 0.01 * n, 100.0 + 0.5 * n) for n in range(1, 11)),
        h.status(h.NOON + 0.4, "source_ended"),
    )
    assert found == {CALM: 10.0, SILENCE: 95.1}


def test_an_utterance_lies_where_its_speech_was_not_where_its_line_was_written(
    tmp_path: Path,
) -> None:
    (day,) = h.history_of(
        tmp_path,
        [*h.speech(h.NOON, 40.0, 20), h.utterance(h.NOON + 13.0, 40.0, 50.0)],
    ).in_order
    assert [(each.start, each.seconds) for each in day.utterances] == [(h.NOON, 10.0)]


def test_an_utterance_alone_ends_where_its_line_was_written(tmp_path: Path) -> None:
    (day,) = h.history_of(tmp_path, [h.utterance(h.NOON, 40.0, 50.0)]).in_order
    assert day.utterances[0].start == h.NOON - 10.0


def test_speech_over_midnight_is_shared_between_local_days(tmp_path: Path) -> None:
    midnight = datetime(2026, 5, 2, tzinfo=WARSAW).timestamp()
    found = h.history_of(
        tmp_path,
        [h.status(midnight - 2.0, "started"), *h.speech(midnight - 2.0, 0.0, 20)],
        zone=WARSAW,
    )
    by_day = {day: each.totals().seconds[CALM] for day, each in found.days.items()}
    assert by_day == {date(2026, 5, 1): 2.0, date(2026, 5, 2): 8.0}


def test_a_stretch_survives_short_pauses_but_no_other_label(tmp_path: Path) -> None:
    lines = [
        *h.speech(h.NOON, 0.0, 4),
        *h.speech(h.NOON + 20.0, 20.0, 4),  # a pause of 18 s
        *h.speech(h.NOON + 22.0, 22.0, 2, "cross"),
        *h.speech(h.NOON + 23.0, 23.0, 10),
        *h.speech(h.NOON + 60.0, 60.0, 10),  # a pause of 32 s
    ]
    (day,) = h.history_of(tmp_path, lines).in_order
    assert day.totals().longest == {
        "calm": Stretch(h.NOON, 22.0),
        "cross": Stretch(h.NOON + 22.0, 1.0),
    }


def test_only_the_period_counts(tmp_path: Path) -> None:
    lines = [
        *h.speech(h.NOON, 1000.0, 20),
        h.utterance(h.NOON + 11.0, 1000.0, 1010.0),
    ]
    assert seconds_of(tmp_path, *lines, period=(h.NOON - 8.0, h.NOON + 4.0)) == {
        CALM: 4.0,
        SILENCE: 8.0,
    }
    assert (
        h.history_of(tmp_path, lines, period=(h.NOON + 1.0, h.NOON + 4.0)).in_order[0].utterances
        == []
    )
