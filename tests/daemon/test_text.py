"""Text for people: stream time, names of events, and text that is safe to print."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.text import clock, one_line, printable, spoken


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "00:00.0"),
        (59.94, "00:59.9"),
        (59.96, "01:00.0"),
        (3599.99, "1:00:00.0"),
        (360000.0, "100:00:00.0"),
        (-1.0, "00:00.0"),
    ],
)
def test_the_clock_carries_to_minutes_and_hours(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines", "two lines"),
        ("a\x1b[2Jb", "a [2Jb"),
        ("  much \t space ", "much space"),
        ("क्\u200dष", "क्\u200dष"),
        ("", ""),
    ],
)
def test_control_characters_become_spaces_and_joiners_stay(text: str, line: str) -> None:
    assert one_line(text) == line


@given(st.text())
def test_one_line_is_one_line_and_stays_as_it_is(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert "\x1b" not in line
    assert one_line(line) == line


def test_a_file_name_that_is_not_utf_8_is_escaped() -> None:
    assert printable("voilà.wav") == "voilà.wav"
    assert printable(os.fsdecode(b"a\xff.wav")) == "a\\xff.wav"


def test_an_event_is_named_in_words() -> None:
    assert spoken("no_speech") == "no speech"
    assert spoken("started") == "started"
