"""``emotiond devices``: list the microphones."""

import argparse

import msgspec

from emotiond.audio.devices import devices
from emotiond.text import escaped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.epilog = (
        "A * marks the default microphone. --device takes a name or a part of it, or an id."
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object for each microphone, one a line"
    )


def run(args: argparse.Namespace) -> int:
    """Print each microphone with its properties."""
    found = devices()
    for each in found:
        if args.json:
            print(msgspec.json.encode(each).decode())
        else:
            mark = "*" if each.default else " "
            properties = ", ".join(
                (_channels(each.channels), f"{each.sample_rate:.0f} Hz", *each.ids)
            )
            print(escaped(f"{mark} {each.name}  ({properties})"))
    if not found and not args.json:
        print("no microphone found; to find out why, run: emotiond doctor")
    return 0


def _channels(count: int) -> str:
    return "1 channel" if count == 1 else f"{count} channels"
