"""Keys: single keys of a real terminal, which is afterwards as it was."""

import contextlib
import os
import pty
import select
import signal
import sys
import termios
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.terminal.keys import Key, Keyboard, pressed

PROGRAM = textwrap.dedent(
    """
    import os, signal, sys
    from threading import Event
    from emotiond.terminal.keys import Key, Keyboard, pressed

    typed = []
    def crash():
        raise RuntimeError("crash")
    keys = {each: Key("", lambda each=each: typed.append(each)) for each in "ab"}
    keys |= {"x": Key("", crash), "q": Key("", sys.exit)}
    keyboard = Keyboard(sys.stdout)
    keyboard.take()
    def stop(*_):
        keyboard.release()
        os.kill(os.getpid(), signal.SIGSTOP)
    signal.signal(signal.SIGTSTP, stop)
    signal.signal(signal.SIGCONT, lambda *_: keyboard.take())
    print("taken", flush=True)
    while True:
        keyboard.wait(0.05, Event())
        for key in pressed(keyboard.read(), keys):
            key.action()
        print("typed", "".join(typed), flush=True)
    """
)


class Program:
    """PROGRAM on a terminal of its own, which it controls."""

    def __init__(self) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, "-c", PROGRAM])  # noqa: S606
        self.shown = b""

    def type(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def read_until(self, words: bytes) -> None:
        give_up = time.monotonic() + 30.0
        while words not in self.shown:
            assert time.monotonic() < give_up, self.shown
            if select.select([self.terminal], [], [], 0.1)[0]:
                self.shown += os.read(self.terminal, 65536)
        self.shown = self.shown.split(words, 1)[1]

    @property
    def sends_single_keys(self) -> bool:
        flags = termios.tcgetattr(self.terminal)[3]
        assert bool(flags & termios.ICANON) == bool(flags & termios.ECHO)
        assert flags & termios.ISIG
        return not flags & termios.ICANON

    def is_given_back(self) -> bool:
        give_up = time.monotonic() + 30.0
        while self.sends_single_keys and time.monotonic() < give_up:
            if select.select([self.terminal], [], [], 0.01)[0]:
                with contextlib.suppress(OSError):
                    self.shown += os.read(self.terminal, 65536)
        return not self.sends_single_keys


@pytest.fixture
def program() -> Iterator[Program]:
    program = Program()
    # The other side stays open here, so that the attributes outlive the program.
    program.read_until(b"taken")
    side = os.open(f"/proc/{program.pid}/fd/1", os.O_RDWR | os.O_NOCTTY)
    yield program
    with contextlib.suppress(ProcessLookupError):
        os.kill(program.pid, signal.SIGKILL)
    os.waitpid(program.pid, 0)
    os.close(program.terminal)
    os.close(side)


def test_each_key_acts_at_once_without_an_echo_and_unknown_ones_do_nothing(
    program: Program,
) -> None:
    assert program.sends_single_keys
    program.type(b"a\x1b[Bz\xffb")
    program.read_until(b"typed ab\r\n")


@pytest.mark.parametrize("key", [b"q", b"x", b"\x03"], ids=["exit", "crash", "Ctrl-C"])
def test_the_terminal_is_given_back_at_the_end_and_at_a_crash(program: Program, key: bytes) -> None:
    program.type(key)
    assert program.is_given_back()


def test_ctrl_z_gives_the_terminal_back_and_going_on_takes_it_again(program: Program) -> None:
    program.type(b"\x1a")
    assert program.is_given_back()
    os.kill(program.pid, signal.SIGCONT)
    program.type(b"b\n")  # not yet taken, a terminal keeps a line until its end
    program.read_until(b"typed b")
    assert program.sends_single_keys


def test_a_file_has_no_keys() -> None:
    with Path(os.devnull).open("w") as nowhere:
        keyboard = Keyboard(nowhere)
        keyboard.take()
        keyboard.wait(0.0, Event())
        assert keyboard.read() == ""
        keyboard.release()


KEYS = {each: Key(each, lambda: None) for each in "pq["}


@given(st.text())
def test_no_input_is_an_error(text: str) -> None:
    assert {key.help for key in pressed(text, KEYS)} <= set(text)


@pytest.mark.parametrize(
    "sequence",
    ["\x1b[A", "\x1bOp", "\x1b[15~", "\x1bq", "\x1b[1;5C", "\x1b]11;rgb:p/q/q\x1b\\", "\x1b]q\x07"],
)
def test_an_arrow_a_function_key_and_an_answer_are_no_letters(sequence: str) -> None:
    assert [key.help for key in pressed(f"q{sequence}p", KEYS)] == ["q", "p"]
