"""What can go wrong while the daemon listens, what it says, and that no line of the log is lost.

Each row of FAULTS is a daemon that hears speech, meets a fault, hears speech with it, is rid of it,
and hears speech again. All parts are real but the classifier and the microphone; the time of day is
set by hand. docs/FAULTS.md is written from the table:

    python -m tests.end_to_end.test_faults >docs/FAULTS.md
"""

import contextlib
import errno
import io
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

from emotiond.audio.source import Block, Retrying
from emotiond.errors import InputError
from emotiond.recognition.engine import Engine
from emotiond.record import Hello, News, Prediction, Status, Utterance, decode, encode
from emotiond.service.loop import listen
from emotiond.service.reload import Reload
from emotiond.settings import Settings
from emotiond.sinks.client import connect
from emotiond.sinks.fanout import Sinks
from emotiond.sinks.live import MOST_VIEWERS, LiveSink
from emotiond.sinks.log import LogSink
from emotiond.terminal.plain import PlainSink
from tests.daemon.service.test_loop import Keeper
from tests.daemon.sounds import FakeModel, cut, silence, speech

NOON = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
MODEL = FakeModel().contract.short_hash
HELLO = Hello(model=MODEL, labels=("calm", "cross"), title="emotiond")

Item = np.ndarray | Block | News | Retrying


class Bench:
    """A daemon, and all that a fault can be brought about with."""

    def __init__(self, folder: Path, sockets: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "log"
        self.socket = sockets / "run" / "live.sock"
        self.patch = patch
        self.undo = contextlib.ExitStack()
        self.now = NOON
        self.elapsed = 0.0
        self.deleted: list[bytes] = []
        """Lines of files that were deleted by hand."""
        self.settings: Settings | InputError = Settings()
        self.witness = Keeper()
        self.screen = io.StringIO()
        self.log = LogSink(self.folder, now=lambda: self.now, elapsed=lambda: self.elapsed)
        self.live = LiveSink(self.socket, HELLO)
        self.reload = Reload(self._load, Settings(), self.log)
        self.viewers: list[socket.socket] = []
        self.spare = os.open(os.devnull, os.O_RDONLY)

    def _load(self) -> Settings:
        if isinstance(self.settings, InputError):
            raise self.settings
        return self.settings

    def run(self, fault: "Fault") -> None:
        """Let it listen through a fault."""
        script = [talk, fault.happens, talk, fault.over, talk, calm]
        named = {
            "witness": self.witness,
            "log": self.log,
            "live": self.live,
            "screen": PlainSink(self.screen),
        }
        sinks = Sinks(named, MODEL, lambda: self.now)
        source = Script(self, script)
        with self.undo:
            listen(source, Engine(FakeModel()), sinks, MODEL, Event(), reload=self.reload)

    def view(self, count: int = 1) -> None:
        """Let somebody watch."""
        self.viewers += [connect(self.socket) for _ in range(count)]

    def events(self) -> list[str]:
        """Return what was said between the beginning and the end."""
        return self.witness.events[1:-1]

    def logged(self) -> list[bytes]:
        """Return all lines that the log ever had, which must be whole records."""
        lines = list(self.deleted)
        for each in sorted(self.folder.parent.rglob("predictions-*")):
            lines += lines_of(each)
        return lines

    def lost(self) -> int:
        """Return how many records the daemon itself says that its log lost."""
        messages = [each.message for each in self.witness.records if isinstance(each, Status)]
        found = [re.match(r"log works again; (\d+) records were lost", each) for each in messages]
        return sum(int(match[1]) for match in found if match)


class Script:
    """A microphone that does things between its blocks."""

    name = "the microphone"

    def __init__(self, bench: Bench, steps: list[Callable[[Bench], object]]) -> None:
        self._bench = bench
        self._steps = steps

    def __iter__(self) -> Iterator[Block | News | Retrying]:
        for step in self._steps:
            for item in step(self._bench) or ():
                if not isinstance(item, np.ndarray):
                    yield item
                    continue
                seconds = timedelta(seconds=len(item) / 16_000)
                self._bench.now += seconds
                self._bench.elapsed += seconds.total_seconds()
                yield Block(item, time.monotonic())


def lines_of(path: Path) -> list[bytes]:
    content = path.read_bytes()
    assert content == b"" or content.endswith(b"\n")
    for line in content.splitlines():
        decode(line)
    return content.splitlines()


# -- what is heard

TALK = np.concatenate((speech(2.0), silence(1.5)))


def talk(_: Bench) -> Iterator[Item]:
    """Somebody says something."""
    yield from cut(TALK, [1600])


def calm(_: Bench) -> Iterator[Item]:
    """Nothing happens for a while."""
    yield from cut(silence(12.0), [1600])


def nothing(_: Bench) -> None:
    """Nothing is done."""


# -- faults of the disk


@contextlib.contextmanager
def limited(what: int, number: int) -> Iterator[None]:
    """Let the process have no more of something."""
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def fill_the_disk(bench: Bench) -> None:
    full = bench.log.path.stat().st_size + 100
    bench.undo.enter_context(limited(resource.RLIMIT_FSIZE, full))


def free(bench: Bench) -> None:
    bench.undo.close()


def break_the_disk(bench: Bench) -> None:
    write = os.write

    def half(file: int, data: bytes) -> int:
        write(file, data[:9])
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    bench.patch.setattr(os, "write", half)


def make_read_only(bench: Bench) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    bench.patch.setattr(os, "write", refuse)
    bench.patch.setattr(os, "open", refuse)


def repair_the_disk(bench: Bench) -> None:
    bench.patch.undo()


def use_up_descriptors_at_midnight(bench: Bench) -> None:
    bench.now += timedelta(days=1)
    most = max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 1
    bench.undo.enter_context(limited(resource.RLIMIT_NOFILE, most))
    with contextlib.suppress(OSError):
        while True:
            bench.undo.callback(os.close, os.dup(bench.spare))


def forbid_deleting_at_midnight(bench: Bench) -> None:
    (bench.folder / "predictions-2020-01-01.jsonl").touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    bench.patch.setattr(Path, "unlink", refuse)
    bench.now += timedelta(days=1)


# -- faults of the log's place


def delete_the_file(bench: Bench) -> None:
    bench.deleted = lines_of(bench.log.path)
    bench.log.path.unlink()


def move_the_file(bench: Bench) -> None:
    bench.log.path.rename(bench.folder / "predictions-old")


def delete_the_folder(bench: Bench) -> None:
    bench.deleted = lines_of(bench.log.path)
    shutil.rmtree(bench.folder)


def move_the_folder(bench: Bench) -> None:
    bench.folder.rename(bench.folder.parent / "away")


def put_a_file_in_the_folders_place(bench: Bench) -> None:
    move_the_folder(bench)
    bench.folder.write_text("mine")


def take_the_file_away(bench: Bench) -> None:
    bench.folder.unlink()


def write_to_the_same_log(bench: Bench) -> None:
    other = LogSink(bench.folder, now=lambda: bench.now)
    other.write(Status(model="other", event="started", message="another daemon"))
    other.close()


# -- faults of the clock


def pass_midnight(bench: Bench) -> None:
    bench.now += timedelta(hours=12)
    bench.elapsed += 12 * 3600.0


def set_the_clock(days: int) -> Callable[[Bench], None]:
    def jump(bench: Bench) -> None:
        bench.now += timedelta(days=days)

    return jump


# -- faults of viewers and of their socket


def watch_and_read_nothing(bench: Bench) -> None:
    bench.view()
    # Half a day of meter readings: more than a socket holds.
    for hop in range(100_000):
        bench.live.meter(hop / 2, -60.0, 0.0)


def watch_and_leave(bench: Bench) -> None:
    bench.view()
    bench.viewers[0].recv(10)
    bench.viewers[0].close()


def watch_and_talk(bench: Bench) -> None:
    bench.view()
    bench.viewers[0].setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            bench.viewers[0].send(b"\xff{rubbish\n" * 100)


def watch_with_too_many(bench: Bench) -> None:
    bench.view(MOST_VIEWERS + 8)


def delete_the_socket(bench: Bench) -> None:
    shutil.rmtree(bench.socket.parent)


def take_the_socket(bench: Bench) -> None:
    delete_the_socket(bench)
    other = LiveSink(bench.socket, HELLO)
    other.write(Status(model="other", event="started", message="another daemon"))
    bench.undo.callback(other.close)


def put_a_file_in_the_sockets_place(bench: Bench) -> None:
    bench.socket.unlink()
    bench.socket.write_text("mine")


def take_away_what_is_there(bench: Bench) -> None:
    bench.socket.unlink()


# -- faults of the screen


def leave_the_pipe(bench: Bench) -> None:
    def refuse(_: str) -> int:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    bench.patch.setattr(bench.screen, "write", refuse)


def stall_the_pipe(bench: Bench) -> None:
    bench.patch.setattr("emotiond.terminal.plain.is_ready", lambda _: False)


def lose_the_terminal(bench: Bench) -> None:
    def refuse(_: str) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    bench.patch.setattr(bench.screen, "write", refuse)


# -- faults of the sound


def unplug(_: Bench) -> Iterator[Item]:
    yield speech(0.7)
    yield News("microphone_lost", "unplugged; trying until it works")
    yield Retrying()


def plug_in(_: Bench) -> Iterator[Item]:
    yield News("microphone_back", "listening to the microphone")


def lose_sound(_: Bench) -> Iterator[Item]:
    yield Block(speech(0.1), time.monotonic(), dropped=16_000)


def fall_behind(_: Bench) -> Iterator[Item]:
    for block in cut(TALK, [1600]):
        yield Block(block, time.monotonic() - 4.0)


def stutter(_: Bench) -> Iterator[Item]:
    yield from cut(TALK, [0, 1, 7, 16_000, 3])


def blare(_: Bench) -> Iterator[Item]:
    yield np.where(np.arange(32_000) % 2, 1.0, -1.0).astype(np.float32)
    yield np.full(32_000, 1e30, np.float32)


# -- faults of the settings


def break_the_settings(bench: Bench) -> None:
    bench.settings = InputError("emotiond.toml: not TOML")
    bench.reload.wanted.set()


def mend_the_settings(bench: Bench) -> None:
    bench.settings = Settings(hop_seconds=0.25)
    bench.reload.wanted.set()


def reload_while_unplugged(bench: Bench) -> Iterator[Item]:
    yield from unplug(bench)
    mend_the_settings(bench)
    yield Retrying()


# -- all at once


def break_everything(bench: Bench) -> Iterator[Item]:
    make_read_only(bench)
    lose_the_terminal(bench)
    put_a_file_in_the_sockets_place(bench)
    yield from lose_sound(bench)
    yield from unplug(bench)


def mend_everything(bench: Bench) -> Iterator[Item]:
    repair_the_disk(bench)
    take_away_what_is_there(bench)
    yield from plug_in(bench)


class Fault(NamedTuple):
    """A row of the table."""

    name: str
    happens: Callable[[Bench], object]
    over: Callable[[Bench], object]
    says: tuple[str, ...] = ()
    """Events between the beginning and the end."""
    log_says: str = ""
    """An event that stands in the log alone."""
    counted: bool = False
    """Whether lines can't be written, and are counted instead."""


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
    Fault("today's log is deleted", delete_the_file, nothing, log_says="log_restarted"),
    Fault("today's log is moved away", move_the_file, nothing, log_says="log_restarted"),
    Fault("the log folder is deleted", delete_the_folder, nothing, log_says="log_restarted"),
    Fault("the log folder is moved away", move_the_folder, nothing, log_says="log_restarted"),
    Fault(
        "a file takes the log folder's place",
        put_a_file_in_the_folders_place,
        take_the_file_away,
        FAILED_AND_BACK,
        log_says="log_restarted",
        counted=True,
    ),
    Fault("another daemon writes to the same log", write_to_the_same_log, nothing),
    Fault("midnight passes", pass_midnight, nothing),
    Fault("the clock jumps forward by years", set_the_clock(20_000), set_the_clock(1)),
    Fault("the clock jumps back by years", set_the_clock(-20_000), set_the_clock(20_000)),
    Fault("the clock goes to and fro at midnight", set_the_clock(-1), set_the_clock(1)),
    Fault("a viewer reads nothing", watch_and_read_nothing, nothing),
    Fault("a viewer leaves", watch_and_leave, nothing),
    Fault("a viewer sends rubbish", watch_and_talk, nothing),
    Fault("more viewers come than there is room for", watch_with_too_many, nothing),
    Fault("the live socket is deleted", delete_the_socket, nothing),
    Fault("another daemon takes the live socket", take_the_socket, free, FAILED_AND_BACK),
    Fault(
        "a file takes the live socket's place",
        put_a_file_in_the_sockets_place,
        take_away_what_is_there,
        FAILED_AND_BACK,
    ),
    Fault("nobody reads what is printed any more", leave_the_pipe, nothing, ("sink_failed",)),
    Fault(
        "nobody reads what is printed for a while",
        stall_the_pipe,
        repair_the_disk,
        FAILED_AND_BACK,
    ),
    Fault("the terminal goes and comes", lose_the_terminal, repair_the_disk, FAILED_AND_BACK),
    Fault("the microphone goes and comes", unplug, plug_in, ("microphone_lost", "microphone_back")),
    Fault("sound is lost", lose_sound, nothing, ("overload", "recovered")),
    Fault("the machine is too slow for a while", fall_behind, nothing, ("overload", "recovered")),
    Fault("sound comes in pieces of any size", stutter, stutter),
    Fault("sound is far too loud", blare, nothing),
    Fault(
        "the settings file is broken, then mended",
        break_the_settings,
        mend_the_settings,
        ("reload_failed", "reloaded"),
    ),
    Fault(
        "settings are changed while the microphone is away",
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
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as sockets, monkeypatch.context() as patch:
        bench = Bench(tmp_path, Path(sockets), patch)
        try:
            yield bench
        finally:
            os.close(bench.spare)
            for viewer in bench.viewers:
                viewer.close()


@pytest.mark.parametrize("fault", FAULTS, ids=[each.name for each in FAULTS])
def test_a_fault_is_said_and_no_line_of_the_log_is_lost(bench: Bench, fault: Fault) -> None:
    bench.run(fault)
    assert bench.events() == list(fault.says)
    assert bench.witness.events[0] == "started"
    assert bench.witness.events[-1] == "source_ended"
    # Speech was heard before and after, whatever was between.
    heard = [each for each in bench.witness.records if isinstance(each, Utterance)]
    assert len(heard) >= 2
    assert any(isinstance(each, Prediction) for each in bench.witness.records)

    said = Counter(map(encode, bench.witness.records))
    logged = Counter(bench.logged())
    missing = said - logged
    assert sum(missing.values()) == bench.lost()
    assert (bench.lost() > 0) == fault.counted
    others = [decode(line) for line in logged - said]
    assert [each.event for each in others if each.model == MODEL] == [fault.log_says] * bool(
        fault.log_says
    )
    # And what was said after the fault was over is all there.
    last = bench.witness.records[-3:]
    assert set(map(encode, last)) <= set(logged)


def test_the_table_is_in_the_documentation() -> None:
    path = Path(__file__).parents[2] / "docs" / "FAULTS.md"
    assert path.read_text() == as_text(), "python -m tests.end_to_end.test_faults >docs/FAULTS.md"


def as_text() -> str:
    """Return the table as a page of documentation."""
    lines = [
        "# What can go wrong, and what emotiond says then",
        "",
        "Each row is a test: the daemon goes on listening, says these status records, and every",
        "record is in the log or, where the log can't be written, counted in its `sink_back`.",
        "",
        "| fault | status records | the log |",
        "|---|---|---|",
    ]
    for fault in FAULTS:
        says = ", ".join(f"`{event}`" for event in fault.says) or "none: it is no trouble"
        kept = "what it can't take is counted" if fault.counted else "has every line"
        kept += f", and goes on in a new file with a `{fault.log_says}`" if fault.log_says else ""
        lines.append(f"| {fault.name} | {says} | {kept} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_text(), end="")
