"""Text for people: stream time, names of events, and text that is safe to print."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.text import clock, did_you_mean, duration, escaped, one_line, printable, spoken


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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines\r\x85", r"two\nlines\r\x85"),
        ("a\x1b[2Jb\x7f", r"a\x1b[2Jb\x7f"),
        ("\u202egpj.wav\u2028", r"\u202egpj.wav\u2028"),
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("voilà, क्\u200dष  C:\\n", "voilà, क्\u200dष  C:\\n"),
    ],
)
def test_control_characters_are_escaped(text: str, line: str) -> None:
    assert escaped(text) == line


@given(st.text(st.characters(exclude_categories=[])))
def test_escaped_text_is_one_printable_line_and_stays_as_it_is(text: str) -> None:
    line = escaped(text)
    assert len(line.splitlines()) <= 1
    line.encode()
    assert all(each.isprintable() or each in "\u200c\u200d" for each in line)
    assert escaped(line) == line


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("--confg", "; did you mean --config?"),
        ("--gate-margin", "; did you mean --gate-margin-db?"),
        ("--headless", ""),
        ("--x", ""),
        ("confg", "; did you mean --config?"),
        ("", ""),
    ],
)
def test_a_misspelt_word_gets_a_hint_at_the_nearest_one(word: str, hint: str) -> None:
    assert did_you_mean(word, ["--config", "--help", "--gate-margin-db"], "--") == hint


def test_a_file_name_that_is_not_utf_8_is_escaped() -> None:
    assert printable("voilà.wav") == "voilà.wav"
    assert printable(os.fsdecode(b"a\xff.wav")) == "a\\xff.wav"


def test_an_event_is_named_in_words() -> None:
    assert spoken("no_speech") == "no speech"
    assert spoken("started") == "started"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1.0, "0 s"),
        (47.6, "48 s"),
        (59.6, "1 min 00 s"),
        (751.0, "12 min 31 s"),
        (3599.5, "1 h 00 min"),
        (18_480.0, "5 h 08 min"),
        (86_400.0, "24 h 00 min"),
    ],
)
def test_a_length_of_time_is_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
