"""Faults of sinks, viewers and the screen, and what ends each of them."""

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event

from emotiond.record import Meter, Status
from emotiond.settings import Settings
from emotiond.sinks import server, worker
from emotiond.sinks.client import connect
from emotiond.sinks.live import MOST_VIEWERS, LiveSink
from emotiond.sinks.log import LogSettings
from tests.end_to_end.fault_rig import (
    HELLO,
    Item,
    Rig,
    talk,
)

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


# -- faults of viewers and of the live socket


def watch_and_read_nothing(rig: Rig) -> None:
    rig.view()
    # Half a day of meter readings, more than the socket's buffer holds.
    for hop in range(100_000):
        rig.live.meter(Meter(seconds=hop / 2, level=-60.0, speech=0.0))


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
    # The folder goes in one step: else the server may make its socket in a half-deleted folder.
    shutil.rmtree(rig.socket.parent.rename(rig.socket.parent.with_name("deleted")))


def delete_the_socket_in_silence(rig: Rig) -> None:
    rig.patch.setattr(server, "LOOK_SECONDS", 0.01)
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
