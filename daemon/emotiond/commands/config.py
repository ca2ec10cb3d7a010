"""``emotiond config``: check settings, or print a file of the default ones."""

import argparse
from pathlib import Path

from emotiond import settings
from emotiond.model.file import read_contract


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two things that it does."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="say whether a daemon would run with these settings")
    check.add_argument(
        "config", metavar="FILE", type=Path, nargs="?", help="default: what EMOTIOND_CONFIG names"
    )
    check.set_defaults(action=_check)
    default = actions.add_parser("default", help="print a commented file of the default settings")
    default.set_defaults(action=_default)


def run(args: argparse.Namespace) -> int:
    """Do one of them."""
    code: int = args.action(args)
    return code


def _check(args: argparse.Namespace) -> int:
    chosen = settings.load(args)
    if chosen.model is not None:
        read_contract(chosen.model_path)
    changed = settings.differing(settings.Settings(), chosen)
    where = settings.chosen_file(args.config) or "no file, and the environment"
    print(f"{where}: all is well; set: {', '.join(changed) or 'nothing but the defaults'}")
    return 0


def _default(_args: argparse.Namespace) -> int:
    print(settings.default_file(), end="")
    return 0
