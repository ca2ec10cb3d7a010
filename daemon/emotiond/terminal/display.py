"""The choice of a display: the console on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable

from emotiond.record import Hello
from emotiond.sinks.sink import Sink


def screen(hello: Hello, on_broken: Callable[[], None]) -> Sink:
    """Return the display that suits standard output.

    Parameters
    ----------
    hello : Hello
        Model, labels and title.
    on_broken : callable
        Called once if standard output is a pipe whose reader has gone.
    """
    if not sys.stdout.isatty():
        from emotiond.terminal.plain import PlainSink

        return PlainSink(sys.stdout, on_broken)
    from rich.console import Console

    from emotiond.terminal.console import ConsoleSink

    return ConsoleSink(hello.labels, hello.title, Console())
