"""Flags and actions of ``emotiond teach``."""

import argparse
from pathlib import Path

from emotiond.commands.teach import folder, guided, kept
from emotiond.errors import InputError
from emotiond.model.choice import AUTO
from emotiond.pool import cores
from emotiond.values import at_least_one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of teaching, and the actions list and forget."""
    _add_profile(parser, AUTO)
    parser.add_argument(
        "--from",
        dest="folder",
        metavar="FOLDER",
        type=Path,
        help="teach the sound files in this folder, which has one folder for each label",
    )
    parser.add_argument("--speaker", metavar="NAME", help="name of the speaker (default: none)")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=at_least_one,
        default=cores(),
        help="number of files at the same time (default: the number of cores)",
    )
    guided.add_arguments(parser)
    parser.set_defaults(action=_teach)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    shown = actions.add_parser(
        "list",
        help="list the taught examples",
        description="List the examples of a voice profile, and mark those that the others "
        "contradict.",
    )
    _add_profile(shown, argparse.SUPPRESS)
    shown.add_argument("--json", action="store_true", help="print one JSON object an example")
    shown.set_defaults(action=kept.show)
    forget = actions.add_parser(
        "forget",
        help="forget taught examples",
        description="Forget the named examples, or all of a label and a speaker. It does not ask, "
        "and there is no way back but to teach again.",
    )
    _add_profile(forget, argparse.SUPPRESS)
    forget.add_argument(
        "ids", metavar="ID", nargs="*", help="examples, as emotiond teach list names them"
    )
    forget.add_argument("--label", metavar="NAME", help="examples of this label")
    # Not --speaker's place in the namespace: there, it names the speaker of new examples.
    forget.add_argument(
        "--speaker", dest="of_speaker", metavar="NAME", help="examples of this speaker"
    )
    forget.add_argument("--all", action="store_true", help="all examples")
    forget.set_defaults(action=kept.forget)


def run(args: argparse.Namespace) -> int:
    """Carry out the chosen action."""
    code: int = args.action(args)
    return code


def _teach(args: argparse.Namespace) -> int:
    if args.folder is None:
        return guided.teach(args)
    for flag in ("labels", "rounds", "language", "keep_recordings", "device", "source"):
        if getattr(args, flag) is not None:
            name = flag.replace("_", "-")
            raise InputError(f"--{name} is for the guided teaching: leave out --from or --{name}")
    return folder.teach(args)


def _add_profile(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the flags that name profile and model; an action has them after its own name, too."""
    parser.add_argument(
        "--profile",
        metavar="FILE",
        default=None if default is AUTO else default,
        help="voice profile (default: voices.json in the state folder)",
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        default=default,
        help="model: small, large, a file, or auto (default: auto)",
    )
