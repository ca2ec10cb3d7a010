"""The daemon's parts, made out of its settings: engine, source, log and sinks."""

import itertools
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

from emotiond.audio.decode import Warn
from emotiond.audio.files import BLOCK_SECONDS, FAST_BLOCK_SECONDS, file_blocks
from emotiond.audio.pipes import is_pipe, named_pipe_blocks, pipe_blocks
from emotiond.audio.source import Replay, Source
from emotiond.errors import InputError
from emotiond.paths import SAMPLE_RECORDING
from emotiond.recognition.engine import Engine, Model
from emotiond.record import Hello, utc_now
from emotiond.settings import Settings
from emotiond.sinks.fanout import Sinks
from emotiond.sinks.journal import JournalSink, is_journal
from emotiond.sinks.live import LiveSink
from emotiond.sinks.log import MEGABYTE, LogSink
from emotiond.sinks.sink import Sink
from emotiond.terminal.display import screen
from emotiond.text import printable

if TYPE_CHECKING:
    from emotiond.audio.microphone import Microphone

STDIN: Final = 0
FROM_STDIN: Final = "-"
"""Name of standard input as a source."""


def engine_of(settings: Settings, model: Model) -> Engine:
    """Return a fresh engine."""
    return Engine(
        model, hop_seconds=settings.hop_seconds, gate=settings.gate, decision=settings.decision
    )


def microphone_of(
    settings: Settings, rate: int, stop: Event, *, wait: bool = False
) -> "Microphone":
    """Return the microphone that the settings name, at a sample rate (Hz).

    Raises
    ------
    DeviceError
        If it can't be opened now, without ``wait``.
    """
    # PortAudio is loaded only where a microphone is wanted.
    from emotiond.audio.microphone import Microphone

    return Microphone(settings.device, rate, stop, wait=wait)


def replay_of(
    name: str, rate: int, stop: Event, *, fast: bool = False, warn: Warn = warnings.warn
) -> Source:
    """Return a sound file, a named pipe or standard input as a source at a sample rate (Hz).

    Parameters
    ----------
    name : str
        Path of the file or pipe; ``-`` is standard input. A pipe has a WAV, or 16-bit mono PCM.
    rate : int
        Sample rate of the source (Hz).
    stop : threading.Event
        Ends the source when set.
    fast : bool
        Whether the sound comes as fast as it is taken, not at the pace of real time.
    warn : callable
        Called with a sentence at the end, if the sound was not as its header says.

    Raises
    ------
    InputError
        If standard input is closed.
    SoundError
        If a file can't be read; raised before anything starts. Pipes are read when the source is.
    """
    if name == FROM_STDIN:
        if sys.stdin is None:
            raise InputError("standard input is closed")
        blocks = pipe_blocks(STDIN, "standard input", rate, stop, warn)
        return Replay("standard input", blocks, rate, stop, fast=fast)
    path, shown = Path(name), printable(name)
    if is_pipe(path):
        blocks = named_pipe_blocks(path, shown, rate, stop, warn)
        return Replay(shown, blocks, rate, stop, fast=fast)
    blocks = file_blocks(path, rate, FAST_BLOCK_SECONDS if fast else BLOCK_SECONDS, warn)
    first = next(blocks)
    return Replay(shown, itertools.chain((first,), blocks), rate, stop, fast=fast)


def sample_of(rate: int, stop: Event) -> Source:
    """Return the sample that is shipped as a source at a sample rate (Hz)."""
    return Replay("the sample", file_blocks(SAMPLE_RECORDING, rate), rate, stop)


def log_of(settings: Settings) -> LogSink:
    """Return the log.

    Raises
    ------
    InputError
        If its folder can't be made or written to.
    """
    log = settings.log
    return LogSink(
        log.folder, keep_days=log.keep_days, max_bytes=round(log.max_megabytes * MEGABYTE)
    )


def sinks_of(
    settings: Settings, model: Model, log: LogSink, on_broken: Callable[[], None], *, live: bool
) -> Sinks:
    """Return all sinks of the daemon.

    Parameters
    ----------
    settings : Settings
        Of the daemon.
    model : Model
        Its classifier.
    log : LogSink
        Its log.
    on_broken : callable
        Called once if standard output is a pipe whose reader has ended.
    live : bool
        Whether the live socket is published where the settings name none themselves.
    """
    contract = model.contract
    hello = Hello(
        model=contract.short_hash,
        labels=contract.reported,
        title=f"emotiond, log in {settings.log.folder}",
    )
    named: dict[str, Sink] = {"log": log}
    if settings.live.path is not None and (live or settings.live.socket):
        named["live"] = LiveSink(settings.live.path, hello)
    if not settings.headless:
        named["screen"] = screen(hello, on_broken)
    elif is_journal(sys.stderr.fileno()):
        named["journal"] = JournalSink(sys.stderr.fileno())
    return Sinks(named, contract.short_hash, utc_now)
