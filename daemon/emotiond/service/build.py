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
from emotiond.audio.live_pipe import LivePipe, is_empty
from emotiond.audio.pipes import is_pipe, named_pipe_blocks, pipe_blocks
from emotiond.audio.source import Replay, Source
from emotiond.errors import InputError
from emotiond.model.interface import Model
from emotiond.model.taught import example_count, taught
from emotiond.model.voices import chosen_profile
from emotiond.paths import SAMPLE_RECORDING, control_socket
from emotiond.recognition.engine import Engine
from emotiond.record import Hello, utc_now
from emotiond.service.control import Control
from emotiond.service.control_socket import ControlSocket
from emotiond.service.learner import Learner
from emotiond.service.reload import Reload
from emotiond.settings import Settings
from emotiond.sinks.fanout import LIVE_PATIENCE_SECONDS, PATIENCE_SECONDS, Sinks
from emotiond.sinks.journal import JournalSink, is_journal
from emotiond.sinks.live import LiveSink
from emotiond.sinks.log import MEGABYTE, LogSink
from emotiond.sinks.sink import Sink
from emotiond.terminal.display import screen
from emotiond.terminal.keys import KeysOf, no_keys
from emotiond.text import printable

if TYPE_CHECKING:
    from emotiond.audio.microphone import Microphone

STDIN: Final = 0
FROM_STDIN: Final = "-"
"""Name of standard input as a source."""
SAMPLE: Final = "the sample"
"""Name of the sample as a source."""
SAMPLE_TIMES: Final = 3
"""Times that the sample is played on a terminal: a minute and a half, for a look at all parts."""


def engine_of(settings: Settings, model: Model) -> Engine:
    """Return a fresh engine."""
    return Engine(
        model, hop_seconds=settings.hop_seconds, gate=settings.gate, decision=settings.decision
    )


def model_of(settings: Settings, untaught: Model, say: Callable[[str], object]) -> Model:
    """Return a model that was taught the voice profile of the settings, if there is one.

    Parameters
    ----------
    settings : Settings
        They may name the profile.
    untaught : Model
        The model.
    say : callable
        Called with a sentence if the default profile can't be used.

    Raises
    ------
    InputError
        If the settings name a profile that can't be used.
    """
    return taught(untaught, chosen_profile(untaught.contract, settings.profile, say))


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

    return Microphone(settings.device, rate, stop, wait=wait, channel=settings.channel)


def replay_of(
    name: str,
    rate: int,
    stop: Event,
    *,
    fast: bool = False,
    channel: int | None = None,
    warn: Warn = warnings.warn,
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
    channel : int or None
        Channel of a file to take, from 1; None: what carries sound. A pipe has no such choice.
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
        replay = Replay("standard input", blocks, rate, stop, fast=fast)
        return LivePipe(replay, rate, lambda: is_empty(STDIN))
    path, shown = Path(name), printable(name)
    if is_pipe(path):
        blocks = named_pipe_blocks(path, shown, rate, stop, warn)
        return Replay(shown, blocks, rate, stop, fast=fast)
    seconds = FAST_BLOCK_SECONDS if fast else BLOCK_SECONDS
    blocks = file_blocks(path, rate, seconds, channel, warn)
    first = next(blocks)
    return Replay(shown, itertools.chain((first,), blocks), rate, stop, fast=fast)


def sample_of(rate: int, stop: Event, *, again: bool = False) -> Source:
    """Return the sample that is shipped as a source at a sample rate (Hz).

    Parameters
    ----------
    rate : int
        Sample rate of the source (Hz).
    stop : threading.Event
        Ends the source when set.
    again : bool
        Whether it is played ``SAMPLE_TIMES`` times, not once.
    """
    times = range(SAMPLE_TIMES if again else 1)
    blocks = itertools.chain.from_iterable(file_blocks(SAMPLE_RECORDING, rate) for _ in times)
    return Replay(SAMPLE, blocks, rate, stop)


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


def live_socket_of(settings: Settings, *, live: bool) -> Path | None:
    """Return the live socket that is to be published, if any.

    Parameters
    ----------
    settings : Settings
        Of the daemon.
    live : bool
        Whether the sound comes at the pace of real time. If not, the daemon has no sockets but
        those that the settings name.
    """
    return settings.live.path if live or settings.live.socket else None


def control_of(settings: Settings, model: Model, reload: Reload) -> Control:
    """Return the control, which carries out requests to the daemon."""
    learner = Learner(model, reload.profile)
    return Control(learner, source=settings.name, reload=reload.wanted.set)


def control_socket_of(settings: Settings, control: Control, *, live: bool) -> ControlSocket | None:
    """Return the control socket, which is beside the live one; None if that is not published."""
    path = live_socket_of(settings, live=live)
    if path is None:
        return None
    return ControlSocket(control_socket(path), control.ask, control.tell)


def sinks_of(
    settings: Settings,
    model: Model,
    log: LogSink,
    end: Callable[[], None],
    keys: KeysOf = no_keys,
    *,
    source: str,
    live: bool,
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
    end : callable
        Called if the display wants the end: its reader has gone, or typed the key to quit.
    keys : callable, optional
        Keys of the console, for the labels that it shows.
    source : str
        Name of the source, for viewers.
    live : bool
        Whether the sound comes at the pace of real time: then it does not wait for slow sinks, and
        the live socket is published also where the settings name none.
    """
    contract = model.contract
    hello = Hello(
        model=contract.short_hash,
        labels=contract.reported,
        source=settings.name,
        title="emotiond",
        microphone=source,
        log=printable(str(settings.log.folder)),
        examples=example_count(model),
        sample=source == SAMPLE,
    )
    named: dict[str, Sink] = {"log": log}
    if (path := live_socket_of(settings, live=live)) is not None:
        named["live"] = LiveSink(path, hello)
    if not settings.headless:
        named["screen"] = screen(hello, end, keys)
    elif is_journal(sys.stderr.fileno()):
        named["journal"] = JournalSink(sys.stderr.fileno())
    patience = LIVE_PATIENCE_SECONDS if live else PATIENCE_SECONDS
    return Sinks(named, contract.short_hash, utc_now, source=settings.name, patience=patience)
