"""Messages to the service manager, on a socket that the test reads."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiond.service.systemd import PING_SECONDS, Notifier


def bound(address: str) -> socket.socket:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind("\0" + address[1:] if address.startswith("@") else address)
    manager.setblocking(False)
    return manager


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@emotiond-{os.getpid()}"


@pytest.fixture
def manager(address: str) -> Iterator[socket.socket]:
    with bound(address) as manager:
        yield manager


def received(manager: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(manager.recv(4096).decode())
        except BlockingIOError:
            return messages


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_messages_are_those_of_sd_notify(address: str, manager: socket.socket) -> None:
    notifier = Notifier(address)
    notifier.ready()
    notifier.status("microphone lost")
    notifier.reloading()
    notifier.progress()
    notifier.stopping()
    ready, status, reloading, ping, stopping = received(manager)
    assert ready == "READY=1"
    assert status == "STATUS=microphone lost"
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert int(reloading.rpartition("=")[2]) > 0
    assert (ping, stopping) == ("WATCHDOG=1", "STOPPING=1")


def test_a_status_can_not_say_anything_but_a_status(address: str, manager: socket.socket) -> None:
    Notifier(address).status("odd device\nSTOPPING=1\n\udce9")
    assert received(manager) == ["STATUS=odd device STOPPING=1 \\udce9"]


def test_pings_are_no_more_frequent_than_needed(address: str, manager: socket.socket) -> None:
    clock = Clock()
    notifier = Notifier(address, clock)
    for _ in range(40):
        notifier.progress()
        clock.now += PING_SECONDS / 10
    assert received(manager) == ["WATCHDOG=1"] * 4


def test_without_a_service_manager_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = Notifier.of_environment()
    notifier.ready()
    notifier.progress()


def test_a_service_manager_that_is_gone_is_no_error(tmp_path: Path) -> None:
    never = Notifier(str(tmp_path / "missing"))
    never.ready()
    with bound(str(tmp_path / "notify")):
        notifier = Notifier(str(tmp_path / "notify"))
    notifier.stopping()


def test_a_service_manager_that_reads_nothing_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotiond.service.systemd.SEND_SECONDS", 0.01)
    with bound(str(tmp_path / "notify")):
        notifier = Notifier(str(tmp_path / "notify"))
        for _ in range(20):  # a queue holds ten or so
            notifier.status("x")
