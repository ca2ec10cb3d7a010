"""``emotiond hub``: running daemons in the browser."""

import argparse

from emotiond import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    settings.add_flags(parser, settings.HUB)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    from emotiond.hub.server import serve

    serve(settings.load(args))
    return 0
