"""The watchdog: a daemon that gets no further is ended, one that does its best is not."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiond.record import Status, decode

WATCHDOG_SECONDS = 4.0


class Manager:
    """Starts the daemon as systemd does, reads its messages, and ends it when pings stay out."""

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
        """How many of them are older than what was last waited for."""
        self.watchdog_acted = False
        # Where a sink writes to; nobody reads it, and it is small.
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
        deadline = time.monotonic() + 60.0  # to start, as systemd has its own for that
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
        """Leave no room for what the daemon prints."""
        # Opened anew, so that not waiting is true of our end alone.
        again = os.open(f"/proc/self/fd/{self._pipe}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                os.write(again, b"x" * 100)
        except BlockingIOError:
            os.close(again)

    def wait_for(self, what: str, count: int = 1) -> None:
        """Wait until so many messages that begin so have come since what was last waited for."""

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

    def events(self) -> list[str]:
        content = b"".join(each.read_bytes() for each in sorted(self.log.glob("*.jsonl")))
        records = [decode(line) for line in content.splitlines(keepends=True) if b"\n" in line]
        return [each.event for each in records if isinstance(each, Status)]

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
    """Return a manager of a daemon that hears its microphone, well and headless."""
    started.append(Manager(tmp_path, environment, "", "--headless"))
    started[0].wait_for_ready()
    assert "STATUS=started: listening to Desk" in started[0].messages
    started[0].wait_for("WATCHDOG=1")
    return started[0]


PINGS = 6
"""More than the watchdog's time holds, at one a second."""


def test_a_daemon_that_hears_pings_until_it_is_asked_to_stop(manager: Manager) -> None:
    manager.wait_for("WATCHDOG=1", PINGS)
    assert manager.stop() == 0
    assert "STOPPING=1" in manager.messages
    assert not manager.watchdog_acted


@pytest.mark.parametrize("fault", ["callback", "missing"])
def test_a_microphone_that_gives_nothing_more_is_survived(manager: Manager, fault: str) -> None:
    manager.break_down(fault)
    manager.wait_for("STATUS=microphone lost: Desk gives no sound")
    manager.wait_for("WATCHDOG=1", PINGS)
    manager.break_down("")
    manager.wait_for("STATUS=microphone back: listening to Desk")
    manager.wait_for("WATCHDOG=1", 2)
    assert manager.stop() == 0
    assert manager.events() == ["started", "microphone_lost", "microphone_back", "stopping"]


def test_a_service_starts_without_its_microphone_and_waits_for_it(
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


def test_without_its_microphone_nothing_but_a_service_starts(
    started: list[Manager], tmp_path: Path, environment: dict[str, str]
) -> None:
    started.append(Manager(tmp_path, environment, "missing", "--headless"))
    assert started[0].process.wait(timeout=60) == 1
    assert started[0].err.read_text().startswith("emotiond: no microphone found")


@pytest.mark.parametrize("fault", ["classifier", "close", "initialise"])
def test_a_part_that_never_returns_leads_to_a_restart(manager: Manager, fault: str) -> None:
    manager.break_down(fault)
    assert manager.ended_by_watchdog()


def test_output_that_nobody_reads_costs_the_screen_its_lines_and_stops_nothing(
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
