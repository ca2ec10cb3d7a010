"""Faults while the daemon listens: it reports each one, and no line of the log is lost.

Each row of FAULTS is one run: speech, the fault happens, speech, the fault is over, speech. All
parts are real except the model and the microphone; the test sets the clock. docs/FAULTS.md is
written from the table:

    python -m tests.end_to_end.test_faults >docs/FAULTS.md
"""

import contextlib
import errno
import io
import itertools
import os
import re
import resource
import shutil
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np
import pytest
from rich.console import Console

from emotiond.audio import capture, microphone, portaudio, probe
from emotiond.audio.source import Block, Demand, Retrying
from emotiond.errors import InputError
from emotiond.recognition.engine import Engine
from emotiond.record import Hello, News, Prediction, Status, Utterance, decode, encode
from emotiond.service.loop import listen
from emotiond.service.reload import Reload
from emotiond.service.systemd import Notifier
from emotiond.settings import Settings
from emotiond.sinks import live, worker
from emotiond.sinks.client import connect
from emotiond.sinks.fanout import Sinks
from emotiond.sinks.live import MOST_VIEWERS, LiveSink
from emotiond.sinks.log import LogSettings, LogSink
from emotiond.terminal import console
from emotiond.terminal.console import ConsoleSink
from emotiond.terminal.plain import PlainSink
from emotiond.testing import FakeModel
from tests.daemon import sound_files
from tests.daemon.fake_portaudio import FakePortAudio
from tests.daemon.service.test_loop import Keeper
from tests.daemon.sounds import cut, silence, speech

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
        self.console = ConsoleSink(HELLO.labels, HELLO.title, of_its_own)
        self.log = LogSink(self.folder, now=lambda: self.now, elapsed=lambda: self.elapsed)
        self.live = LiveSink(self.socket, HELLO)
        self.reload = Reload(self._load, Settings(), self.log)
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
        engine, source = Engine(FakeModel()), Script(self, script)
        with self.undo:
            fault.before(self)
            listen(source, engine, self.sinks, Event(), notifier=Pings(self), reload=self.reload)

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


# -- sound

TALK = np.concatenate((speech(2.0), silence(1.5)))


def talk(_: Rig) -> Iterator[Item]:
    """Somebody speaks."""
    yield from cut(TALK, [1600])


def calm(_: Rig) -> Iterator[Item]:
    """Nobody speaks for a while."""
    yield from cut(silence(12.0), [1600])


def nothing(_: Rig) -> None:
    """Do nothing."""


# -- faults of the disk


@contextlib.contextmanager
def limited(what: int, number: int) -> Iterator[None]:
    """Limit a resource of this process."""
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def fill_the_disk(rig: Rig) -> None:
    full = rig.log.path.stat().st_size + 100
    rig.undo.enter_context(limited(resource.RLIMIT_FSIZE, full))


def free(rig: Rig) -> None:
    rig.undo.close()


def break_the_disk(rig: Rig) -> None:
    write = os.write

    def half(file: int, data: bytes) -> int:
        write(file, data[:9])
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    rig.patch.setattr(os, "write", half)


def make_read_only(rig: Rig) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    rig.patch.setattr(os, "write", refuse)
    rig.patch.setattr(os, "open", refuse)


def repair_the_disk(rig: Rig) -> None:
    rig.patch.undo()


def use_up_descriptors_at_midnight(rig: Rig) -> None:
    rig.now += timedelta(days=1)
    most = max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 1
    rig.undo.enter_context(limited(resource.RLIMIT_NOFILE, most))
    with contextlib.suppress(OSError):
        while True:
            rig.undo.callback(os.close, os.dup(rig.spare))


def forbid_deleting_at_midnight(rig: Rig) -> None:
    (rig.folder / "predictions-2020-01-01.jsonl").touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    rig.patch.setattr(Path, "unlink", refuse)
    rig.now += timedelta(days=1)


# -- sinks that hang, and that raise what no sink should


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.001)


def a_minute(rig: Rig) -> Iterator[Item]:
    while rig.elapsed < 60.0:
        yield from talk(rig)


def hang_the_log(rig: Rig) -> Iterator[Item]:
    write, rig.released = os.write, Event()

    def hang(file: int, data: bytes) -> int:
        rig.released.wait()
        return write(file, data)

    rig.patch.setattr(os, "write", hang)
    yield from a_minute(rig)


def hang_the_log_for_long(rig: Rig) -> Iterator[Item]:
    rig.patch.setattr(worker, "LENGTH", 50)
    yield from hang_the_log(rig)


def hang_the_screen(rig: Rig) -> Iterator[Item]:
    write, rig.released = rig.screen.write, Event()

    def hang(text: str) -> int:
        rig.released.wait()
        return write(text)

    rig.patch.setattr(rig.screen, "write", hang)
    yield from a_minute(rig)


def release(rig: Rig) -> None:
    rig.released.set()
    assert all(each.flush(30.0) for each in rig.sinks._workers.values())
    rig.patch.undo()


def change_the_log_while_it_hangs(rig: Rig) -> Iterator[Item]:
    rig.settings = Settings(log=LogSettings(keep_days=3))
    rig.reload.wanted.set()
    yield from hang_the_log(rig)


def stop_the_terminal(rig: Rig) -> Iterator[Item]:
    rig.terminal.takes.clear()
    yield from a_minute(rig)


def resume_the_terminal(rig: Rig) -> None:
    rig.terminal.takes.set()


def confuse_the_log(rig: Rig) -> None:
    def refuse(*_: object) -> int:
        raise ValueError("not this descriptor")

    rig.patch.setattr(os, "write", refuse)


def occupy_the_socket(rig: Rig) -> None:
    rig.socket.parent.mkdir()
    rig.socket.write_text("mine")


def start_without_a_terminal(rig: Rig) -> None:
    rig.terminal.gone = True


def an_hour(rig: Rig) -> Iterator[Item]:
    rig.now += timedelta(hours=1)
    rig.elapsed += 3600.0
    yield from talk(rig)


# -- faults of the log folder


def delete_the_file(rig: Rig) -> None:
    rig.deleted = lines_of(rig.log.path)
    rig.log.path.unlink()


def move_the_file(rig: Rig) -> None:
    rig.log.path.rename(rig.folder / "predictions-old")


def delete_the_folder(rig: Rig) -> None:
    rig.deleted = lines_of(rig.log.path)
    shutil.rmtree(rig.folder)


def move_the_folder(rig: Rig) -> None:
    rig.folder.rename(rig.folder.parent / "away")


def put_a_file_in_the_folders_place(rig: Rig) -> None:
    move_the_folder(rig)
    rig.folder.write_text("mine")


def take_the_file_away(rig: Rig) -> None:
    rig.folder.unlink()


def write_to_the_same_log(rig: Rig) -> None:
    other = LogSink(rig.folder, now=lambda: rig.now)
    other.write(Status(model="other", event="started", message="another daemon"))
    other.close()


def put_odd_names_there_at_midnight(rig: Rig) -> None:
    (rig.folder / "predictions-2001-01-01.jsonl").symlink_to("nowhere")
    (rig.folder / "predictions-2001-01-02.jsonl").mkdir()
    os.mkfifo(rig.folder / "predictions-2001-01-03.jsonl")
    pass_midnight(rig)


def take_odd_names_away(rig: Rig) -> None:
    for each in rig.folder.glob("predictions-2001-*"):
        each.rmdir() if each.is_dir() else each.unlink()


# -- faults of the clock


def pass_midnight(rig: Rig) -> None:
    rig.now += timedelta(hours=12)
    rig.elapsed += 12 * 3600.0


def set_the_clock(days: int) -> Callable[[Rig], None]:
    def jump(rig: Rig) -> None:
        rig.now += timedelta(days=days)

    return jump


# -- faults of viewers and of the live socket


def watch_and_read_nothing(rig: Rig) -> None:
    rig.view()
    # Half a day of meter readings, more than the socket's buffer holds.
    for hop in range(100_000):
        rig.live.meter(hop / 2, -60.0, 0.0)


def watch_and_leave(rig: Rig) -> None:
    rig.view()
    rig.viewers[0].recv(10)
    rig.viewers[0].close()


def watch_and_talk(rig: Rig) -> None:
    rig.view()
    rig.viewers[0].setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            rig.viewers[0].send(b"\xff{rubbish\n" * 100)


def watch_with_too_many(rig: Rig) -> None:
    rig.view(MOST_VIEWERS + 8)


def delete_the_socket(rig: Rig) -> None:
    shutil.rmtree(rig.socket.parent)


def delete_the_socket_in_silence(rig: Rig) -> None:
    rig.patch.setattr(live, "LOOK_SECONDS", 0.01)
    delete_the_socket(rig)
    # The thread looks at the end of its present wait; no record comes until then.
    until(lambda: _can_connect(rig))
    rig.view()


def _can_connect(rig: Rig) -> bool:
    try:
        connect(rig.socket).close()
    except OSError:
        return False
    return True


def take_the_socket(rig: Rig) -> None:
    delete_the_socket(rig)
    other = LiveSink(rig.socket, HELLO)
    other.write(Status(model="other", event="started", message="another daemon"))
    rig.undo.callback(other.close)


def put_a_file_in_the_sockets_place(rig: Rig) -> None:
    rig.socket.unlink()
    rig.socket.write_text("mine")


def take_away_what_is_there(rig: Rig) -> None:
    rig.socket.unlink()


# -- faults of the screen


def leave_the_pipe(rig: Rig) -> None:
    def refuse(_: str) -> int:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    rig.patch.setattr(rig.screen, "write", refuse)


def stall_the_pipe(rig: Rig) -> None:
    rig.patch.setattr("emotiond.terminal.plain.is_ready", lambda _: False)


def lose_the_terminal(rig: Rig) -> None:
    rig.terminal.gone = True
    until(lambda: rig.console._error is not None)


def bring_the_terminal_back(rig: Rig) -> None:
    rig.terminal.gone = False
    until(lambda: rig.console._error is None)


# -- faults of the sound


def unplug(_: Rig) -> Iterator[Item]:
    yield speech(0.7)
    yield News("microphone_lost", "unplugged; trying until it works")
    yield Retrying()


def plug_in(_: Rig) -> Iterator[Item]:
    yield News("microphone_back", "listening to the microphone")


def raise_at_every_step(rig: Rig) -> Iterator[Item]:
    """A microphone whose stream, probe and device list raise one after the other."""
    rig.patch.setattr(portaudio, "load", lambda: rig.portaudio)
    rig.patch.setattr(capture, "LOOK_SECONDS", 0.05)
    rig.patch.setattr(microphone, "RETRY_SECONDS", (0.0,))
    refusals = [OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))]

    def can_be_heard(*_: object) -> bool:
        if refusals:
            raise refusals.pop()
        return True

    rig.patch.setattr(probe, "can_be_heard", can_be_heard)
    rig.microphone = microphone.Microphone(None, 16_000, Event()).blocks(lambda: 0)
    (stream,) = rig.portaudio.streams
    stream.error = RuntimeError("odd")
    rig.portaudio.error = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    rig.portaudio.failing["query"] = 2
    yield from itertools.islice(rig.microphone, 3)


def raise_no_more(rig: Rig) -> Iterator[Item]:
    rig.portaudio.heard_at_start = np.zeros((1600, 2), np.int16)
    for item in rig.microphone:
        if isinstance(item, Block):
            return
        yield item


def lose_sound(_: Rig) -> Iterator[Item]:
    yield Block(speech(0.1), time.monotonic(), dropped=16_000)


def fall_behind(_: Rig) -> Iterator[Item]:
    for block in cut(TALK, [1600]):
        yield Block(block, time.monotonic() - 4.0)


def stutter(_: Rig) -> Iterator[Item]:
    yield from cut(TALK, [0, 1, 7, 16_000, 3])


def blare(_: Rig) -> Iterator[Item]:
    yield np.where(np.arange(32_000) % 2, 1.0, -1.0).astype(np.float32)
    yield np.full(32_000, 1e30, np.float32)


# -- faults of the settings


def break_the_settings(rig: Rig) -> None:
    rig.settings = InputError("emotiond.toml: not TOML")
    rig.reload.wanted.set()


def mend_the_settings(rig: Rig) -> None:
    rig.settings = Settings(hop_seconds=0.25)
    rig.reload.wanted.set()


def reload_while_unplugged(rig: Rig) -> Iterator[Item]:
    yield from unplug(rig)
    mend_the_settings(rig)
    yield Retrying()


# -- all at once


def break_everything(rig: Rig) -> Iterator[Item]:
    make_read_only(rig)
    lose_the_terminal(rig)
    put_a_file_in_the_sockets_place(rig)
    yield from lose_sound(rig)
    yield from unplug(rig)


def mend_everything(rig: Rig) -> Iterator[Item]:
    repair_the_disk(rig)
    bring_the_terminal_back(rig)
    take_away_what_is_there(rig)
    yield from plug_in(rig)


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

FAULTS = [
    Fault("the disk is full", fill_the_disk, free, FAILED_AND_BACK, counted=True),
    Fault(
        "the disk fails in the middle of a line",
        break_the_disk,
        repair_the_disk,
        FAILED_AND_BACK,
        counted=True,
    ),
    Fault(
        "the file system turns read-only",
        make_read_only,
        repair_the_disk,
        FAILED_AND_BACK,
        counted=True,
    ),
    Fault(
        "no file descriptor is left at midnight",
        use_up_descriptors_at_midnight,
        free,
    ),
    Fault("old logs can't be deleted at midnight", forbid_deleting_at_midnight, repair_the_disk),
    Fault("the log hangs for a minute", hang_the_log, release, FAILED_AND_BACK, patience=1.0),
    Fault(
        "the log hangs until more records wait than are kept",
        hang_the_log_for_long,
        release,
        FAILED_AND_BACK,
        counted=True,
        patience=1.0,
    ),
    Fault(
        "the log raises an error that no disk has",
        confuse_the_log,
        repair_the_disk,
        FAILED_AND_BACK,
        counted=True,
    ),
    Fault("today's log is deleted", delete_the_file, nothing, log_event="log_restarted"),
    Fault("today's log is moved away", move_the_file, nothing, log_event="log_restarted"),
    Fault("the log folder is deleted", delete_the_folder, nothing, log_event="log_restarted"),
    Fault("the log folder is moved away", move_the_folder, nothing, log_event="log_restarted"),
    Fault(
        "a file takes the log folder's place",
        put_a_file_in_the_folders_place,
        take_the_file_away,
        FAILED_AND_BACK,
        log_event="log_restarted",
        counted=True,
    ),
    Fault(
        "odd names are in the log folder at midnight",
        put_odd_names_there_at_midnight,
        take_odd_names_away,
    ),
    Fault("another daemon writes to the same log", write_to_the_same_log, nothing),
    Fault("midnight passes", pass_midnight, nothing),
    Fault("the clock jumps forward by years", set_the_clock(20_000), set_the_clock(1)),
    Fault("the clock jumps back by years", set_the_clock(-20_000), set_the_clock(20_000)),
    Fault("the clock jumps back and forth at midnight", set_the_clock(-1), set_the_clock(1)),
    Fault("a viewer reads nothing", watch_and_read_nothing, nothing),
    Fault("a viewer leaves", watch_and_leave, nothing),
    Fault("a viewer sends rubbish", watch_and_talk, nothing),
    Fault("more viewers connect than are allowed", watch_with_too_many, nothing),
    Fault("the live socket is deleted", delete_the_socket, nothing),
    Fault("the live socket is deleted while nobody speaks", delete_the_socket_in_silence, nothing),
    Fault(
        "the live socket can't be opened for an hour after the start",
        an_hour,
        take_away_what_is_there,
        FAILED_AND_BACK,
        before=occupy_the_socket,
    ),
    Fault("another daemon takes the live socket", take_the_socket, free, FAILED_AND_BACK),
    Fault(
        "a file takes the live socket's place",
        put_a_file_in_the_sockets_place,
        take_away_what_is_there,
        FAILED_AND_BACK,
    ),
    Fault("the reader of the output leaves", leave_the_pipe, nothing, ("sink_failed",)),
    Fault(
        "the reader of the output pauses",
        stall_the_pipe,
        repair_the_disk,
        FAILED_AND_BACK,
    ),
    Fault(
        "the terminal goes away and comes back",
        lose_the_terminal,
        bring_the_terminal_back,
        FAILED_AND_BACK,
    ),
    Fault("the terminal takes nothing for a minute", stop_the_terminal, resume_the_terminal),
    Fault(
        "the terminal can't be opened for an hour after the start",
        an_hour,
        bring_the_terminal_back,
        FAILED_AND_BACK,
        before=start_without_a_terminal,
    ),
    Fault(
        "the output hangs for a minute",
        hang_the_screen,
        release,
        FAILED_AND_BACK,
        patience=1.0,
    ),
    Fault(
        "the microphone goes away and comes back",
        unplug,
        plug_in,
        ("microphone_lost", "microphone_back"),
    ),
    Fault(
        "the microphone raises errors that nobody expects",
        raise_at_every_step,
        raise_no_more,
        ("microphone_lost", "microphone_back"),
    ),
    Fault("sound is lost", lose_sound, nothing, ("overload", "recovered")),
    Fault("the machine is too slow for a while", fall_behind, nothing, ("overload", "recovered")),
    Fault("sound arrives in blocks of any size", stutter, stutter),
    Fault("sound is far too loud", blare, nothing),
    Fault(
        "the settings file is broken, then mended",
        break_the_settings,
        mend_the_settings,
        ("reload_failed", "reloaded"),
    ),
    Fault(
        "settings of the log change while it hangs",
        change_the_log_while_it_hangs,
        release,
        ("reloaded", *FAILED_AND_BACK),
        patience=1.0,
    ),
    Fault(
        "settings change while the microphone is away",
        reload_while_unplugged,
        plug_in,
        ("microphone_lost", "reloaded", "microphone_back"),
    ),
    Fault(
        "log, socket, screen and microphone fail at once",
        break_everything,
        mend_everything,
        (
            *("overload", "sink_failed", "sink_failed", "sink_failed"),
            *("microphone_lost", "microphone_back"),
            *("sink_back", "sink_back", "sink_back", "recovered"),
        ),
        counted=True,
    ),
]


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with tempfile.TemporaryDirectory() as sockets, monkeypatch.context() as patch:
        rig = Rig(tmp_path, Path(sockets), patch)
        try:
            yield rig
        finally:
            os.close(rig.spare)
            for viewer in rig.viewers:
                viewer.close()


@pytest.mark.parametrize("fault", FAULTS, ids=[each.name for each in FAULTS])
def test_a_fault_is_reported_and_no_line_of_the_log_is_lost(rig: Rig, fault: Fault) -> None:
    rig.run(fault)
    assert rig.events() == list(fault.events)
    assert rig.witness.events[0] == "started"
    assert rig.witness.events[-1] == "source_ended"
    # The watchdog was pinged for every block, and speech before and after the fault recognised.
    assert rig.pings >= rig.blocks
    utterances = [each for each in rig.witness.records if isinstance(each, Utterance)]
    assert len(utterances) >= 2
    assert any(isinstance(each, Prediction) for each in rig.witness.records)

    published = Counter(map(encode, rig.witness.records))
    logged = Counter(rig.logged())
    missing = published - logged
    assert sum(missing.values()) == rig.lost()
    assert (rig.lost() > 0) == fault.counted
    others = [decode(line) for line in logged - published]
    assert [each.event for each in others if each.model == MODEL] == [fault.log_event] * bool(
        fault.log_event
    )
    # Everything after the fault is logged.
    last = rig.witness.records[-3:]
    assert set(map(encode, last)) <= set(logged)


class Elsewhere(NamedTuple):
    """A fault that has a test of its own elsewhere."""

    name: str
    reaction: str
    test: str
    """File of the test, below ``tests/``, and its name."""


ELSEWHERE = (
    Elsewhere(
        "a microphone adds a constant offset, or is very quiet",
        "the same predictions",
        "daemon/test_equal_sound.py::test_predictions_are_the_same_however_the_voice_was_recorded",
    ),
    Elsewhere(
        "the voice is on another channel than the first, or in opposite phase",
        "the same predictions",
        "end_to_end/test_channels.py::test_a_voice_on_any_channel_is_recognised_as_in_mono",
    ),
    Elsewhere(
        "a device has a name that is not UTF-8",
        "it is listed with escapes, and so are all others",
        "end_to_end/test_channels.py::"
        "test_a_microphone_whose_name_is_not_utf_8_hides_no_other_and_works_itself",
    ),
    Elsewhere(
        "an attempt to reopen the microphone raises anything",
        "it is retried for ever",
        "daemon/audio/test_microphone.py::test_a_microphone_is_retried_whatever_an_attempt_raises",
    ),
    Elsewhere(
        "a sink hangs",
        "no other sink waits; it gets its records when it goes on",
        "daemon/sinks/test_fanout.py::test_a_sink_that_hangs_holds_up_no_other_and_is_said_once",
    ),
    Elsewhere(
        "a sink hangs at the end",
        "the daemon ends within a second, and says what was lost",
        "daemon/sinks/test_worker.py::"
        "test_a_sink_that_hangs_at_the_end_is_left_and_its_records_are_counted",
    ),
    Elsewhere(
        "a settings file or a variable is anything at all",
        "one sentence",
        "daemon/test_cli.py::test_no_settings_file_and_no_environment_are_a_traceback",
    ),
    Elsewhere(
        "the arguments are anything at all",
        "one sentence",
        "daemon/test_cli.py::test_no_arguments_are_a_traceback",
    ),
    Elsewhere(
        "recordings of a corpus are broken",
        "all are named at once, before training",
        "training/corpora/test_collection.py::"
        "test_all_broken_recordings_are_named_at_once_or_skipped",
    ),
    Elsewhere(
        "a training diverges",
        "one sentence",
        "training/fitting/test_fit.py::test_a_training_that_diverges_is_one_sentence",
    ),
)


@pytest.mark.parametrize("fault", ELSEWHERE, ids=lambda fault: fault.name)
def test_a_fault_that_is_tested_elsewhere_has_its_test(fault: Elsewhere) -> None:
    file, name = fault.test.split("::")
    assert f"def {name}(" in (Path(__file__).parents[1] / file).read_text()


def test_the_documentation_has_the_table() -> None:
    path = Path(__file__).parents[2] / "docs" / "FAULTS.md"
    assert path.read_text() == as_text(), "python -m tests.end_to_end.test_faults >docs/FAULTS.md"


def as_text() -> str:
    """Return the table as a page of the documentation."""
    lines = [
        "# What can go wrong, and what emotiond reports",
        "",
        "Each row is a test: the daemon goes on listening and reports these events. Every record",
        "is in the log or, if the log can't be written, counted in the message of its `sink_back`.",
        "A sink that hangs gets its records when it goes on; at most 1000 wait for it.",
        "",
        "| fault | events | the log |",
        "|---|---|---|",
    ]
    for fault in FAULTS:
        events = ", ".join(f"`{event}`" for event in fault.events) or "none"
        kept = "lacks some records, which are counted" if fault.counted else "has every record"
        kept += f"; a new file begins with `{fault.log_event}`" if fault.log_event else ""
        lines.append(f"| {fault.name} | {events} | {kept} |")
    lines += [
        "",
        "These have tests of their own:",
        "",
        "| fault | what emotiond does | test |",
        "|---|---|---|",
    ]
    lines += [f"| {each.name} | {each.reaction} | `tests/{each.test}` |" for each in ELSEWHERE]
    return "\n".join([*lines, "", *sound_files.as_text()]) + "\n"


if __name__ == "__main__":
    print(as_text(), end="")
