"""``emotiond config``: check a settings file, or print one with the defaults."""

import argparse
from pathlib import Path

from emotiond import settings
from emotiond.model.file import read_contract


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two actions of this command."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="check a settings file",
        description="Check a settings file, the environment, and the model file that they name.",
    )
    check.add_argument(
        "config",
        metavar="FILE",
        type=Path,
        nargs="?",
        help="settings file, TOML (default: the one that the variable EMOTIOND_CONFIG names)",
    )
    check.set_defaults(action=_check)
    default = actions.add_parser(
        "default",
        help="print a settings file with all defaults",
        description="Print a settings file: every key, explained, with its default.",
    )
    default.set_defaults(action=_default)


def run(args: argparse.Namespace) -> int:
    """Carry out the chosen action."""
    code: int = args.action(args)
    return code


def _check(args: argparse.Namespace) -> int:
    chosen = settings.load(args)
    if chosen.model is not None:
        read_contract(chosen.model_path)
    changed = settings.differing(settings.Settings(), chosen)
    where = settings.chosen_file(args.config) or "no settings file"
    print(f"{where}: the settings are valid; changed: {', '.join(changed) or 'none'}")
    return 0


def _default(_args: argparse.Namespace) -> int:
    print(settings.default_file(), end="")
    return 0
