"""The live screen: a terminal around :mod:`emotiond.terminal.layout`."""

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
    """Show records live, on a screen of their own while it is open.

    A terminal that can't move its cursor (``TERM=dumb``) gets plain lines.

    Parameters
    ----------
    labels : tuple of str
        Of the model, in its order.
    title : str
        What is shown.
    console : Console
        Where; its size may change at any time.
    """

    def __init__(self, labels: tuple[str, ...], title: str, console: Console) -> None:
        self._view = View(labels=labels, title=title)
        self._console = console
        self._plain = PlainSink(console.file) if console.is_dumb_terminal else None
        # A screen of its own: a terminal that is resized rewraps what is on its ordinary one.
        # What others print is left alone: the next frame covers it, wherever it came from.
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
        """What is shown now."""
        return self._view

    def open(self) -> None:
        """Take the screen."""
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
        """Show the input after a hop, silent or not.

        Parameters
        ----------
        seconds : float
            Stream time.
        level : float
            Loudness (dBFS).
        speech : float
            How sure it is that somebody speaks, 0 to 1.

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
        """Give the screen back, and leave the last frame behind; a second time is harmless."""
        if self._plain is not None:
            self._plain.close()
        elif self._live.is_started:
            with contextlib.suppress(OSError, ValueError, termios.error):
                # It may have been stopped by Ctrl-S, and would not take the last frame.
                termios.tcflow(self._console.file.fileno(), termios.TCOON)
            if not is_ready(self._console.file):
                return  # nobody may ever read it
            try:
                self._live.stop()
                self._console.print(_Frame(self), end="")
            finally:
                self._console.show_cursor(True)


class _Frame:
    """The frame for whatever size the terminal has when it is drawn."""

    def __init__(self, sink: ConsoleSink) -> None:
        self._sink = sink

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height
        if height is None:  # on the ordinary screen: leave a line for the prompt
            height = max(1, console.size.height - 1)
        plain_characters = options.ascii_only or options.legacy_windows
        yield render(self._sink.view, options.max_width, height, plain_characters)


class _Live(Live):
    """A Live whose refresh thread keeps an error for the caller to raise."""

    _error: OSError | None = None

    def refresh(self) -> None:
        """Draw a frame, unless the terminal takes none now."""
        if self._error is None and is_ready(self.console.file):
            try:
                super().refresh()
            except OSError as error:
                self._error = error

    def check(self) -> None:
        """Raise what went wrong since the last frame."""
        if self._error is not None:
            raise OSError(*self._error.args)

    def stop(self) -> None:
        """Stop; a terminal that is gone need not be restored."""
        with contextlib.suppress(OSError) if self._error else contextlib.nullcontext():
            super().stop()
