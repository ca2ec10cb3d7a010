"""``emotiond correct``: give the true label of an utterance."""

import argparse

from emotiond import settings
from emotiond.errors import EmotiondError, InputError, reason
from emotiond.paths import control_socket, user_path
from emotiond.service.control_client import ask
from emotiond.service.correcting import in_words
from emotiond.service.requests import Correct, Undo
from emotiond.sinks.client import connect
from emotiond.sinks.places import find
from emotiond.text import escaped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument(
        "label", metavar="LABEL", nargs="?", help="true label, one of those that the model has"
    )
    parser.add_argument(
        "--utterance",
        metavar="ID",
        help="id of the utterance, as its record has it (default: the last utterance)",
    )
    parser.add_argument(
        "--source",
        metavar="NAME",
        default="",
        help="name of the microphone, where several have a service each (default: the only one)",
    )
    parser.add_argument("--undo", action="store_true", help="take back the last correction")
    parser.add_argument(
        "--socket",
        metavar="FILE",
        help="control socket of the daemon (default: that of this user's daemon, or else of the "
        "system's)",
    )


def run(args: argparse.Namespace) -> int:
    """Send the correction to the daemon, and print the change."""
    if args.undo and (args.label is not None or args.utterance is not None):
        raise InputError("--undo takes back the last correction: leave out LABEL and --utterance")
    if args.source and args.socket is not None:
        raise InputError("name either a microphone with --source or its socket with --socket")
    if args.undo:
        request: Correct | Undo = Undo()
    elif args.label is None:
        raise InputError("name the true label: emotiond correct LABEL")
    else:
        request = Correct(label=args.label, utterance=args.utterance)
    if args.socket is None:
        live = settings.load(argparse.Namespace(config=None)).live
        _, connection = find(live, control_socket, args.source)
    else:
        path = user_path(args.socket)
        try:
            connection = connect(path)
        except OSError as error:
            raise EmotiondError(
                f"no emotiond takes requests at {path} ({reason(error)}); "
                "start it with: emotiond run"
            ) from error
    print(escaped(in_words(ask(connection, request))))
    return 0
