"""The console: draws the frames of :mod:`emotiond.terminal.layout` on a terminal."""

import contextlib
import termios
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live

from emotiond.record import Record
from emotiond.streams import is_ready
from emotiond.terminal.layout import render
from emotiond.terminal.plain import PlainSink
from emotiond.terminal.view import View

FRAMES_PER_SECOND: Final = 8


class ConsoleSink:
    """Shows records live, on the terminal's alternate screen.

    A terminal that can't move its cursor (``TERM=dumb``) gets plain lines instead.

    Parameters
    ----------
    labels : tuple of str
        Labels in the model's order.
    title : str
        Title of the screen.
    console : Console
        The terminal; its size may change at any time.
    """

    def __init__(self, labels: tuple[str, ...], title: str, console: Console) -> None:
        self._view = View(labels=labels, title=title)
        self._console = console
        self._plain = PlainSink(console.file) if console.is_dumb_terminal else None
        # Alternate screen: resizing would rewrap the normal one. Stray prints are not captured;
        # the next frame draws over them.
        self._live = _Live(
            _Frame(self),
            console=console,
            screen=True,
            refresh_per_second=FRAMES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    @property
    def view(self) -> View:
        """The view that is shown now."""
        return self._view

    def open(self) -> None:
        """Switch to the alternate screen."""
        if self._plain is None:
            self._live.start(refresh=True)

    def write(self, record: Record) -> None:
        """Show a record.

        Raises
        ------
        OSError
            If the terminal is gone.
        """
        if self._plain is not None:
            self._plain.write(record)
        self._view = self._view.after(record)
        self._live.check()

    def meter(self, seconds: float, level: float, speech: float) -> None:
        """Show the level of a hop, in silence too.

        Parameters
        ----------
        seconds : float
            End of the hop (seconds of stream).
        level : float
            Level of the hop (dBFS).
        speech : float
            How sure the gate is that somebody speaks, 0 to 1.

        Raises
        ------
        OSError
            If the terminal is gone.
        """
        if self._plain is not None:
            self._plain.meter(seconds, level, speech)
        self._view = self._view.metered(seconds, level, speech)
        self._live.check()

    def close(self) -> None:
        """Return to the normal screen and print the last frame there; may be called twice."""
        if self._plain is not None:
            self._plain.close()
        elif self._live.is_started:
            with contextlib.suppress(OSError, ValueError, termios.error):
                # Ctrl-S may have stopped the output: resume it for the last frame.
                termios.tcflow(self._console.file.fileno(), termios.TCOON)
            if not is_ready(self._console.file):
                return  # a write could block for ever
            try:
                self._live.stop()
                self._console.print(_Frame(self), end="")
            finally:
                self._console.show_cursor(True)


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


class _Live(Live):
    """A Live that keeps an error of its refresh thread, for the caller to raise."""

    _error: OSError | None = None

    def refresh(self) -> None:
        """Draw a frame, unless the terminal would block."""
        if self._error is None and is_ready(self.console.file):
            try:
                super().refresh()
            except OSError as error:
                self._error = error

    def check(self) -> None:
        """Raise the error of an earlier frame, if there was one."""
        if self._error is not None:
            raise OSError(*self._error.args)

    def stop(self) -> None:
        """Stop; ignore errors if the terminal is gone."""
        with contextlib.suppress(OSError) if self._error else contextlib.nullcontext():
            super().stop()
