"""The console: draws the frames of :mod:`emotiond.terminal.layout` on a terminal."""

import contextlib
import os
import signal
import termios
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from threading import Event, Lock, Thread
from typing import IO, Final

from rich.console import Console
from rich.segment import Segment, Segments

from emotiond.record import Hello, Meter, Record, Voices, utc_now
from emotiond.streams import in_foreground, is_ready, let_go_of
from emotiond.terminal.frame import Frame, Page
from emotiond.terminal.ground import QUERY, ground_by_environment, ground_by_reply
from emotiond.terminal.keys import Key, Keyboard, Keys, KeysOf, no_keys, pressed
from emotiond.terminal.layout import render
from emotiond.terminal.plain import PlainSink
from emotiond.terminal.styles import palette_of
from emotiond.terminal.summary import summary
from emotiond.terminal.view import View

FRAMES_PER_SECOND: Final = 8
"""Looks whether there is something new to draw."""
REDRAW_SECONDS: Final = 1.0
"""A frame in which nothing is new is drawn again after this time (s)."""
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


def local_now() -> datetime:
    """Return the time of the wall clock, in the zone of this machine."""
    return utc_now().astimezone()


class ConsoleSink:
    """Shows records live, on the terminal's alternate screen.

    A thread draws the frames and acts on keys. A terminal that can't move its cursor
    (``TERM=dumb``) gets plain lines instead.

    Parameters
    ----------
    hello : Hello
        Labels in the model's order, title, and all else that a frame says of the daemon.
    console : Console
        The terminal; its size may change at any time. Nothing else should write to its file: a
        terminal that takes nothing holds the locks of the file.
    stop : callable
        Called if the key ``q`` was typed.
    keys : callable
        More keys for the labels that are shown; the thread that draws calls their actions.
    now : callable
        The wall clock, in the time zone to show it in.
    """

    def __init__(
        self,
        hello: Hello,
        console: Console,
        stop: Callable[[], None] = lambda: None,
        keys: KeysOf = no_keys,
        now: Callable[[], datetime] = local_now,
    ) -> None:
        self._now = now
        self._view = View.of(hello, now())
        self._console = console
        self._plain = PlainSink(console.file) if console.is_dumb_terminal else None
        self._own_keys: Keys = {
            "q": Key("quit", stop),
            "p": Key("pause", self._pause),
            "b": Key("big word", lambda: self._turn_to("big")),
            "?": Key("help", lambda: self._turn_to("help")),
        }
        self._more_keys = keys
        self._keyboard = Keyboard(console.file)
        self._page: Page = "all"
        self._notice: str | None = None
        """Answer to the last key that was typed."""
        self._paused: View | None = None
        """The view that is shown while the display is paused."""
        self._ground = ground_by_environment(os.environ)
        self._asked = False
        """Whether the terminal was asked for its background."""
        self._drawn: tuple[View, Frame] | None = None
        """What the terminal shows."""
        self._drawn_at = 0.0
        """When it was drawn (monotonic seconds)."""
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

    def open(self) -> None:
        """Switch to the alternate screen; raises OSError if the terminal is gone."""
        if self._plain is None and self._thread is None:
            self._is_job = in_foreground(self._console.file)
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
        self._view = self._view.after(record, self._now())
        self._check()

    def meter(self, reading: Meter) -> None:
        """Show the reading of a hop, in silence too; raises as :meth:`write` does."""
        if self._plain is not None:
            self._plain.meter(reading)
        self._view = self._view.metered(reading, self._now())
        self._check()

    def voices(self, voices: Voices) -> None:
        """Show new labels and the new number of examples; raises as :meth:`write` does."""
        self._view = self._view.taught(voices)
        self._check()

    def close(self) -> None:
        """Return to the normal screen and print the summary there; may be called twice."""
        if self._plain is not None:
            self._plain.close()
        if self._thread is None:
            return
        self._thread = None
        self._ended.set()
        _resume_output(self._console.file)
        with self._drawing:
            self._keyboard.release()
            if not (self._entered and self._is_ready()):
                let_go_of(self._console.file)
                return
            try:
                options = self._console.options
                lines = summary(self._view, options.max_width, options.ascii_only)
                self._put(LEAVE + "".join(f"{line}\n" for line in lines) + SHOW_CURSOR)
            except OSError:  # the terminal is gone: there is nothing to restore
                let_go_of(self._console.file)

    def suspend(self) -> None:
        """Give the terminal back as it was, until :meth:`resume`; for a signal's handler."""
        self._suspended = True
        self._keyboard.release()
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
        while not self._ended.is_set():
            self._keyboard.wait(pause, self._ended)
            try:
                self._act_on_keys()
                with self._drawing:
                    if not self._ended.is_set():
                        self._draw()
            except BaseException as error:  # Rich may raise SystemExit
                self._entered, self._error = False, error
            else:
                self._error = None
            pause = 1.0 / FRAMES_PER_SECOND if self._error is None else RETRY_SECONDS

    def _act_on_keys(self) -> None:
        with self._drawing:
            text = self._keyboard.read()
        self._ground = ground_by_reply(text) or self._ground
        for key in pressed(text, self._keys()):  # not under the lock: an action may take its time
            self._notice = key.action()

    def _draw(self) -> None:
        """Draw a frame if there is anything new, unless the terminal is another program's."""
        if self._suspended or not self._is_ready():
            return
        self._keyboard.take()
        self._ask()
        view, frame = self._paused or self._view, self._frame()
        shows_it = self._drawn is not None and self._drawn[0] is view and self._drawn[1] == frame
        if not (shows_it and self._entered) or self._is_old():
            shown = view if self._paused else replace(view, now=self._now())
            self._put(
                (HOME if self._entered else ENTER + HOME) + text_of(self._console, shown, frame)
            )
            self._entered, self._drawn, self._drawn_at = True, (view, frame), time.monotonic()

    def _is_old(self) -> bool:
        return time.monotonic() - self._drawn_at >= REDRAW_SECONDS

    def _frame(self) -> Frame:
        console = self._console
        colours = None if console.no_color else console.color_system
        keys = tuple((name, key.help) for name, key in self._keys().items())
        return Frame(
            *console.size,
            palette=palette_of(colours, self._ground),
            ascii_only=console.options.ascii_only,
            keys=keys if self._keyboard.is_ours() else (),
            page=self._page,
            paused=self._paused is not None,
            notice=self._notice,
        )

    def _keys(self) -> Keys:
        """Return all keys, those of the labels that are shown among them."""
        return {**self._own_keys, **self._more_keys((self._paused or self._view).labels)}

    def _ask(self) -> None:
        """Ask the terminal once for its background, if that matters and the answer can be read."""
        console = self._console
        if self._asked or self._ground is not None or not self._keyboard.is_ours():
            return
        self._asked = True
        if not console.no_color and console.color_system in ("256", "truecolor"):
            self._put(QUERY)

    def _pause(self) -> None:
        self._paused = self._view if self._paused is None else None

    def _turn_to(self, page: Page) -> None:
        """Turn to a page, or back from it."""
        self._page = "all" if self._page == page else page

    def _is_ready(self) -> bool:
        file = self._console.file
        return is_ready(file) and (not self._is_job or in_foreground(file))

    def _put(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()

    def _check(self) -> None:
        """Raise the exception of the last frame, if there was one."""
        error = self._error  # the thread that draws may clear it at any time
        if error is not None:
            raise error


def text_of(console: Console, view: View, frame: Frame) -> str:
    """Return a frame as a terminal takes it, without the last line break."""
    line_break = Segment.line()
    segments: list[Segment] = []
    for line in render(view, frame):
        segments += [*line, line_break]
    with console.capture() as capture:
        console.print(Segments(segments[:-1]), end="", crop=False)
    return capture.get()


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
