"""The console: draws the frames of :mod:`emotiond.terminal.layout` on a terminal."""

import contextlib
import os
import signal
import termios
from threading import Event, Lock, Thread
from typing import IO, Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.screen import Screen

from emotiond.record import Record
from emotiond.streams import is_ready, let_go_of
from emotiond.terminal.layout import render
from emotiond.terminal.plain import PlainSink
from emotiond.terminal.view import View

FRAMES_PER_SECOND: Final = 8
RETRY_SECONDS: Final = 1.0
"""Pause after a frame that could not be drawn (s)."""
SUSPEND_SECONDS: Final = 0.2
"""Longest time that a suspension waits for the frame that is being drawn (s)."""
ENTER: Final = "\x1b[?1049h\x1b[?25l"
"""Switches to the alternate screen and hides the cursor.

Resizing would rewrap the normal screen. Stray prints are not captured; the next frame draws over
them.
"""
HOME: Final = "\x1b[H"
LEAVE: Final = "\x1b[?1049l"
SHOW_CURSOR: Final = "\x1b[?25h"


class ConsoleSink:
    """Shows records live, on the terminal's alternate screen.

    A thread draws the frames. A terminal that can't move its cursor (``TERM=dumb``) gets plain
    lines instead.

    Parameters
    ----------
    labels : tuple of str
        Labels in the model's order.
    title : str
        Title of the screen.
    console : Console
        The terminal; its size may change at any time. Nothing else should write to its file: a
        terminal that takes nothing holds the locks of the file.
    """

    def __init__(self, labels: tuple[str, ...], title: str, console: Console) -> None:
        self._view = View(labels=labels, title=title)
        self._console = console
        self._plain = PlainSink(console.file) if console.is_dumb_terminal else None
        self._drawing = Lock()
        """Held while something is written to the terminal."""
        self._is_job = False
        """Whether a shell gives us the terminal, and may give it to another job."""
        self._entered = False
        """Whether the terminal shows the alternate screen."""
        self._suspended = False
        self._error: BaseException | None = None
        """Exception of the last frame; None if it was drawn."""
        self._ended = Event()
        self._thread: Thread | None = None

    @property
    def view(self) -> View:
        """The view that is shown now."""
        return self._view

    def open(self) -> None:
        """Switch to the alternate screen; raises OSError if the terminal is gone."""
        if self._plain is None and self._thread is None:
            self._is_job = _in_foreground(self._console.file)
            with self._drawing:
                self._draw()
            self._ended.clear()
            self._thread = Thread(target=self._draw_frames, daemon=True, name="frames")
            self._thread.start()

    def write(self, record: Record) -> None:
        """Show a record.

        Raises
        ------
        Exception
            If the last frame could not be drawn: OSError if the terminal is gone.
        """
        if self._plain is not None:
            self._plain.write(record)
        self._view = self._view.after(record)
        self._check()

    def meter(self, seconds: float, level: float, speech: float) -> None:
        """Show the level of a hop, in silence too; raises as :meth:`write` does.

        Parameters
        ----------
        seconds : float
            End of the hop (seconds of stream).
        level : float
            Level of the hop (dBFS).
        speech : float
            How sure the gate is that somebody speaks, 0 to 1.
        """
        if self._plain is not None:
            self._plain.meter(seconds, level, speech)
        self._view = self._view.metered(seconds, level, speech)
        self._check()

    def close(self) -> None:
        """Return to the normal screen and print the last frame there; may be called twice."""
        if self._plain is not None:
            self._plain.close()
        if self._thread is None:
            return
        self._thread = None
        self._ended.set()
        _resume_output(self._console.file)
        with self._drawing:
            if not (self._entered and self._is_ready()):
                let_go_of(self._console.file)
                return
            try:
                self._put(LEAVE)
                self._put(self._text(_Frame(self)))
                self._put(SHOW_CURSOR)
            except OSError:  # the terminal is gone: there is nothing to restore
                let_go_of(self._console.file)

    def suspend(self) -> None:
        """Give the terminal back as it was, until :meth:`resume`; for a signal's handler."""
        self._suspended = True
        if self._drawing.acquire(timeout=SUSPEND_SECONDS):
            try:
                if self._entered and self._is_ready():
                    with contextlib.suppress(OSError):
                        self._put(LEAVE + SHOW_CURSOR)
                self._entered = False
            finally:
                self._drawing.release()

    def resume(self) -> None:
        """Draw everything anew with the next frame; for a signal's handler."""
        self._entered = self._suspended = False

    def _draw_frames(self) -> None:
        """Draw frames, in a thread, until the end; try again if the terminal fails."""
        pause = 1.0 / FRAMES_PER_SECOND
        while not self._ended.wait(pause):
            with self._drawing:
                try:
                    if not self._ended.is_set():
                        self._draw()
                except BaseException as error:  # Rich may raise SystemExit
                    self._entered, self._error = False, error
                else:
                    self._error = None
            pause = 1.0 / FRAMES_PER_SECOND if self._error is None else RETRY_SECONDS

    def _draw(self) -> None:
        """Draw a frame, unless the terminal would block or is another program's."""
        if not self._suspended and self._is_ready():
            frame = self._text(Screen(_Frame(self)))
            self._put((HOME if self._entered else ENTER + HOME) + frame)
            self._entered = True

    def _is_ready(self) -> bool:
        file = self._console.file
        return is_ready(file) and (not self._is_job or _in_foreground(file))

    def _text(self, drawing: RenderableType) -> str:
        with self._console.capture() as capture:
            self._console.print(drawing, end="")
        return capture.get()

    def _put(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()

    def _check(self) -> None:
        """Raise the exception of the last frame, if there was one."""
        error = self._error  # the thread that draws may clear it at any time
        if error is not None:
            raise error


class _Frame:
    """A frame that fits the size which the terminal has when it is drawn."""

    def __init__(self, sink: ConsoleSink) -> None:
        self._sink = sink

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height
        if height is None:  # on the normal screen: leave a line for the prompt
            height = max(1, console.size.height - 1)
        plain_characters = options.ascii_only or options.legacy_windows
        yield render(self._sink.view, options.max_width, height, plain_characters)


def _in_foreground(terminal: IO[str]) -> bool:
    """Say whether a shell has given the terminal to this job."""
    try:
        return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # not the terminal that controls this process
        return False


def _resume_output(terminal: IO[str]) -> None:
    """Undo Ctrl-S, which stops a terminal in the middle of a frame, so that it can be restored."""
    # A job in the background that does this would be stopped by the signal.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with contextlib.suppress(OSError, ValueError, termios.error):
            # Linux resumes only what was stopped by the same call.
            termios.tcflow(terminal.fileno(), termios.TCOOFF)
            termios.tcflow(terminal.fileno(), termios.TCOON)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
