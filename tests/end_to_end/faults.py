"""The faults that happen to a daemon, and what ends each of them."""

import contextlib
import errno
import itertools
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import numpy as np

from emotiond.audio import capture, microphone, portaudio, probe
from emotiond.audio.source import Block, Retrying
from emotiond.errors import InputError
from emotiond.record import News, Status
from emotiond.settings import Settings
from emotiond.sinks import live, worker
from emotiond.sinks.client import connect
from emotiond.sinks.live import MOST_VIEWERS, LiveSink
from emotiond.sinks.log import LogSettings, LogSink
from tests.daemon.sounds import cut, speech
from tests.end_to_end.fault_rig import (
    HELLO,
    TALK,
    Item,
    Rig,
    lines_of,
    talk,
)

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
