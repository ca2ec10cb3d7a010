"""The layout of a frame: a frame of fixed size is a string to compare."""

import io
import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from emotiond.record import Event, Record, Status, Utterance
from emotiond.terminal.layout import keys, render
from emotiond.terminal.view import View
from tests.daemon.terminal.screens import LABELS, MODEL, prediction, terminal, written

SIZES = [(24, 6), (24, 24), (40, 10), (80, 24), (120, 40), (200, 60)]


def utterance(label: str | None, start: float) -> Utterance:
    return Utterance(
        model=MODEL,
        start=start,
        end=start + 1,
        state="emotion" if label else "uncertain",
        label=label,
        confidence=0.5,
        probabilities={},
    )


def status(event: Event, message: str = "") -> Status:
    return Status(model=MODEL, event=event, message=message)


def view(*records: Record, labels: tuple[str, ...] = LABELS) -> View:
    shown = View(labels=labels, title="emotiond")
    for record in records:
        shown = shown.after(record)
    return shown


def frame(shown: View, width: int = 80, height: int = 24, ascii_only: bool = False) -> str:
    """Return a frame as text."""
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    with console.capture() as capture:
        console.print(render(shown, width, height, ascii_only))
    return capture.get()


def line_of(text: str, words: str) -> str:
    """Return the first line that contains some words."""
    return next(line for line in text.splitlines() if words in line)


numbers = st.floats(width=32)
shares = st.floats(0, 1)
states = st.sampled_from(["emotion", "uncertain", "no_speech"])
label_sets = st.lists(st.text(max_size=40), min_size=1, max_size=32, unique=True).map(tuple)
events = st.sampled_from(get_args(Event))


@st.composite
def views(draw: st.DrawFn) -> View:
    """Return a view after any records; numbers may be absurd, labels those of another model."""
    labels = draw(label_sets)
    others = st.none() | st.sampled_from(labels) | st.text(max_size=8)
    shown = View(labels=labels, title=draw(st.text(max_size=40)))
    for kind in draw(st.lists(st.sampled_from("ppppmmmsu"), max_size=12)):
        if kind == "m":
            shown = shown.metered(draw(st.floats(0, 1e6)), draw(numbers), draw(numbers))
            continue
        fields: dict[str, Any] = {
            "state": draw(states),
            "label": draw(others),
            "confidence": draw(shares),
            "probabilities": draw(
                st.just({}) | st.fixed_dictionaries(dict.fromkeys(labels, numbers))
            ),
            "start": draw(st.floats(0, 1e6)),
        }
        if kind == "p":
            dropped = draw(st.integers(0, 10**9))
            record: Record = prediction(
                **fields,
                level=draw(numbers),
                speech=draw(numbers),
                latency_ms=draw(numbers),
                dropped=dropped,
            )
        elif kind == "u":
            record = Utterance(model=draw(st.text(max_size=12)), end=1.0, **fields)
        else:
            record = status(draw(events), draw(st.text(max_size=120)))
        shown = shown.after(record)
    return shown


@given(views(), st.integers(24, 200), st.integers(6, 60), st.booleans())
def test_every_frame_fits_its_terminal(
    shown: View, width: int, height: int, ascii_only: bool
) -> None:
    lines = frame(shown, width, height, ascii_only).splitlines()
    assert len(lines) <= height
    assert max(cell_len(line) for line in lines) <= width
    if ascii_only:
        assert "".join(lines).isascii()


@given(views(), st.integers(1, 23), st.integers(1, 5))
def test_a_frame_fits_a_pane_that_is_too_small_to_use(shown: View, width: int, height: int) -> None:
    lines = frame(shown, width, height).splitlines()
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)


@given(label_sets, st.booleans())
def test_each_label_has_its_own_character_in_the_strip(
    labels: tuple[str, ...], ascii_only: bool
) -> None:
    legend = keys(labels, ascii_only)
    assert len(set(legend.values())) == len(labels)
    assert all(cell_len(key) == 1 for key in legend.values())
    assert not ascii_only or "".join(legend.values()).isascii()


def test_the_whole_screen_at_80_columns() -> None:
    shown = view(status("started", "listening to USB Audio"), utterance("sad", 0.5), prediction())
    for hop in range(3):
        shown = shown.metered(2.5 + hop, -21.0, 0.97)
    assert [line.rstrip() for line in frame(shown).splitlines()] == [
        " emotiond                                              model 3f9a1c2b   00:04.5",
        "",
        " ● happy  83%",
        "",
        "   a angry     ━                                                             2%",
        "   d disgust   ━                                                             2%",
        "   f fear      ━                                                             2%",
        " ▶ h happy     █████████████████████████████████████████████████            83%",
        "   n neutral   ━                                                             2%",
        "   s sad       ━━━                                                           5%",
        "   u surprise  ━                                                             2%",
        "",
        "     level     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━───────────────────  -21 dBFS",
        "     speech yes 97%  ·  latency 3.8 ms  ·  dropped 0",
        "",
        "     past                                          hhh   ? uncertain  · silence",
        "     heard     00:00.5 sad",
        "",
        " started: listening to USB Audio",
    ]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_current_label_stands_out_without_colour(width: int, height: int) -> None:
    text = frame(view(prediction()), width, height)
    assert line_of(text, "●").strip().startswith("● happy")
    (current,) = [line for line in text.splitlines() if "▶" in line]
    assert "happy" in current
    assert "█" in current
    assert "83%" in current


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_three_states_differ_in_word_and_symbol(
    width: int, height: int, ascii_only: bool
) -> None:
    sure, unsure, silent = (
        frame(view(record), width, height, ascii_only)
        for record in (
            prediction(),
            prediction("uncertain", None),
            prediction("no_speech", None),
        )
    )
    assert ("* happy" if ascii_only else "● happy") in sure
    assert "? uncertain" in unsure
    assert ("- no speech" if ascii_only else "○ no speech") in silent
    for text in (unsure, silent):
        assert "●" not in text
        assert "▶" not in text
        assert ">" not in text


def test_an_uncertain_state_names_the_two_most_probable_labels() -> None:
    assert "? uncertain  happy 83%, sad 5%" in frame(view(prediction("uncertain", None)))


def test_no_percentage_is_shown_in_silence() -> None:
    assert line_of(frame(view(prediction("no_speech", None))), "angry").split() == ["a", "angry"]


def test_an_utterance_that_is_cut_because_it_is_long_shows_no_silence() -> None:
    before = view(prediction())
    cut = before.after(utterance("happy", 1.0))
    assert (cut.state, cut.label, cut.probabilities) == (
        before.state,
        before.label,
        before.probabilities,
    )
    assert "no speech" not in frame(cut)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_dropped_samples_are_summed_and_stand_out(width: int, height: int) -> None:
    shown = view(prediction(dropped=480), prediction(dropped=20))
    assert "! dropped 500" in frame(shown, width, height)
    assert "! dropped" not in frame(view(prediction()), width, height)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_lost_microphone_is_shown_until_it_is_back(width: int, height: int) -> None:
    lost = view(prediction(), status("microphone_lost", "USB gone"), status("overload", "slow"))
    lost = lost.after(status("recovered", "fine"))
    text = frame(lost, width, height)
    assert "! microphone lost" in text
    assert "! USB gone" in text
    assert "●" not in text
    back = lost.after(status("microphone_back", "USB again"))
    assert "!" not in frame(back, width, height)
    assert "microphone back: USB again" in frame(back, 80, 24)


@pytest.mark.parametrize(("bad", "good"), [("overload", "recovered"), ("sink_failed", "sink_back")])
def test_a_trouble_is_shown_until_it_ends(bad: Event, good: Event) -> None:
    troubled = view(status(bad, "log: trouble"), status("started", "hello"))
    words = f"! {bad.replace('_', ' ')}: log: trouble"
    assert words in frame(troubled)
    assert words not in frame(troubled.after(status(good, "log works again")))


def test_a_lost_service_is_shown_and_its_earlier_troubles_are_not() -> None:
    lost = view(prediction(), status("microphone_lost"), status("service_lost", "waiting"))
    text = frame(lost)
    assert "! service lost" in text
    assert "! waiting" in text
    assert "●" not in text
    assert "!" not in frame(lost.after(status("service_back")))


def test_where_room_is_short_the_most_probable_labels_stay_and_the_rest_is_counted() -> None:
    labels = tuple(f"feeling {number}" for number in range(30))
    probabilities = dict.fromkeys(labels, 0.01) | {"feeling 29": 0.5, "feeling 14": 0.2}
    record = prediction(label="feeling 29", probabilities=probabilities)
    text = frame(view(record, labels=labels), 80, 12)
    assert "feeling 29" in line_of(text, "▶")
    assert "feeling 14" in text
    shown = sum(
        bool(re.search(r"feeling \d+ +[━╸█]\S* +\d+%$", line)) for line in text.splitlines()
    )
    assert f"+{30 - shown} more" in text


@pytest.mark.parametrize("count", [2, 7, 30])
def test_all_labels_are_shown_where_there_is_room(count: int) -> None:
    labels = tuple(f"feeling {number}" for number in range(count))
    text = frame(view(labels=labels), 80, 60)
    assert all(f"{label} " in text for label in labels)
    assert "more" not in text


def test_bars_stay_aligned_in_any_script() -> None:
    labels = ("愤怒", "καλή διάθεση", "радость", "ชอบ", "x" * 70)
    probabilities = dict.fromkeys(labels, 0.2)
    text = frame(view(prediction(label="愤怒", probabilities=probabilities), labels=labels))
    rows = [line for line in text.splitlines() if re.search("[━█].*20%$", line)]
    assert len(rows) == len(labels)
    assert {cell_len(row) for row in rows} == {79}
    assert len({cell_len(re.split("[━█]", row)[0]) for row in rows}) == 1


def test_names_and_messages_can_not_steer_the_terminal() -> None:
    shown = view(status("started", "a\x1b[2J\nb\ud800"), labels=("ha\nppy\x1b[31m", "sad"))
    text = frame(shown)
    assert "\x1b" not in text
    assert "started: a [2J b" in text


def test_the_labels_change_with_the_model() -> None:
    text = frame(view(prediction(label="calm", probabilities={"calm": 0.9, "tense": 0.1})))
    assert "tense" in text
    assert "disgust" not in text


def test_the_strip_shows_the_state_of_each_hop() -> None:
    shown = view()
    for record in (prediction("no_speech", None), prediction("uncertain", None), prediction()):
        shown = shown.after(record).metered(1.0, -20.0, 0.5).metered(1.5, -20.0, 0.5)
    assert "··??hh   ? uncertain  · silence" in line_of(frame(shown), "past")
    assert "..??hh" in frame(shown, ascii_only=True)


def test_no_colour_is_sent_to_a_terminal_without_colour() -> None:
    console = terminal(_environ={"TERM": "xterm-256color", "NO_COLOR": "1"})
    console.print(render(view(prediction()), 80, 24))
    found = re.findall(r"\x1b\[([0-9;]*)m", written(console))
    assert set(";".join(found).split(";")) <= {"0", "1", "3", "7"}  # reset, bold, italic, reverse
