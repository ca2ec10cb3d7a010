"""``emotiond run``: listen, and show and log what is recognised."""

import argparse
import faulthandler
import os
import resource
import signal
import sys
from contextlib import closing, nullcontext
from functools import partial
from threading import Event

from emotiond import settings
from emotiond.audio.decode import Warn
from emotiond.audio.source import Source
from emotiond.errors import DeviceError, InputError
from emotiond.model.runtime import load_quietly
from emotiond.service import build
from emotiond.service.correcting import correcting_keys
from emotiond.service.loop import listen
from emotiond.service.reload import Reload
from emotiond.service.signals import set_on_signals
from emotiond.service.systemd import Notifier
from emotiond.sinks.journal import is_journal
from emotiond.streams import complain, keep_stderr, let_go_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument(
        "--input",
        metavar="FILE",
        help="sound file or named pipe to play in place of the microphone; - is standard input. "
        "Pipes have a WAV, or 16-bit mono 16 kHz PCM (default: the microphone)",
    )
    parser.add_argument(
        "--fast",
        action="store_true",
        help="with --input: as fast as possible (default: at the pace of real time)",
    )
    lacking = parser.add_mutually_exclusive_group()
    lacking.add_argument(
        "--or-sample",
        action="store_true",
        help="play the sample if there is no microphone, on a terminal three times (default: end "
        "with an error)",
    )
    lacking.add_argument(
        "--wait",
        action="store_true",
        help="wait for a microphone if there is none, as services do (default: end with an error)",
    )
    settings.add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Listen until the sound ends or a signal comes."""
    if args.fast and args.input is None:
        raise InputError("--fast needs --input: a microphone has only one pace")
    # A core file would hold sound, and sound is never written anywhere.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    chosen = settings.load(args)
    model = build.model_of(chosen, load_quietly(chosen.model_path), complain)
    engine = build.engine_of(chosen, model)
    log = build.log_of(chosen)
    stop = Event()
    reload = Reload(lambda: settings.load(args), chosen, log)
    _obey_signals(stop, reload)
    keep_stderr()
    said: list[str] = []
    source = _source(args, chosen, engine.sample_rate, stop, said.append)
    # A fast replay is not live: it does not take the socket of a running daemon.
    live = not args.fast
    control = build.control_of(chosen, model, reload)
    keys = partial(correcting_keys, control.ask)
    sinks = build.sinks_of(chosen, model, log, stop.set, keys, source=source.name, live=live)
    if chosen.headless and is_journal(sys.stderr.fileno()):
        faulthandler.enable()  # shows where the daemon hung when the watchdog ends it
    with build.control_socket_of(chosen, control, live=live) or nullcontext(), closing(control):
        listen(
            source,
            engine,
            sinks,
            stop,
            notifier=Notifier.of_environment(),
            reload=reload,
            control=control,
            name=chosen.name,
        )
    for sentence in said:  # the screen is closed now
        complain(sentence)
    try:
        sys.stdout.flush()
    except OSError:  # the log is whole; some Pythons keep what the screen did not take
        let_go_of(sys.stdout)
    return 0


def _obey_signals(stop: Event, reload: Reload) -> None:
    """End at SIGINT and SIGTERM; at SIGHUP, end in a terminal and reload settings elsewhere."""
    set_on_signals(stop, signal.SIGINT, signal.SIGTERM)
    if not any(map(os.isatty, (0, 1, 2))):
        set_on_signals(reload.wanted, signal.SIGHUP)
    elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        # The terminal was closed: nobody is left who knows that the microphone is on.
        set_on_signals(stop, signal.SIGHUP)


def _source(
    args: argparse.Namespace, chosen: settings.Settings, rate: int, stop: Event, warn: Warn
) -> Source:
    if args.input is not None:
        return build.replay_of(
            args.input, rate, stop, fast=args.fast, channel=chosen.channel, warn=warn
        )
    try:
        return build.microphone_of(chosen, rate, stop, wait=args.wait)
    except DeviceError as error:
        if not args.or_sample:
            raise
        complain(f"no microphone to listen to ({error}); playing a sample instead")
        # Somebody may watch; a terminal that nobody watches must not be busy for ever.
        watched = sys.stdout.isatty() and not chosen.headless
        return build.sample_of(rate, stop, again=watched)
