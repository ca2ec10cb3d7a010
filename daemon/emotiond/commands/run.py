"""``emotiond run``: listen and say what is heard, live."""

import argparse
import faulthandler
import itertools
import os
import resource
import signal
import sys
from pathlib import Path
from threading import Event
from typing import Final

from emotiond import settings
from emotiond.audio.files import BLOCK_SECONDS, FAST_BLOCK_SECONDS, file_blocks, pcm_blocks
from emotiond.audio.source import Replay, Source
from emotiond.errors import DeviceError, InputError
from emotiond.model.runtime import Classifier
from emotiond.paths import SAMPLE_RECORDING
from emotiond.recognition.engine import Engine
from emotiond.record import Hello, utc_now
from emotiond.service.loop import listen
from emotiond.service.reload import Reload
from emotiond.service.signals import stop_on_signals
from emotiond.service.systemd import Notifier
from emotiond.sinks.fanout import Sinks
from emotiond.sinks.journal import JournalSink, is_journal
from emotiond.sinks.live import LiveSink
from emotiond.sinks.log import MEGABYTE, LogSink
from emotiond.sinks.sink import Sink
from emotiond.streams import keep_stderr, let_go_of
from emotiond.terminal.display import screen
from emotiond.text import printable

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument(
        "--input",
        metavar="FILE",
        help="a sound file instead of the microphone; - is 16-bit mono 16 kHz PCM on stdin",
    )
    parser.add_argument("--fast", action="store_true", help="don't wait for real time with --input")
    lacking = parser.add_mutually_exclusive_group()
    lacking.add_argument(
        "--or-sample", action="store_true", help="where there is no microphone, play a sample"
    )
    lacking.add_argument(
        "--wait",
        action="store_true",
        help="where there is no microphone, wait for it, as services do",
    )
    settings.add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Listen until the sound ends or a signal comes."""
    if args.fast and args.input is None:
        raise InputError("--fast goes with --input: a microphone can't be hurried")
    # The memory of a crash would hold sound, and sound is never written anywhere.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    chosen = settings.load(args)
    model = Classifier(chosen.model_path)
    engine = Engine(
        model, hop_seconds=chosen.hop_seconds, gate=chosen.gate, decision=chosen.decision
    )
    log = LogSink(
        chosen.log.folder,
        keep_days=chosen.log.keep_days,
        max_bytes=round(chosen.log.max_megabytes * MEGABYTE),
    )
    stop = Event()
    reload = Reload(lambda: settings.load(args), chosen, log)
    stop_on_signals(stop)
    if any(map(os.isatty, (STDIN, STDOUT, STDERR))):
        # The terminal is gone, and with it whoever knew that it listens; but for nohup.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            stop_on_signals(stop, signal.SIGHUP)
    else:
        reload.on_signal(signal.SIGHUP)
    source = _source(args, chosen, engine.sample_rate, stop)
    short_hash = model.contract.short_hash
    hello = Hello(
        model=short_hash,
        labels=model.contract.reported,
        title=f"emotiond, log in {chosen.log.folder}",
    )
    named: dict[str, Sink] = {"log": log}
    # A hurried replay is not live, and does not take a running daemon's place.
    if chosen.live.path is not None and (chosen.live.socket or not args.fast):
        named["live"] = LiveSink(chosen.live.path, hello)
    if not chosen.headless:
        # Who reads our lines may have read enough; a service is headless, and goes on.
        named["screen"] = screen(hello, stop.set)
    elif is_journal(sys.stderr.fileno()):
        named["journal"] = JournalSink(sys.stderr.fileno())
        faulthandler.enable()  # where it hung, when the watchdog ends it
    sinks = Sinks(named, short_hash, utc_now)
    listen(source, engine, sinks, short_hash, stop, Notifier.of_environment(), reload)
    try:
        sys.stdout.flush()
    except OSError:  # the log has it all; some Pythons keep what the screen did not take
        let_go_of(sys.stdout)
    return 0


def _source(args: argparse.Namespace, chosen: settings.Settings, rate: int, stop: Event) -> Source:
    if args.input == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed")
        blocks = pcm_blocks(STDIN, rate, stop)
        return Replay("standard input", blocks, rate, stop, fast=args.fast)
    if args.input is not None:
        seconds = FAST_BLOCK_SECONDS if args.fast else BLOCK_SECONDS
        blocks = file_blocks(Path(args.input), rate, seconds)
        # A file that can't be read is said before anything starts.
        blocks = itertools.chain((next(blocks),), blocks)
        return Replay(printable(args.input), blocks, rate, stop, fast=args.fast)

    from emotiond.audio.microphone import Microphone  # PortAudio is not needed for anything else

    keep_stderr()
    try:
        return Microphone(chosen.device, rate, stop, wait=args.wait)
    except DeviceError as error:
        if not args.or_sample:
            raise
        print(
            f"emotiond: no microphone to listen to ({error}); playing a sample instead",
            file=sys.stderr,
        )
        return Replay("the sample", file_blocks(SAMPLE_RECORDING, rate), rate, stop)
