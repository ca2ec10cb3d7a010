"""The choice of a display: the console on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable

from emotiond.record import Hello
from emotiond.sinks.sink import Sink
from emotiond.streams import of_its_own
from emotiond.terminal.keys import KeysOf, no_keys


def screen(hello: Hello, stop: Callable[[], None], keys: KeysOf = no_keys) -> Sink:
    """Return the display that suits standard output; call it in the main thread.

    A display has a stream of its own, so that one which hangs holds up no flush of standard output.

    Parameters
    ----------
    hello : Hello
        Model, labels and title.
    stop : callable
        Called if nobody watches any more: the key ``q`` was typed, or standard output is a pipe
        whose reader has gone.
    keys : callable, optional
        More keys that act while the console is shown, for the labels that it shows.
    """
    stream = of_its_own(sys.stdout)
    if not stream.isatty():
        from emotiond.terminal.plain import PlainSink

        return PlainSink(stream, stop)
    from rich.console import Console

    from emotiond.terminal.console import ConsoleSink
    from emotiond.terminal.suspension import suspend_on_signal

    console = ConsoleSink(hello, Console(file=stream), stop, keys)
    suspend_on_signal(console)
    return console
