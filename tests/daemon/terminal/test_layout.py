"""The layout of a frame: a frame of fixed size is a string to compare."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment

from emotiond.record import Event
from emotiond.terminal.frame import Frame, Page
from emotiond.terminal.layout import render
from emotiond.terminal.styles import Palette
from emotiond.terminal.view import View
from tests.daemon.terminal.screens import (
    LABELS,
    frame,
    line_of,
    prediction,
    reading,
    shown_after,
    status,
    utterance,
    view,
    views,
)

SIZES = [(20, 8), (40, 15), (80, 24), (140, 40), (200, 60)]
KEYS = (("q", "quit"), ("p", "pause"), ("ü", "愤怒"))


@given(
    views(),
    st.builds(
        Frame,
        width=st.integers(1, 300),
        height=st.integers(1, 100),
        palette=st.sampled_from(get_args(Palette)),
        ascii_only=st.booleans(),
        keys=st.sampled_from([(), KEYS]),
        page=st.sampled_from(get_args(Page)),
        paused=st.booleans(),
    ),
)
def test_every_frame_fills_its_terminal_and_no_line_is_longer(shown: View, drawn: Frame) -> None:
    lines = render(shown, drawn)
    assert len(lines) == drawn.height
    assert {Segment.get_line_length(line) for line in lines} == {drawn.width}
    text = "".join(segment.text for line in lines for segment in line)
    assert all(c.isprintable() or c in "\u200c\u200d" for c in text)
    if drawn.ascii_only:
        assert text.isascii()


@given(views(), st.integers(60, 300), st.integers(12, 100))
def test_no_part_moves_when_somebody_begins_or_ceases_to_speak(
    shown: View, width: int, height: int
) -> None:
    def places(shown: View) -> list[int]:
        text = frame(shown, width, height).splitlines()
        return [n for n, line in enumerate(text) if line.startswith((" level ", " emotiond "))]

    labels, troubles = shown.labels, shown.troubles
    spoken = view(
        *troubles,
        prediction("uncertain", None, probabilities=dict.fromkeys(labels, 0)),
        labels=labels,
    )
    silent = shown_after(spoken, prediction("no_speech", None))
    assert places(spoken) == places(silent)


def test_the_whole_screen_at_80_columns() -> None:
    marks = {"peak": -9.0, "loud": -24.0, "floor": -74.0, "threshold": -62.0}
    shown = view(
        status("started", "listening to USB Audio"),
        utterance("sad", 0.5),
        prediction(),
        *(reading(2.5 + hop, **marks) for hop in range(3)),
        microphone="USB Audio",
        log="/home/ann/log",
        examples=42,
    )
    assert [line.rstrip() for line in frame(shown, keys=KEYS[:2]).splitlines()] == [
        " emotiond  USB Audio                                                   12:00:31",
        "",
        "",
        "                                                      a angry    ────────   2 %",
        "           █   █ ▄▀▀▀▄ █▀▀▀▄ █▀▀▀▄ █   █              d disgust  ────────   2 %",
        "           █▄▄▄█ █▄▄▄█ █▄▄▄▀ █▄▄▄▀  ▀▄▀               f fear     ────────   2 %",
        "           █   █ █   █ █     █       █              ▶ h happy    ███████─  83 %",
        "           ▀   ▀ ▀   ▀ ▀     ▀       ▀                n neutral  ────────   2 %",
        "                                                      s sad      ────────   5 %",
        "                       83 %                           u surprise ────────   2 %",
        "",
        "",
        "",
        " level ━━━━━━━━━━━┊━━━━━━━━┃━━━━━━━━━━━━━━━━━━━━━━━━━╸──────────────── -21 dBFS",
        " speech 97 %  ·  peak -9 dBFS  ·  ┊ noise floor -74  ·  ┃ opens at -62",
        "",
        "                                                                              h",
        "        ╷11:57              ╷11:58              ╷11:59              ╷12:00",
        " 12:00:30  s  sad           50 %   1.0 s",
        "",
        "",
        " with your voices (42 examples) · model 3f9a1c2b · log in /home/ann/log",
        " started: listening to USB Audio",
        " q quit   p pause",
    ]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_current_label_stands_out_without_colour(width: int, height: int) -> None:
    text = frame(view(prediction()), width, height)
    (current,) = [line for line in text.splitlines() if "▶" in line]
    assert "happy" in current
    assert "█" in current
    assert "83 %" in current


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_three_states_differ_without_colour(width: int, height: int, ascii_only: bool) -> None:
    sure, unsure, silent = (
        frame(view(record), width, height, ascii_only=ascii_only)
        for record in (prediction(), prediction("uncertain", None), prediction("no_speech", None))
    )
    marker = ">" if ascii_only else "▶"
    assert marker in sure
    assert marker not in unsure + silent
    assert "nobody speaks" in silent
    assert "nobody speaks" not in sure + unsure


def test_an_uncertain_state_names_the_two_most_probable_labels() -> None:
    assert "happy 43 %, sad 37 %" in frame(view(prediction("uncertain", None)))


def test_no_percentage_is_shown_in_silence() -> None:
    row = line_of(frame(view(prediction("no_speech", None))), "angry").split()
    assert row[:2] == ["a", "angry"]
    assert "%" not in row


def test_an_utterance_that_is_cut_because_it_is_long_shows_no_silence() -> None:
    before = view(prediction())
    cut = shown_after(before, utterance("happy", 1.0))
    assert (cut.state, cut.label, cut.probabilities) == (
        before.state,
        before.label,
        before.probabilities,
    )
    assert "nobody speaks" not in frame(cut)


@pytest.mark.parametrize(("width", "height"), SIZES[2:])
def test_dropped_samples_are_summed_and_stand_out(width: int, height: int) -> None:
    shown = view(prediction(dropped=480), prediction(dropped=20))
    assert "! dropped 500" in frame(shown, width, height)
    assert "! dropped" not in frame(view(prediction()), width, height)


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("page", ["all", "big"])
def test_a_lost_microphone_is_shown_until_it_is_back(width: int, height: int, page: str) -> None:
    lost = view(prediction(), status("microphone_lost", "USB gone"), status("overload", "slow"))
    lost = shown_after(lost, status("recovered", "fine"))
    text = frame(lost, width, height, page=page)
    assert "! microphone lost" in text
    assert "! USB gone" in text
    assert "▶" not in text
    back = shown_after(lost, status("microphone_back", "USB again", "USB 2"))
    assert "!" not in frame(back, width, height)
    assert "microphone back: USB again" in frame(back, 80, 24)
    assert "USB 2" in frame(back, 80, 24).splitlines()[0]


@pytest.mark.parametrize(("bad", "good"), [("overload", "recovered"), ("sink_failed", "sink_back")])
def test_a_trouble_is_shown_until_it_ends(bad: Event, good: Event) -> None:
    troubled = view(status(bad, "log: trouble"), status("started", "hello"))
    words = f"! {bad.replace('_', ' ')}: log: trouble"
    assert words in frame(troubled)
    assert words not in frame(shown_after(troubled, status(good, "log works again")))


def test_a_lost_service_is_shown_and_its_earlier_troubles_are_not() -> None:
    lost = view(prediction(), status("microphone_lost"), status("service_lost", "waiting"))
    text = frame(lost)
    assert "! service lost" in text
    assert "! waiting" in text
    assert "!" not in frame(shown_after(lost, status("service_back")))


def test_all_labels_are_shown_where_there_is_room() -> None:
    for count in (2, 7, 30):
        labels = tuple(f"feeling {number}" for number in range(count))
        text = frame(view(labels=labels), 80, 60)
        assert all(f"{label} " in text for label in labels)
        assert "more" not in text


def test_names_and_messages_can_not_steer_the_terminal() -> None:
    shown = view(status("started", "a\x1b[2J\nb\ud800"), labels=("ha\nppy\x1b[31m", "sad"))
    text = frame(shown)
    assert "\x1b" not in text
    assert "started: a [2J b" in text


def test_markup_is_shown_as_it_is() -> None:
    shown = view(prediction(label="[b]x[/]", probabilities={"[b]x[/]": 0.9, "y": 0.1}))
    assert "[b]x[/]" in frame(shown)


def test_the_labels_change_with_the_model() -> None:
    text = frame(view(prediction(label="calm", probabilities={"calm": 0.9, "tense": 0.1})))
    assert "tense" in text
    assert "disgust" not in text


def test_the_big_page_has_the_word_alone_and_larger() -> None:
    shown = view(prediction())
    big = frame(shown, page="big")
    assert "sad" not in big
    assert big.count("█") > frame(shown).count("█")
    assert "83 %" in big


def test_help_names_every_key_and_every_mark() -> None:
    text = frame(view(), keys=KEYS, page="help")
    assert "q       quit" in text
    assert "ü       愤怒" in text
    assert "┊       the noise floor of the room" in text
    assert "f fear" in text


@pytest.mark.parametrize("page", ["all", "big"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_paused_display_says_so(page: str, width: int, height: int) -> None:
    text = frame(view(prediction()), width, height, page=page, paused=True)
    assert "paused: p goes on" in text


def test_the_sample_is_named_and_its_sentence_stands_beside_the_label() -> None:
    shown = view(
        reading(3.0),
        utterance("happy", 1.7, end=4.2),
        utterance("sad", 23.1 + 6.0, end=23.1 + 8.0),
        prediction(),
        sample=True,
    )
    text = frame(shown, 110, 30)
    assert text.splitlines()[0].startswith("  SAMPLE  emotiond  That is wonderful!")
    assert "read: That is wonderful!" in line_of(text, "h  happy")
    assert "read: I do not know" in line_of(text, "s  sad  ")
    assert "acts no emotion" in text
    assert "plug in a microphone" in text
    assert all(label in text for label in LABELS)


def test_voices_model_and_log_are_named() -> None:
    text = frame(view(prediction(), examples=42, log="/var/log/x"))
    assert "with your voices (42 examples) · model 3f9a1c2b · log in /var/log/x" in text
    assert "voices" not in frame(view(prediction()))
