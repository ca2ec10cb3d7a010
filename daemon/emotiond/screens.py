"""Which screen: the console on a terminal, plain lines elsewhere."""

import sys

from emotiond.live import Hello
from emotiond.sinks import Sink


def screen(hello: Hello) -> Sink:
    """Return the screen that suits standard output."""
    if not sys.stdout.isatty():
        from emotiond.plain import PlainSink

        return PlainSink(sys.stdout)
    from rich.console import Console

    from emotiond.console import ConsoleSink

    return ConsoleSink(hello.labels, hello.title, Console())
