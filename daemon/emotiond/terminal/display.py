"""The choice of a display: the console on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable

from emotiond.record import Hello
from emotiond.sinks.sink import Sink
from emotiond.streams import of_its_own


def screen(hello: Hello, on_broken: Callable[[], None]) -> Sink:
    """Return the display that suits standard output; call it in the main thread.

    A display has a stream of its own, so that one which hangs holds up no flush of standard output.

    Parameters
    ----------
    hello : Hello
        Model, labels and title.
    on_broken : callable
        Called once if standard output is a pipe whose reader has gone.
    """
    stream = of_its_own(sys.stdout)
    if not stream.isatty():
        from emotiond.terminal.plain import PlainSink

        return PlainSink(stream, on_broken)
    from rich.console import Console

    from emotiond.terminal.console import ConsoleSink
    from emotiond.terminal.suspension import suspend_on_signal

    console = ConsoleSink(hello.labels, hello.title, Console(file=stream))
    suspend_on_signal(console)
    return console
