"""``emotiond teach`` without recordings: guided, with a microphone, in a terminal."""

import argparse
import os
import resource
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Final

from rich.console import Console

from emotiond import settings
from emotiond.commands.teach.profile import chosen_file
from emotiond.errors import InputError, reason
from emotiond.model.choice import AUTO, model_file
from emotiond.model.profile import check_teachable, checked_name
from emotiond.model.profile_file import read_profile
from emotiond.model.runtime import load_quietly
from emotiond.model.taught import taught
from emotiond.paths import try_folder, user_path
from emotiond.service import build
from emotiond.service.signals import set_on_signals
from emotiond.sinks.places import NoDaemonError, find
from emotiond.streams import keep_stderr
from emotiond.teaching.alone import OwnEars
from emotiond.teaching.ears import Ears
from emotiond.teaching.guide import Guide
from emotiond.teaching.screen import Screen
from emotiond.teaching.sentences import SENTENCES, language_of
from emotiond.teaching.session import prompts_of
from emotiond.teaching.through import DaemonEars
from emotiond.teaching.words import Course
from emotiond.terminal.suspension import suspend_on_signal
from emotiond.values import at_least_one

ROUNDS: Final = 3
NEUTRAL: Final = "neutral"
"""Label that an ordinary voice may be taken as."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the guided teaching."""
    group = parser.add_argument_group(
        "guided", "without --from; through the emotiond that runs, or with an own microphone"
    )
    group.add_argument(
        "--labels",
        metavar="NAMES",
        help="labels to teach, separated by commas (default: all of the model)",
    )
    group.add_argument(
        "--rounds",
        metavar="N",
        type=at_least_one,
        help=f"number of rounds over the labels (default: {ROUNDS})",
    )
    group.add_argument(
        "--language",
        metavar="CODE",
        help=f"language of the sentences: {', '.join(SENTENCES)} (default: that of LANG, or en)",
    )
    group.add_argument(
        "--keep-recordings",
        metavar="FOLDER",
        help="store the recordings of all that is taught in this folder, with an own microphone "
        "only; --from FOLDER teaches them again (default: no sound is stored)",
    )
    group.add_argument(
        "--device",
        metavar="NAME",
        help="own microphone, as emotiond devices lists them (default: that of the settings)",
    )
    group.add_argument(
        "--source",
        metavar="NAME",
        help="name of the microphone, where several have a service each (default: the only one)",
    )
    settings.add_flags(parser, "live")


def teach(args: argparse.Namespace) -> int:
    """Lead the user through a session; return 1 if something could not be saved."""
    if not sys.stdout.isatty():
        raise InputError(
            "nothing to teach: without a terminal, name a folder of recordings with --from"
        )
    speaker = None if args.speaker is None else checked_name(args.speaker, "speaker")
    language = _language(args.language)
    stop = Event()
    set_on_signals(stop, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with ExitStack() as opened:
        ears, profile = _ears(args, stop, opened)
        labels = _labels(args.labels, ears.hello.labels)
        rounds = args.rounds or ROUNDS
        recordings = None if args.keep_recordings is None else user_path(args.keep_recordings)
        screen = Screen(Console(highlight=False))
        suspend_on_signal(screen)
        course = Course(labels, rounds, language, profile, recordings)
        prompts = prompts_of(labels, rounds, NEUTRAL if NEUTRAL in labels else None)
        return int(not Guide(ears, screen, course, prompts, stop, speaker).lead())


def _ears(args: argparse.Namespace, stop: Event, opened: ExitStack) -> tuple[Ears, Path | None]:
    """Return the ears, and the voice profile if they are this program's own.

    A running daemon has a profile, a model and a microphone: a user who names others wants own
    ears.
    """
    chosen = settings.load(args)
    own = (args.profile, args.model, args.device) != (None, AUTO, None)
    if args.source is not None and own:
        raise InputError(
            "a microphone with a service has a profile, a model and a device: leave out --source, "
            "or --profile, --model and --device"
        )
    if args.source is not None and chosen.live.socket is not None:
        raise InputError("name either a microphone with --source or its live socket")
    if not own:
        try:
            path, connection = find(chosen.live, name=args.source or "")
        except NoDaemonError:
            if args.source is not None:
                raise
        else:
            if args.keep_recordings is not None:
                raise InputError(
                    "--keep-recordings needs a microphone of its own, and an emotiond runs "
                    "already; stop that one first"
                )
            return DaemonEars(path, connection, stop), None
    # A core file would hold sound, and only --keep-recordings stores any.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return _own_ears(args, chosen, stop, opened)


def _own_ears(
    args: argparse.Namespace, chosen: settings.Settings, stop: Event, opened: ExitStack
) -> tuple[OwnEars, Path]:
    profile = chosen_file(args.profile)
    untaught = load_quietly(model_file(args.model))
    contract = untaught.contract
    check_teachable(contract)
    model = taught(untaught, read_profile(profile, contract) if profile.exists() else None)
    labels = _labels(args.labels, model.contract.reported)
    recordings = None
    if args.keep_recordings is not None:
        recordings = _writable(user_path(args.keep_recordings), labels)
    keep_stderr()  # PortAudio writes to it
    microphone = build.microphone_of(chosen, contract.sample_rate, stop)
    opened.callback(microphone.close)
    any_sound = not set(labels) <= set(contract.reported)
    ears = OwnEars(
        model, profile, chosen, microphone, stop, any_sound=any_sound, recordings=recordings
    )
    return ears, profile


def _labels(given: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels to teach; names of known ones in any case."""
    if given is None:
        return known
    cases = {each.casefold(): each for each in known}
    names = [checked_name(each, "label") for each in given.split(",")]
    labels = tuple(cases.get(each.casefold(), each) for each in names)
    if len(set(labels)) < len(labels):
        raise InputError(f"--labels {given}: a label occurs twice")
    return labels


def _language(given: str | None) -> str:
    if given is None:
        return language_of(os.environ)
    if given not in SENTENCES:
        raise InputError(f"--language must be one of {', '.join(SENTENCES)}, not {given!r}")
    return given


def _writable(folder: Path, labels: tuple[str, ...]) -> Path:
    """Return a folder for recordings of labels; raises InputError if they can't be stored there."""
    for label in labels:
        if "/" in label or label.startswith("."):
            raise InputError(f"label {label}: no folder can have this name; choose another")
    try:
        try_folder(folder)
    except OSError as error:
        raise InputError(f"--keep-recordings {folder}: {reason(error)}") from error
    return folder
