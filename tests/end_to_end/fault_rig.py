"""A daemon whose microphone, clock and terminal are the test's, to make faults happen in it."""

import contextlib
import errno
import io
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np
import pytest
from rich.console import Console

from emotiond.audio.source import Block, Demand, Retrying
from emotiond.errors import InputError
from emotiond.recognition.engine import Engine
from emotiond.record import Hello, News, Status, decode
from emotiond.service.control import Control
from emotiond.service.learner import Learner
from emotiond.service.loop import listen
from emotiond.service.reload import Reload
from emotiond.service.systemd import Notifier
from emotiond.settings import Settings
from emotiond.sinks.client import connect
from emotiond.sinks.fanout import Sinks
from emotiond.sinks.live import LiveSink
from emotiond.sinks.log import LogSink
from emotiond.terminal import console
from emotiond.terminal.console import ConsoleSink
from emotiond.terminal.plain import PlainSink
from emotiond.testing import FakeModel
from tests.daemon.fake_portaudio import FakePortAudio
from tests.daemon.service.test_loop import Keeper
from tests.daemon.sounds import cut, silence, speech
from tests.daemon.voices import EMBEDDING

NOON = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
MODEL = FakeModel().contract.short_hash
HELLO = Hello(model=MODEL, labels=("calm", "cross"), title="emotiond")

Item = np.ndarray | Block | News | Retrying


class Rig:
    """A daemon, and everything that is needed to cause a fault."""

    def __init__(self, folder: Path, sockets: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "log"
        self.socket = sockets / "run" / "live.sock"
        self.patch = patch
        self.undo = contextlib.ExitStack()
        self.now = NOON
        self.elapsed = 0.0
        self.deleted: list[bytes] = []
        """Lines of log files that the fault deleted."""
        self.settings: Settings | InputError = Settings()
        self.witness = Keeper()
        self.pings = 0
        """Pings of the watchdog."""
        self.blocks = 0
        """Blocks of sound that were given."""
        self.screen = io.StringIO()
        self.terminal = Terminal()
        patch.setattr(console, "FRAMES_PER_SECOND", 50)
        patch.setattr(console, "RETRY_SECONDS", 0.01)
        of_its_own = Console(file=self.terminal, force_terminal=True, width=80, height=24)
        self.console = ConsoleSink(HELLO, of_its_own)
        self.log = LogSink(self.folder, now=lambda: self.now, elapsed=lambda: self.elapsed)
        self.live = LiveSink(self.socket, HELLO)
        self.reload = Reload(self._load, Settings(), self.log)
        self.model = FakeModel(**EMBEDDING)
        self.control = Control(Learner(self.model, folder / "voices.json"), now=lambda: self.now)
        self.viewers: list[socket.socket] = []
        self.portaudio = FakePortAudio()
        self.microphone: Iterator[Item] = iter(())
        self.spare = os.open(os.devnull, os.O_RDONLY)
        self.released = Event()
        """Set when a sink that hangs goes on."""

    def _load(self) -> Settings:
        if isinstance(self.settings, InputError):
            raise self.settings
        return self.settings

    def run(self, fault: "Fault") -> None:
        """Run the daemon through a fault."""
        script = [talk, fault.happens, talk, fault.over, talk, calm]
        named = {
            "witness": self.witness,
            "log": self.log,
            "live": self.live,
            "screen": PlainSink(self.screen),
            "console": self.console,
        }
        clock = {"patience": fault.patience, "clock": lambda: self.elapsed}
        self.sinks = Sinks(named, MODEL, lambda: self.now, **clock)
        engine, source = Engine(self.model), Script(self, script)
        with self.undo:
            fault.before(self)
            listen(
                source,
                engine,
                self.sinks,
                Event(),
                notifier=Pings(self),
                reload=self.reload,
                control=self.control,
            )

    def view(self, count: int = 1) -> None:
        """Connect viewers."""
        self.viewers += [connect(self.socket) for _ in range(count)]

    def events(self) -> list[str]:
        """Return the events between the first and the last."""
        return self.witness.events[1:-1]

    def logged(self) -> list[bytes]:
        """Return all lines that the log ever had; fail if one is not a whole record."""
        lines = list(self.deleted)
        for each in sorted(self.folder.parent.rglob("predictions-*")):
            lines += lines_of(each)
        return lines

    def lost(self) -> int:
        """Return how many lost records of its log the daemon reported."""
        messages = [each.message for each in self.witness.records if isinstance(each, Status)]
        found = [re.match(r"log works again; (\d+) records were lost", each) for each in messages]
        return sum(int(match[1]) for match in found if match)


class Pings(Notifier):
    """Counts the pings of the watchdog."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self._rig = rig

    def progress(self) -> None:
        self._rig.pings += 1


class Terminal(io.StringIO):
    """A terminal that can go away, and that can take nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = False
        self.takes = Event()
        self.takes.set()

    def write(self, text: str) -> int:
        self.takes.wait()
        if self.gone:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().write(text)


class Script:
    """A microphone whose script gives sound and causes faults."""

    name = "the microphone"

    def __init__(self, rig: Rig, steps: list[Callable[[Rig], object]]) -> None:
        self._rig = rig
        self._steps = steps

    def blocks(self, _at_least: Demand) -> Iterator[Block | News | Retrying]:
        for step in self._steps:
            for item in step(self._rig) or ():
                if not isinstance(item, np.ndarray):
                    yield item
                    continue
                seconds = timedelta(seconds=len(item) / 16_000)
                self._rig.blocks += bool(len(item))
                self._rig.now += seconds
                self._rig.elapsed += seconds.total_seconds()
                yield Block(item, time.monotonic())


def lines_of(path: Path) -> list[bytes]:
    content = path.read_bytes()
    assert content == b"" or content.endswith(b"\n")
    for line in content.splitlines():
        decode(line)
    return content.splitlines()


TALK = np.concatenate((speech(2.0), silence(1.5)))


def talk(_: Rig) -> Iterator[Item]:
    """Somebody speaks."""
    yield from cut(TALK, [1600])


def calm(_: Rig) -> Iterator[Item]:
    """Nobody speaks for a while."""
    yield from cut(silence(12.0), [1600])


def nothing(_: Rig) -> None:
    """Do nothing."""


class Fault(NamedTuple):
    """A row of the table."""

    name: str
    happens: Callable[[Rig], object]
    over: Callable[[Rig], object]
    events: tuple[str, ...] = ()
    """Events that are reported between the first and the last."""
    log_event: str = ""
    """Event that is in the log alone."""
    counted: bool = False
    """Whether records can't be logged, and are counted instead."""
    before: Callable[[Rig], object] = nothing
    """What is wrong before the start already."""
    patience: float = 30.0
    """Longest time that a record waits for a sink (s); shorter where one hangs."""


FAILED_AND_BACK = ("sink_failed", "sink_back")
