"""The console: a screen of fixed size is a string to compare."""

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console, ConsoleDimensions

from emotiond.record import Voices
from emotiond.terminal import console as console_module
from emotiond.terminal.console import ConsoleSink
from emotiond.terminal.ground import QUERY
from emotiond.terminal.keys import Key, Keys
from emotiond.terminal.styles import styles_of
from tests.daemon.terminal.screens import hello, prediction, reading, terminal, utterance, written

SHOW_CURSOR = "\x1b[?25h"
HIDE_CURSOR = "\x1b[?25l"
LIGHT_GREY = styles_of("light").quiet.render("x", color_system=ColorSystem.EIGHT_BIT)[:-5].encode()
"""Begins quiet words on light ground."""
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_an_encoding_without_line_drawing_gets_ascii(encoding: str) -> None:
    console = terminal(encoding=encoding)
    sink = ConsoleSink(hello(("glücklich", "愤怒")), console)
    sink.open()
    sink.write(prediction(label="glücklich", probabilities={"glücklich": 0.9, "愤怒": 0.1}))
    sink._draw()
    sink.close()
    text = CONTROL.sub("", written(console))
    assert "> g glucklich" in text
    assert "??" in text
    assert "  glucklich 100 %" in text


def test_the_next_frame_after_a_resize_has_the_new_size() -> None:
    console = terminal(100, 30)
    sink = ConsoleSink(hello(), console)
    sink.open()
    sink.write(prediction())
    console.size = ConsoleDimensions(30, 8)
    before = len(written(console))
    sink._draw()
    lines = CONTROL.sub("", written(console)[before:]).splitlines()
    sink.close()
    assert {cell_len(line) for line in lines} == {30}
    assert len(lines) == 8
    assert "▶ h happy" in "\n".join(lines)


def test_closing_restores_the_screen_and_the_cursor_and_leaves_a_summary() -> None:
    console = terminal()
    sink = ConsoleSink(hello(log="/var/log/x"), console)
    sink.open()
    sink.write(prediction())
    sink.close()
    once = written(console)
    sink.close()
    assert once.count(HIDE_CURSOR) == once.count("\x1b[?1049h") == once.count("\x1b[?1049l") == 1
    assert once.rindex(SHOW_CURSOR) > once.rindex(HIDE_CURSOR)
    left_behind = CONTROL.sub("", once.split("\x1b[?1049l")[1])
    assert left_behind.splitlines() == [
        "emotiond listened for 0 s; somebody spoke for 0 s:",
        "  happy 100 %  ████████████████████",
        "The log is in /var/log/x",
    ]
    assert written(console) == once


def test_a_frame_in_which_nothing_is_new_is_not_drawn_again_until_a_second_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(console_module, "FRAMES_PER_SECOND", 0.001)
    now = 100.0
    monkeypatch.setattr(console_module.time, "monotonic", lambda: now)
    console = terminal()
    sink = ConsoleSink(hello(), console)
    sink.open()
    drawn = len(written(console))
    sink._draw()
    assert len(written(console)) == drawn
    now = 101.0  # others may have printed over it
    sink._draw()
    assert len(written(console)) > drawn
    drawn = len(written(console))
    sink.write(prediction())
    sink._draw()
    assert len(written(console)) > drawn
    sink.close()


def test_a_paused_display_stays_as_it_is_and_goes_on_with_all_that_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(console_module, "FRAMES_PER_SECOND", 0.001)
    console = terminal()
    sink = ConsoleSink(hello(), console)
    sink.open()
    sink._keys()["p"].action()
    sink.write(prediction())
    sink.write(utterance("sad", 1.0))
    before = len(written(console))
    sink._draw()
    paused = CONTROL.sub("", written(console)[before:])
    assert "paused" in paused
    assert "nobody speaks" in paused
    sink._keys()["p"].action()
    before = len(written(console))
    sink._draw()
    assert "83 %" in written(console)[before:]
    assert "sad" in written(console)[before:]
    sink.close()


def test_a_dumb_terminal_gets_plain_lines() -> None:
    console = terminal(_environ={"TERM": "dumb"})
    sink = ConsoleSink(hello(), console)
    sink.open()
    sink.write(prediction())
    sink.meter(reading(2.5))
    sink.close()
    assert written(console) == "00:02.0 happy 0.83\n"


class Breakable(io.StringIO):
    """A terminal that fails while ``error`` is set."""

    error: Exception | None = None

    def write(self, text: str) -> int:
        if self.error is not None:
            raise self.error
        return super().write(text)


@pytest.fixture
def breakable(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Breakable, ConsoleSink]]:
    monkeypatch.setattr(console_module, "FRAMES_PER_SECOND", 1000)
    monkeypatch.setattr(console_module, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(console_module, "REDRAW_SECONDS", 0.0)
    file = Breakable()
    sink = ConsoleSink(hello(), Console(file=file, force_terminal=True, width=80))
    yield file, sink
    sink.close()


def wait_for(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.001)


def fails(sink: ConsoleSink) -> bool:
    try:
        sink.meter(reading(1.0))
    except (OSError, ValueError):
        return True
    return False


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), ValueError("closed")])
def test_a_terminal_that_fails_raises_until_it_is_back_and_is_then_drawn_anew(
    breakable: tuple[Breakable, ConsoleSink], error: Exception
) -> None:
    file, sink = breakable
    sink.open()
    sink.write(prediction())
    for _ in range(2):
        file.error = error
        wait_for(lambda: fails(sink))
        with pytest.raises(type(error)) as raised:
            sink.write(prediction())
        assert raised.value is error
        before = len(file.getvalue())
        file.error = None
        wait_for(lambda: not fails(sink))
        sink.write(prediction(label="sad"))
        drawn = file.getvalue()[before:]
        assert drawn.startswith("\x1b[?1049h" + HIDE_CURSOR)
        assert "emotiond" in drawn


def test_a_terminal_that_fails_at_the_start_can_be_opened_later(
    breakable: tuple[Breakable, ConsoleSink],
) -> None:
    file, sink = breakable
    file.error = OSError(5, "Input/output error")
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output"):
            sink.open()
    file.error = None
    sink.open()
    assert file.getvalue().startswith("\x1b[?1049h")


def test_a_terminal_that_is_gone_at_the_end_is_left(
    breakable: tuple[Breakable, ConsoleSink],
) -> None:
    file, sink = breakable
    sink.open()
    file.error = OSError(5, "Input/output error")
    sink.close()


def test_a_suspended_console_leaves_the_terminal_and_draws_nothing_until_it_is_resumed(
    breakable: tuple[Breakable, ConsoleSink],
) -> None:
    file, sink = breakable
    sink.open()
    wait_for(lambda: file.getvalue().count("emotiond") > 3)
    sink.suspend()
    assert file.getvalue().endswith("\x1b[?1049l" + SHOW_CURSOR)
    before = len(file.getvalue())
    sink.write(prediction())
    time.sleep(0.02)
    assert len(file.getvalue()) == before
    sink.resume()
    wait_for(lambda: "emotiond" in file.getvalue()[before:])
    assert file.getvalue()[before:].startswith("\x1b[?1049h" + HIDE_CURSOR)


def test_a_suspension_does_not_wait_for_a_terminal_that_is_stopped(
    breakable: tuple[Breakable, ConsoleSink], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_module, "SUSPEND_SECONDS", 0.01)
    _, sink = breakable
    sink.open()
    with sink._drawing:  # as a thread that hangs in a write
        sink.suspend()
    sink.resume()


def test_the_terminal_is_asked_for_its_background_and_the_answer_is_no_key() -> None:
    script = textwrap.dedent(
        """
        import sys
        from threading import Event
        from rich.console import Console
        from emotiond.record import Hello
        from emotiond.terminal.console import ConsoleSink

        end = Event()
        hello = Hello(model="m", labels=("happy", "sad"), title="emotiond", log="/l")
        sink = ConsoleSink(hello, Console(), end.set)
        sink.open()
        end.wait(60)
        sink.close()
        """
    )
    pid, main = pty.fork()
    if pid == 0:
        kept = {name: value for name, value in os.environ.items() if name != "COLORFGBG"}
        size = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
        os.execve(sys.executable, [sys.executable, "-c", script], kept | size)  # noqa: S606
    output = b""
    answered = typed = False
    while select.select([main], [], [], 60)[0]:
        try:
            output += os.read(main, 65536)
        except OSError:  # the program has ended
            break
        if not answered and QUERY.encode() in output:
            answered = True
            os.write(main, b"\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\")
        if not typed and LIGHT_GREY in output:
            typed = True
            os.write(main, b"q")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(main)
    assert typed
    assert output.count(QUERY.encode()) == 1
    assert b"The log is in /l" in output


def test_a_key_whose_action_fails_does_not_end_the_display(
    breakable: tuple[Breakable, ConsoleSink], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, sink = breakable
    texts = iter(["u"])
    monkeypatch.setattr(sink._keyboard, "read", lambda: next(texts, ""))
    acted = Event()

    def fail() -> None:
        acted.set()
        raise OSError(5, "no answer")

    sink._own_keys["u"] = Key("undo", fail)
    sink.open()
    assert acted.wait(30)
    wait_for(lambda: not fails(sink))
    before = len(file.getvalue())
    wait_for(lambda: len(file.getvalue()) > before)


def test_the_keys_are_those_of_the_labels_that_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pressed: list[str] = []

    def keys(labels: tuple[str, ...]) -> Keys:
        return {
            f"{number}": Key(label, lambda label=label: pressed.append(label))
            for number, label in enumerate(labels, 1)
        }

    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24)
    sink = ConsoleSink(hello(("calm", "cross")), console, keys=keys)
    texts = iter("3212")
    monkeypatch.setattr(sink._keyboard, "read", lambda: next(texts, ""))
    sink._act_on_keys()
    sink._act_on_keys()
    sink.voices(Voices(labels=("bark", "laugh"), examples=2))
    sink._act_on_keys()
    sink._act_on_keys()
    assert pressed == ["cross", "bark", "laugh"]


def test_ctrl_c_leaves_a_real_terminal_clean() -> None:
    script = textwrap.dedent(
        """
        import signal
        from rich.console import Console
        from emotiond.terminal.console import ConsoleSink
        from emotiond.record import Hello, Meter, Prediction

        # A process that a shell started in the background ignores SIGINT, and so do its children.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sink = ConsoleSink(Hello(model="m", labels=("happy", "sad"), title="emotiond"), Console())
        sink.open()
        try:
            for hop in range(3):
                sink.write(Prediction(
                    model="m", start=0.0, end=hop / 2, state="emotion", label="happy",
                    raw_label="happy", confidence=0.9, probabilities={"happy": 0.9, "sad": 0.1},
                    speech=1.0, level=-20.0))
                sink.meter(Meter(seconds=hop / 2, level=-20.0, speech=1.0))
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
            except OSError:  # the program has closed its side
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
    assert "happy 100 %" in last
    assert last.endswith("\n")
