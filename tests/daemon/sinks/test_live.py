"""The live socket: every viewer gets every record, and none is waited for."""

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from emotiond.record import Hello, Meter, Prediction, Status, Voices, encode
from emotiond.sinks import live, server
from emotiond.sinks.client import Message, connect, messages
from emotiond.sinks.live import LiveSink

HELLO = Hello(model="abcd", labels=("calm", "cross"), title="emotiond")


def status(event: str = "started", message: str = "") -> Status:
    return Status(model="abcd", event=event, message=message)


@pytest.fixture
def path() -> Iterator[Path]:
    """Return a path that is short enough for a socket; tmp_path may be too long."""
    with tempfile.TemporaryDirectory(prefix="live") as folder:
        yield Path(folder) / "run" / "live.sock"


@pytest.fixture
def sinks(path: Path) -> Iterator[Callable[[], LiveSink]]:
    """Return a function that makes a sink, opened if it can be, which is closed after the test."""
    made = []

    def make() -> LiveSink:
        made.append(LiveSink(path, HELLO))
        with contextlib.suppress(OSError):
            made[-1].open()
        return made[-1]

    yield make
    for each in made:
        each.close()


class Viewer:
    """A viewer that reads one message at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._connection.settimeout(10.0)
        self._messages = messages(self._connection, Event())

    def take(self, count: int) -> list[Message]:
        return [next(self._messages) for _ in range(count)]

    def rest(self) -> list[Message]:
        """Return all messages until the daemon closes the connection."""
        return list(self._messages)

    def leave(self) -> None:
        self._connection.close()


def viewer(path: Path) -> Viewer:
    """Return a viewer that has been accepted."""
    one = Viewer(path)
    assert one.take(1) == [HELLO]
    return one


def wait_for(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def listens(path: Path) -> bool:
    """Say whether a viewer can connect: a socket that was just made may not listen yet."""
    try:
        connect(path).close()
    except OSError:
        return False
    return True


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_waiting_for_viewers_reserves_no_file_descriptor(path: Path, sinks) -> None:
    sinks().write(status())
    one = viewer(path)
    for _ in range(100):
        time.sleep(0.001)
        for descriptor in range(3, 64):
            if not is_open(descriptor):
                given = fcntl.fcntl(0, fcntl.F_DUPFD, descriptor)
                os.close(given)
                assert given == descriptor
    one.leave()


def test_every_viewer_gets_every_record_and_every_reading(path: Path, sinks) -> None:
    sink = sinks()
    sink.write(status("started", "now"))
    watching = [viewer(path) for _ in range(3)]
    for each in watching:
        each.take(1)
    prediction = Prediction(
        model="abcd",
        start=0.0,
        end=0.5,
        state="emotion",
        label="calm",
        raw_label="calm",
        confidence=0.9,
        probabilities={"calm": 0.9, "cross": 0.1},
        speech=0.8,
        level=-20.0,
    )
    sink.meter(Meter(seconds=0.5, level=-20.0, speech=0.8))
    sink.write(prediction)
    sink.write(status("stopping"))
    sink.close()
    for each in watching:
        assert each.rest() == [
            Meter(seconds=0.5, level=-20.0, speech=0.8),
            prediction,
            status("stopping"),
        ]


def test_a_late_viewer_gets_the_troubles_that_last_and_the_last_status(path: Path, sinks) -> None:
    sink = sinks()
    sink.write(status("started"))
    sink.write(status("microphone_lost", "gone"))
    sink.write(status("overload", "slow"))
    sink.write(status("recovered", "fine"))
    sink.meter(Meter(seconds=0.5, level=-20.0, speech=0.8))
    late = viewer(path)
    assert late.take(2) == [status("microphone_lost", "gone"), status("recovered", "fine")]
    sink.write(status("microphone_back"))
    assert viewer(path).take(1) == [status("microphone_back")]


def test_viewers_are_told_of_taught_voices_and_later_ones_by_their_greeting(
    path: Path, sinks
) -> None:
    sink = sinks()
    sink.write(status())
    before = viewer(path)
    before.take(1)
    voices = Voices(labels=("bark", "laugh"), examples=3)
    sink.voices(voices)
    assert before.take(1) == [voices]
    (hello,) = Viewer(path).take(1)
    assert (hello.labels, hello.examples, hello.title) == (("bark", "laugh"), 3, "emotiond")


def test_a_viewer_is_accepted_while_no_record_comes(path: Path, sinks) -> None:
    sinks().write(status())
    for _ in range(3):
        assert viewer(path).take(1) == [status()]


def test_a_viewer_that_leaves_is_forgotten_and_others_go_on(path: Path, sinks) -> None:
    sink = sinks()
    sink.write(status())
    gone, there = viewer(path), viewer(path)
    gone.leave()
    for _ in range(3):
        sink.write(status())
    assert there.take(4) == [status()] * 4
    assert len(sink._viewers) == 1


def test_a_stuck_viewer_is_dropped_and_never_waited_for(path: Path, sinks) -> None:
    sink = sinks()
    sink.write(status())
    stuck, quick = viewer(path), viewer(path)
    quick.take(1)
    long = status("started", "x" * 1000)
    started = time.monotonic()
    for _ in range(2000):
        sink.write(long)
        assert quick.take(1) == [long]
    assert time.monotonic() - started < 10.0
    assert len(sink._viewers) == 1
    # It got whole messages; the torn one at the end was not decoded.
    got = stuck.rest()
    assert got[0] == status()
    assert set(map(encode, got[1:])) == {encode(long)}
    assert len(got) < 2000


def test_data_from_viewers_is_ignored(path: Path, sinks) -> None:
    sink = sinks()
    sink.write(status())
    loud = viewer(path)
    loud._connection.send(b"\xff{}\n" * 1000)
    sink.write(status("stopping"))
    assert loud.take(2) == [status(), status("stopping")]


def test_viewers_over_the_limit_are_turned_away_until_one_leaves(path: Path, sinks) -> None:
    sink = sinks()
    sink.write(status())
    watching = [viewer(path) for _ in range(live.MOST_VIEWERS)]
    assert Viewer(path).rest() == []
    watching[0].leave()
    sink.write(status())
    assert viewer(path).take(1) == [status()]


def test_the_socket_is_open_to_its_group_and_is_removed_at_the_end(path: Path, sinks) -> None:
    sink = sinks()
    sink.write(status())
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    sink.close()
    sink.close()
    assert not path.exists()


def test_a_second_daemon_gets_the_socket_only_after_the_first_has_ended(path: Path, sinks) -> None:
    first, second = sinks(), sinks()
    first.write(status())
    for _ in range(2):
        with pytest.raises(OSError, match="another emotiond has the socket"):
            second.write(status())
    watching = viewer(path)
    first.write(status("stopping"))
    first.close()
    assert watching.rest() == [status(), status("stopping")]
    second.write(status("started", "second"))
    assert viewer(path).take(1) == [status("started", "second")]


def test_the_socket_of_a_killed_daemon_is_replaced(path: Path, sinks) -> None:
    code = (
        "import signal; from pathlib import Path; from tests.daemon.sinks import test_live as t; "
        f"t.LiveSink(Path({str(path)!r}), t.HELLO).open(); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as other:
        try:
            wait_for(path.is_socket)
            with pytest.raises(OSError, match="another emotiond"):
                sinks().write(status())
        finally:
            other.kill()
    assert path.is_socket()
    with pytest.raises(ConnectionRefusedError):
        connect(path)
    sinks().write(status("started", "new"))
    assert viewer(path).take(1) == [status("started", "new")]


def test_a_socket_that_was_deleted_is_made_again(path: Path, sinks) -> None:
    sink = sinks()
    sink.write(status())
    before = viewer(path)
    path.unlink()
    sink.write(status("started", "again"))
    assert viewer(path).take(1) == [status("started", "again")]
    assert before.take(2) == [status(), status("started", "again")]
    path.unlink()
    Path(f"{path}.lock").unlink()
    path.parent.rmdir()
    sink.write(status("started", "third"))
    assert viewer(path).take(1) == [status("started", "third")]


@pytest.mark.parametrize("what", ["socket", "folder"])
def test_a_socket_that_was_deleted_is_made_again_though_no_record_comes(
    path: Path, sinks, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.01)
    sink = sinks()
    sink.write(status())
    before = viewer(path)
    for _ in range(3):
        if what == "folder":
            shutil.rmtree(path.parent)
        else:
            path.unlink()
        wait_for(lambda: listens(path))
        assert viewer(path).take(1) == [status()]
    sink.write(status("stopping"))
    assert before.take(2) == [status(), status("stopping")]


def test_a_socket_of_another_daemon_is_taken_over_when_that_ends_though_no_record_comes(
    path: Path, sinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.01)
    first, second = sinks(), LiveSink(path, Hello(model="ef", labels=("calm",), title="second"))
    with pytest.raises(OSError, match="another emotiond has the socket"):
        second.open()
    first.close()
    wait_for(lambda: listens(path))
    assert Viewer(path).take(1)[0].title == "second"
    second.close()


def test_a_record_that_can_not_be_encoded_costs_no_later_viewer_its_greeting(
    path: Path, sinks
) -> None:
    sink = sinks()
    sink.write(status())
    with pytest.raises(ValueError, match="surrogates"):
        sink.write(status("microphone_lost", "\udce9"))
    assert viewer(path).take(1) == [status()]


def test_a_file_that_is_not_a_socket_is_left_alone(path: Path, sinks) -> None:
    path.parent.mkdir()
    path.write_text("mine")
    sink = sinks()
    with pytest.raises(OSError, match="not a socket"):
        sink.write(status())
    sink.close()
    assert path.read_text() == "mine"


def test_an_impossible_path_raises_at_each_record(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for bad in (tmp_path / "file" / "live.sock", tmp_path / ("x" * 200)):
        sink = LiveSink(bad, HELLO)
        with pytest.raises(OSError, match=r"\w"):
            sink.open()
        for _ in range(2):
            with pytest.raises(OSError, match=r"\w"):
                sink.write(status())
        sink.meter(Meter(seconds=0.0, level=0.0, speech=0.0))
        sink.close()


def test_no_file_descriptor_is_leaked(path: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    for _ in range(5):
        sink, other = LiveSink(path, HELLO), LiveSink(path, HELLO)
        sink.open()
        sink.write(status())
        with pytest.raises(OSError, match="another"):
            other.open()
        one = viewer(path)
        path.unlink()
        sink.write(status())
        one.leave()
        sink.close()
        other.close()
    assert descriptors() == before
