"""``emotiond devices``: list microphones."""

import argparse

import msgspec

from emotiond.audio.devices import devices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print each input device; its name, or one of its ids, is what --device takes."""
    found = devices()
    for each in found:
        if args.json:
            print(msgspec.json.encode(each).decode())
        else:
            mark = "*" if each.default else " "
            facts = ", ".join(
                (f"{each.channels} channels", f"{each.sample_rate:.0f} Hz", *each.ids)
            )
            print(f"{mark} {each.name}  ({facts})")
    if not found and not args.json:
        print("no microphone found")
    return 0
