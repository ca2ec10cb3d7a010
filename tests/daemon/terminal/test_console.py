"""The live screen: a picture of fixed size is a string to compare."""

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import textwrap
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from emotiond.record import Event, Prediction, Record, State, Status, Utterance
from emotiond.terminal.console import ConsoleSink
from emotiond.terminal.layout import keys, render
from emotiond.terminal.view import View

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
MODEL = "3f9a1c2b"
SIZES = [(24, 6), (24, 24), (40, 10), (80, 24), (120, 40), (200, 60)]
SHOW_CURSOR = "\x1b[?25h"
HIDE_CURSOR = "\x1b[?25l"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def prediction(state: State = "emotion", label: str | None = "happy", **fields: Any) -> Prediction:
    even = dict.fromkeys(LABELS, 0.02) | {"happy": 0.83, "sad": 0.05}
    values: dict[str, Any] = {
        "model": MODEL,
        "start": 1.5,
        "end": 2.0,
        "state": state,
        "label": label,
        "raw_label": label,
        "confidence": 0.83,
        "probabilities": {} if state == "no_speech" else even,
        "speech": 0.97,
        "level": -21.0,
        "latency_ms": 3.8,
    }
    return Prediction(**values | fields)


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
    return next(line for line in text.splitlines() if words in line)


def terminal(width: int = 80, height: int = 24, encoding: str = "utf-8", **kind: Any) -> Console:
    """Return a console that takes itself for a terminal."""
    return Console(
        file=io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline=""),
        width=width,
        height=height,
        force_terminal=True,
        legacy_windows=False,
        **{"_environ": {"TERM": "xterm-256color"}} | kind,
    )


def written(console: Console) -> str:
    console.file.flush()
    file: Any = console.file
    return str(file.buffer.getvalue().decode(file.encoding))


# A busy machine is no reason to fail.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
numbers = st.floats(width=32)
shares = st.floats(0, 1)
states = st.sampled_from(["emotion", "uncertain", "no_speech"])
label_sets = st.lists(st.text(max_size=40), min_size=1, max_size=32, unique=True).map(tuple)
events = st.sampled_from(get_args(Event))


@st.composite
def views(draw: st.DrawFn) -> View:
    """Views after any records; numbers may be absurd, and records may be of another model."""
    labels = draw(label_sets)
    others = st.none() | st.sampled_from(labels) | st.text(max_size=8)
    shown = View(labels=labels, title=draw(st.text(max_size=40)))
    for kind in draw(st.lists(st.sampled_from("ppppmmmsu"), max_size=12)):
        if kind == "m":
            shown = shown.metered(draw(st.floats(0, 1e6)), draw(numbers), draw(numbers))
            continue
        heard: dict[str, Any] = {
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
                **heard,
                level=draw(numbers),
                speech=draw(numbers),
                latency_ms=draw(numbers),
                dropped=dropped,
            )
        elif kind == "u":
            record = Utterance(model=draw(st.text(max_size=12)), end=1.0, **heard)
        else:
            record = status(draw(events), draw(st.text(max_size=120)))
        shown = shown.after(record)
    return shown


@unhurried
@given(views(), st.integers(24, 200), st.integers(6, 60), st.booleans())
def test_every_frame_fits_its_terminal_whatever_happened(
    shown: View, width: int, height: int, ascii_only: bool
) -> None:
    lines = frame(shown, width, height, ascii_only).splitlines()
    assert len(lines) <= height
    assert max(cell_len(line) for line in lines) <= width
    if ascii_only:
        assert "".join(lines).isascii()


@unhurried
@given(views(), st.integers(1, 23), st.integers(1, 5))
def test_a_pane_too_small_to_be_of_use_is_survived(shown: View, width: int, height: int) -> None:
    lines = frame(shown, width, height).splitlines()
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)


@unhurried
@given(label_sets, st.booleans())
def test_the_strip_has_a_character_for_each_label(
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
def test_the_three_states_are_told_apart_by_word_and_by_symbol(
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


def test_an_uncertain_state_says_between_what() -> None:
    assert "? uncertain  happy 83%, sad 5%" in frame(view(prediction("uncertain", None)))


def test_silence_is_no_percentage_of_anything() -> None:
    assert line_of(frame(view(prediction("no_speech", None))), "angry").split() == ["a", "angry"]


def test_the_cut_of_very_long_speech_is_no_silence() -> None:
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
def test_a_trouble_outlasts_other_news(bad: Event, good: Event) -> None:
    troubled = view(status(bad, "log: trouble"), status("started", "hello"))
    words = f"! {bad.replace('_', ' ')}: log: trouble"
    assert words in frame(troubled)
    assert words not in frame(troubled.after(status(good, "log works again")))


def test_a_sink_that_fails_is_shown_until_it_works_again_whatever_another_does() -> None:
    failed = view(
        status("sink_failed", "log: disk full; it loses records until this is over"),
        status("sink_failed", "live: another emotiond has the socket; it loses records"),
    )
    assert [each.message[:4] for each in failed.troubles] == ["log:", "live"]
    one_back = failed.after(status("sink_back", "live works again; 3 records were lost"))
    assert [each.message[:4] for each in one_back.troubles] == ["log:"]
    assert not one_back.after(status("sink_back", "log works again; 9 records were lost")).troubles


def test_a_lost_service_is_shown_and_what_it_said_was_wrong_is_not() -> None:
    lost = view(prediction(), status("microphone_lost"), status("service_lost", "waiting"))
    text = frame(lost)
    assert "! service lost" in text
    assert "! waiting" in text
    assert "●" not in text
    assert "!" not in frame(lost.after(status("service_back")))


def test_labels_without_room_are_counted_and_the_most_probable_stay() -> None:
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


def test_names_and_messages_cannot_steer_the_terminal() -> None:
    shown = view(status("started", "a\x1b[2J\nb\ud800"), labels=("ha\nppy\x1b[31m", "sad"))
    text = frame(shown)
    assert "\x1b" not in text
    assert "started: a [2J b" in text


def test_the_labels_follow_a_model_loaded_meanwhile() -> None:
    text = frame(view(prediction(label="calm", probabilities={"calm": 0.9, "tense": 0.1})))
    assert "tense" in text
    assert "disgust" not in text


def test_the_strip_shows_states_hop_by_hop() -> None:
    shown = view()
    for record in (prediction("no_speech", None), prediction("uncertain", None), prediction()):
        shown = shown.after(record).metered(1.0, -20.0, 0.5).metered(1.5, -20.0, 0.5)
    assert "··??hh   ? uncertain  · silence" in line_of(frame(shown), "past")
    assert "..??hh" in frame(shown, ascii_only=True)


def test_a_terminal_without_colour_gets_none() -> None:
    console = terminal(_environ={"TERM": "xterm-256color", "NO_COLOR": "1"})
    console.print(render(view(prediction()), 80, 24))
    found = re.findall(r"\x1b\[([0-9;]*)m", written(console))
    assert set(";".join(found).split(";")) <= {"0", "1", "3", "7"}  # reset, bold, italic, reverse


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_an_encoding_without_line_drawing_gets_characters_it_has(encoding: str) -> None:
    console = terminal(encoding=encoding)
    sink = ConsoleSink(("glücklich", "愤怒"), "emotiond", console)
    sink.open()
    sink.write(prediction(label="glücklich", probabilities={"glücklich": 0.9, "愤怒": 0.1}))
    sink.close()
    text = CONTROL.sub("", written(console))
    assert "> g glucklich" in text
    assert "??" in text


def test_the_next_frame_after_a_resize_has_the_new_size() -> None:
    console = terminal(100, 30)
    sink = ConsoleSink(LABELS, "emotiond", console)
    sink.open()
    sink.write(prediction())
    before = len(written(console))
    console.size = (30, 8)
    sink.close()
    lines = CONTROL.sub("", written(console)[before:].split("\x1b[?1049l")[-1]).splitlines()
    assert max(map(cell_len, lines)) <= 30
    assert len(lines) <= 7
    assert "▶ happy" in "\n".join(lines)


def test_the_screen_is_given_back_with_its_cursor_and_the_last_frame() -> None:
    console = terminal()
    sink = ConsoleSink(LABELS, "emotiond", console)
    sink.open()
    sink.write(prediction())
    sink.close()
    once = written(console)
    sink.close()
    assert once.count(HIDE_CURSOR) == once.count("\x1b[?1049h") == once.count("\x1b[?1049l") == 1
    assert once.rindex(SHOW_CURSOR) > once.rindex(HIDE_CURSOR)
    left_behind = once.split("\x1b[?1049l")[1]
    assert "● happy" in CONTROL.sub("", left_behind)
    assert written(console) == once


def test_a_dumb_terminal_gets_plain_lines() -> None:
    console = terminal(_environ={"TERM": "dumb"})
    sink = ConsoleSink(LABELS, "emotiond", console)
    sink.open()
    sink.write(prediction())
    sink.meter(2.5, -20.0, 0.5)
    sink.close()
    assert written(console) == "00:02.0 happy 0.83\n"


def test_a_terminal_that_is_gone_is_an_oserror_of_the_caller() -> None:
    class Gone(io.StringIO):
        gone = False

        def write(self, text: str) -> int:
            if self.gone:
                raise OSError(5, "Input/output error")
            return super().write(text)

    file = Gone()
    sink = ConsoleSink(LABELS, "emotiond", Console(file=file, force_terminal=True, width=80))
    sink.open()
    file.gone = True
    sink._live.refresh()  # as the refresh thread would
    with pytest.raises(OSError, match="Input/output"):
        sink.write(prediction())
    with pytest.raises(OSError, match="Input/output"):
        sink.close()


def test_ctrl_c_leaves_a_real_terminal_clean() -> None:
    script = textwrap.dedent(
        """
        import signal
        from rich.console import Console
        from emotiond.terminal.console import ConsoleSink
        from emotiond.record import Prediction

        # Ignored from birth where the tests themselves run in a shell's background.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sink = ConsoleSink(("happy", "sad"), "emotiond", Console())
        sink.open()
        try:
            for hop in range(3):
                sink.write(Prediction(
                    model="m", start=0.0, end=hop / 2, state="emotion", label="happy",
                    raw_label="happy", confidence=0.9, probabilities={"happy": 0.9, "sad": 0.1},
                    speech=1.0, level=-20.0))
                sink.meter(hop / 2, -20.0, 1.0)
            while True:
                signal.pause()
        except KeyboardInterrupt:
            pass
        finally:
            sink.close()
        """
    )
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=side,
        stdout=side,
        stderr=side,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "60", "LINES": "20"},
        start_new_session=True,
    )
    os.close(side)
    try:
        output = b""
        interrupted = False
        while select.select([main], [], [], 60)[0]:
            try:
                output += os.read(main, 65536)
            except OSError:  # the other side is closed
                break
            if not interrupted and "▶ h happy" in CONTROL.sub("", output.decode(errors="replace")):
                interrupted = True
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        os.close(main)
    text = output.decode()
    assert "Traceback" not in text
    controls = [found for found in CONTROL.findall(text) if not found.endswith("m")]
    assert controls[0] == "\x1b[?1049h"
    assert controls.count("\x1b[?1049l") == 1
    assert controls[-1] == SHOW_CURSOR
    assert text.endswith(SHOW_CURSOR)
    last = CONTROL.sub("", text.split("\x1b[?1049l")[1])
    assert "● happy  90%" in last
    assert last.endswith("\n")
