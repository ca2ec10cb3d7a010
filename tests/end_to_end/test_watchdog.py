"""The watchdog: it ends a daemon that hangs, and no other."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from emotiond.record import Prediction, Record, Status
from tests.daemon.logs import so_far

WATCHDOG_SECONDS = 4.0


class Manager:
    """Starts the daemon as systemd does, reads its messages, and kills it if pings are missing."""

    def __init__(self, folder: Path, environment: dict[str, str], fault: str, *flags: str) -> None:
        self.log = folder / "logs"
        self.err = folder / "stderr"
        self._fault = folder / "fault"
        self._fault.write_text(fault)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._news = threading.Condition()
        self.messages: list[str] = []
        self._waited_for = 0
        """Number of messages up to the one that was last waited for."""
        self.watchdog_acted = False
        # The daemon's stdout: a small pipe that nobody reads.
        reader, self._pipe = os.pipe()
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, 4096)
        self._reader = reader
        command = [sys.executable, str(Path(__file__).with_name("breakable.py")), self._fault]
        with self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [*map(str, command), "run", "--log-dir", str(self.log), *flags],
                cwd=folder,
                env={**environment, "NOTIFY_SOCKET": str(folder / "notify")},
                stdin=subprocess.DEVNULL,
                stdout=self._pipe,
                stderr=err,
            )
        self._thread = threading.Thread(target=self._attend)
        self._thread.start()

    def _attend(self) -> None:
        deadline = time.monotonic() + 60.0  # systemd, too, allows more time to start
        while True:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                message = self._socket.recv(4096).decode()
            except TimeoutError:
                self.watchdog_acted = True
                self.process.kill()
                return
            if message == "END":
                return
            if message.startswith(("READY=1", "WATCHDOG=1")):
                deadline = time.monotonic() + WATCHDOG_SECONDS
            with self._news:
                self.messages.append(message)
                self._news.notify_all()

    def break_down(self, fault: str) -> None:
        self._fault.write_text(fault)

    def fill_the_pipe(self) -> None:
        """Fill the daemon's stdout, so that it can print no more."""
        # Opened again, so that only our end does not block.
        again = os.open(f"/proc/self/fd/{self._pipe}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                os.write(again, b"x" * 100)
        except BlockingIOError:
            os.close(again)

    def wait_for(self, what: str, count: int = 1) -> None:
        """Wait for ``count`` messages that begin with ``what``, after those last waited for."""

        def found() -> list[int]:
            after = range(self._waited_for, len(self.messages))
            return [number for number in after if self.messages[number].startswith(what)]

        with self._news:
            so = self._news.wait_for(lambda: len(found()) >= count, 60.0)
            assert so, f"{what}: {self.messages} {self.err.read_text()}"
            self._waited_for = found()[count - 1] + 1

    def wait_for_ready(self) -> None:
        with self._news:
            so = self._news.wait_for(lambda: "READY=1" in self.messages, 60.0)
        assert so, f"{self.messages} {self.err.read_text()}"

    def wait_until(self, condition: Callable[[], object]) -> None:
        give_up = time.monotonic() + 60.0
        while not condition():
            assert time.monotonic() < give_up, f"{self.messages} {self.err.read_text()}"
            time.sleep(0.05)

    def records(self) -> list[Record]:
        return so_far(self.log)

    def events(self) -> list[str]:
        return [each.event for each in self.records() if isinstance(each, Status)]

    def ended_by_watchdog(self) -> bool:
        self._thread.join(timeout=60.0)
        return self.watchdog_acted and self.process.wait(timeout=10) == -signal.SIGKILL

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=10)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"END", self._socket.getsockname())
        self._thread.join(timeout=60.0)
        self._socket.close()
        os.close(self._reader)
        os.close(self._pipe)


@pytest.fixture
def started(tmp_path: Path, environment: dict[str, str]) -> Iterator[list[Manager]]:
    managers: list[Manager] = []
    try:
        yield managers
    finally:
        for each in managers:
            each.close()


@pytest.fixture
def manager(started: list[Manager], tmp_path: Path, environment: dict[str, str]) -> Manager:
    """Return the manager of a headless daemon that listens to its microphone."""
    started.append(Manager(tmp_path, environment, "", "--headless"))
    started[0].wait_for_ready()
    assert "STATUS=started: listening to Desk" in started[0].messages
    started[0].wait_for("WATCHDOG=1")
    return started[0]


PINGS = 6
"""At one ping a second, these take longer than the watchdog waits."""


def test_a_daemon_with_sound_pings_until_it_is_stopped(manager: Manager) -> None:
    manager.wait_for("WATCHDOG=1", PINGS)
    assert manager.stop() == 0
    assert "STOPPING=1" in manager.messages
    assert not manager.watchdog_acted


@pytest.mark.parametrize("fault", ["callback", "missing"])
def test_the_daemon_survives_a_microphone_that_gives_no_sound(manager: Manager, fault: str) -> None:
    manager.break_down(fault)
    manager.wait_for("STATUS=microphone lost: Desk gives no sound")
    manager.wait_for("WATCHDOG=1", PINGS)
    manager.break_down("")
    manager.wait_for("STATUS=microphone back: listening to Desk")
    manager.wait_for("WATCHDOG=1", 2)
    assert manager.stop() == 0
    assert manager.events() == ["started", "microphone_lost", "microphone_back", "stopping"]


def test_with_wait_the_daemon_starts_without_its_microphone(
    started: list[Manager], tmp_path: Path, environment: dict[str, str]
) -> None:
    started.append(Manager(tmp_path, environment, "missing", "--headless", "--wait"))
    manager = started[0]
    manager.wait_for_ready()
    manager.wait_for("WATCHDOG=1", PINGS)
    manager.break_down("")
    manager.wait_for("STATUS=microphone back: listening to Desk")
    assert manager.stop() == 0
    assert manager.events() == ["started", "microphone_lost", "microphone_back", "stopping"]


def test_without_wait_the_daemon_does_not_start_without_its_microphone(
    started: list[Manager], tmp_path: Path, environment: dict[str, str]
) -> None:
    started.append(Manager(tmp_path, environment, "missing", "--headless"))
    assert started[0].process.wait(timeout=60) == 1
    assert started[0].err.read_text().startswith("emotiond: no microphone found")


@pytest.mark.parametrize("fault", ["classifier", "close", "initialise"])
def test_the_watchdog_ends_a_daemon_of_which_a_part_hangs(manager: Manager, fault: str) -> None:
    manager.break_down(fault)
    assert manager.ended_by_watchdog()


def test_a_log_that_hangs_stops_nothing_and_has_every_record_afterwards(manager: Manager) -> None:
    manager.break_down("log")
    manager.wait_for("WATCHDOG=1", 2 * PINGS)
    assert manager.events() == ["started"]
    manager.break_down("")
    manager.wait_until(lambda: "sink_back" in manager.events())
    assert manager.stop() == 0
    records = manager.records()
    assert [(each.event, each.subject) for each in records if isinstance(each, Status)] == [
        ("started", None),
        ("sink_failed", "log"),
        ("sink_back", "log"),
        ("stopping", None),
    ]
    assert "log works again; 0 records were lost" in {
        getattr(each, "message", "") for each in records
    }
    predictions = [each for each in records if isinstance(each, Prediction)]
    assert not any(each.dropped for each in predictions)
    speech = [b.start - a.end for a, b in pairwise(predictions) if a.state != "no_speech"]
    assert speech == pytest.approx([0.0] * len(speech), abs=0.01)


@pytest.mark.parametrize("fault", ["log", "slow log"])
def test_a_daemon_whose_log_hangs_ends_in_time(manager: Manager, fault: str) -> None:
    manager.break_down(fault)
    manager.wait_for("WATCHDOG=1", PINGS)
    sent = time.monotonic()
    assert manager.stop() == 0
    assert time.monotonic() - sent < 2.0
    assert not manager.watchdog_acted
    assert manager.err.read_text() == ""


def test_an_error_that_no_log_should_raise_is_said_and_stops_nothing(manager: Manager) -> None:
    manager.break_down("odd log")
    manager.wait_for("WATCHDOG=1", PINGS)
    manager.break_down("")
    manager.wait_until(lambda: "sink_back" in manager.events())
    assert manager.stop() == 0
    assert manager.events() == ["started", "sink_back", "stopping"]
    assert manager.err.read_text() == ""


def test_output_that_nobody_reads_does_not_stop_the_daemon(
    started: list[Manager], tmp_path: Path, environment: dict[str, str]
) -> None:
    started.append(Manager(tmp_path, environment, ""))
    manager = started[0]
    manager.wait_for_ready()
    manager.wait_for("WATCHDOG=1")
    manager.fill_the_pipe()
    manager.break_down("missing")
    manager.wait_for("STATUS=microphone lost: Desk gives no sound")
    manager.wait_for("WATCHDOG=1", PINGS)
    assert manager.stop() == 0
    assert manager.events() == ["started", "microphone_lost", "sink_failed", "stopping"]
