"""The screen of a guided teaching: paragraphs, and below them one line that shows the level.

On a terminal that can't move its cursor (``TERM=dumb``), and so for screen readers, there is no
such line: a note on it is printed whenever it changes.
"""

import os
from contextlib import suppress
from threading import Event
from typing import Final

from rich.console import Console
from rich.segment import Segments
from rich.text import Text

from emotiond.teaching.session import Key
from emotiond.teaching.words import KEYS, Kind, Page, Paragraph
from emotiond.terminal.keys import SEQUENCE, Keyboard
from emotiond.terminal.level import level
from emotiond.terminal.lines import clean, fitted, run
from emotiond.terminal.look import look_of
from emotiond.terminal.styles import STRONG
from emotiond.terminal.view import View

WIDEST: Final = 76
"""Most cells of a paragraph, and of the line with the level."""
INDENTS: Final[dict[Kind, int]] = {"head": 0, "plain": 2, "say": 4, "quiet": 2, "alarm": 2}
"""Cells before a paragraph."""
STRONG_ONES: Final[tuple[Kind, ...]] = ("head", "say", "alarm")
CLEAR: Final = "\r\x1b[K"
"""Goes to the beginning of the line, and clears it."""


class Screen:
    """Shows a guided teaching, and reads its keys.

    Parameters
    ----------
    console : Console
        The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._keyboard = Keyboard(console.file)
        self._closed = Event()
        self._drawn = ""
        """The line with the level, as it is on the screen; empty if there is none."""
        self._note = ""
        """The note that was given last."""

    def open(self) -> None:
        """Have the terminal send each key at once, without an echo."""
        self._keyboard.take()

    def show(self, page: Page) -> None:
        """Print paragraphs; raises OSError if the terminal is gone."""
        self._clear()
        console = self._console
        width = min(self._columns(), WIDEST)
        for text, kind in page:
            if kind == "head":
                console.print()
            mark = "! " if kind == "alarm" else ""
            words = Text(
                clean(mark + text, console.options.ascii_only),
                STRONG if kind in STRONG_ONES else "",
            )
            left = min(INDENTS[kind], width - 1)
            for line in words.wrap(console, width - left):
                line.rstrip()
                console.print(Text(" " * left) + line, no_wrap=True, crop=False)

    def draw(self, view: View, note: str) -> None:
        """Show the level, and a note behind it, on the line below all paragraphs."""
        console = self._console
        if console.is_dumb_terminal and note not in ("", self._note):
            self.show((Paragraph(note.strip(), "quiet"),))
        self._note = note
        if console.is_dumb_terminal or not self._keyboard.is_ours():
            return
        look = look_of(view.labels, "none", console.options.ascii_only)
        width = min(console.width - 1, WIDEST)
        room = max(0, width - 2 - len(note))
        line = fitted([run("  "), *fitted(level(view, look, room), room), run(note)], width)
        with console.capture() as capture:
            console.print(Segments(line), end="", crop=False, soft_wrap=True)
        if (drawn := capture.get()) != self._drawn:
            self._put(CLEAR + drawn)
            self._drawn = drawn

    def wait(self, seconds: float) -> None:
        """Wait for a key, at most some seconds."""
        self._keyboard.take()
        self._keyboard.wait(seconds, self._closed)

    def pressed(self) -> list[Key]:
        """Return the keys that were pressed since the last call."""
        text = SEQUENCE.sub("", self._keyboard.read()).lower()
        return [KEYS[character] for character in text if character in KEYS]

    def suspend(self) -> None:
        """Give the terminal back as it was, until :meth:`resume`; for a signal's handler."""
        self._keyboard.release()

    def resume(self) -> None:
        """Draw the level anew; for a signal's handler."""
        self._drawn = ""

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._closed.set()
        self._clear()
        self._keyboard.release()

    def _columns(self) -> int:
        """Return the columns of the terminal; Rich takes a simple one to have 80."""
        with suppress(OSError, ValueError):  # not a file, or no terminal
            return os.get_terminal_size(self._console.file.fileno()).columns or WIDEST
        return self._console.width

    def _clear(self) -> None:
        if self._drawn:
            self._put(CLEAR)
            self._drawn = ""

    def _put(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()
