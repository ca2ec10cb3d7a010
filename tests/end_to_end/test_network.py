"""The daemon has no network, and the hub no sound, with all that can be set."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from emotiond.paths import SAMPLE_RECORDING
from emotiond.record import Utterance
from tests.conftest import pcm
from tests.daemon.logs import so_far
from tests.end_to_end.connectors import Reached
from tests.end_to_end.hubs import Hub
from tests.end_to_end.programs import EMOTIOND, wait_for
from tests.end_to_end.pulseaudio import Server
from tests.end_to_end.tracing import CONNECTS, OPENS, STARTS, Strace, Wiretap, kill, traced

SOUND = re.compile("/dev/snd|asound|portaudio|sounddevice|pulse|pipewire", re.IGNORECASE)
"""Devices, sockets and libraries of sound."""
SETTINGS = """
name = "kitchen"
[log]
dir = "logs"
[live]
socket = "live.sock"
"""
"""Settings of a daemon; those of the hub follow."""


def sounds(strace: Strace) -> list[str]:
    """Return the devices, sockets and libraries of sound that programs wanted, also in vain."""
    return [each for each in strace.named(OPENS) | strace.named(CONNECTS) if SOUND.search(each)]


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
@pytest.mark.parametrize("child", [False, True])
def test_a_program_that_opens_the_network_is_caught(
    strace: Strace, family: str, child: bool
) -> None:
    code = f"import socket; socket.socket(socket.{family})"
    if child:
        code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    subprocess.run([*strace.command, sys.executable, "-c", code], check=True, timeout=60)
    assert family in strace.families()
    assert strace.named(STARTS) == {sys.executable}


@pytest.mark.parametrize("command", [("emotiond", "devices"), ("sounddevice",)])
def test_a_program_that_looks_for_microphones_is_caught(
    strace: Strace, environment: dict[str, str], command: tuple[str, ...]
) -> None:
    subprocess.run(
        [*strace.command, sys.executable, "-m", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    assert any("sounddevice" in each for each in sounds(strace))
    assert any("libportaudio" in each for each in sounds(strace))


@pytest.fixture
def daemon(
    strace: Strace, tmp_path: Path, environment: dict[str, str], reached: Reached
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a daemon whose settings name everything that a daemon and a hub can do; trace it."""
    (tmp_path / "emotiond.toml").write_text(SETTINGS + reached.settings())
    flags = ("--config", "emotiond.toml", "--input", "-", "--fast", "--headless")
    started = subprocess.Popen(
        [*strace.command, *EMOTIOND, "run", *flags],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    yield started
    kill(started)


@pytest.fixture
def traced_hub(
    tmp_path: Path, environment: dict[str, str], daemon: "subprocess.Popen[bytes]"
) -> Iterator[tuple[Hub, Strace]]:
    """Start the hub of that daemon, and trace it."""
    folder = tmp_path / "hub"
    folder.mkdir()
    strace = Strace(folder)
    flags = ("--config", "emotiond.toml", "--hub-socket", "live.sock", "--hub-log", "logs")
    hub = Hub(tmp_path, environment, *flags, tracer=strace.command)
    yield hub, strace
    kill(hub.program)


@pytest.mark.timeout(180)
def test_the_daemon_opens_no_network_and_the_hub_no_sound_with_all_that_can_be_set(
    strace: Strace,
    tmp_path: Path,
    sample: np.ndarray,
    reached: Reached,
    daemon: "subprocess.Popen[bytes]",
    traced_hub: tuple[Hub, Strace],
) -> None:
    hub, trace_of_hub = traced_hub
    wait_for(hub.connected, "the hub reaches the daemon")
    daemon.stdin.write(pcm(sample))
    daemon.stdin.flush()
    for connector in reached:
        wait_for(connector.got, "an utterance arrives")
    for path in ("/", "/day/today", "/voices", "/health", "/metrics", "/api/v1/health"):
        assert hub.ask(path).status == 200
    for request in ({"request": "correct", "label": "angry"}, {"request": "reload"}):
        assert hub.request(request).status == 200
    end(daemon)
    end(hub.program)

    assert strace.families() == {"AF_UNIX"}
    assert strace.named(STARTS) == {sys.executable}
    assert strace.named(CONNECTS) <= {"live.sock", "control.sock"}
    profile = tmp_path / "state" / "emotiond" / "voices.json"
    files = {f"{profile}.new", "live.sock.lock", "control.sock.lock"}
    log = {f"logs/{each.name}" for each in (tmp_path / "logs").iterdir()}
    assert set(strace.opened()) <= {os.devnull, "/dev/tty", *files, *log}
    wiretap = Wiretap(sample)
    assert not any(map(wiretap.finds, strace.written()))

    assert "AF_INET" in trace_of_hub.families()
    assert sounds(trace_of_hub) == []


@pytest.mark.microphone
def test_a_daemon_with_a_microphone_of_a_sound_server_opens_no_network(
    strace: Strace, server: Server, tmp_path: Path
) -> None:
    program = subprocess.Popen(
        [*strace.command, *EMOTIOND, "run", "--headless", "--log-dir", "logs"],
        cwd=tmp_path,
        env=server.environment,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(lambda: so_far(tmp_path / "logs"), "the daemon listens")
        server.play(SAMPLE_RECORDING)
        wait_for(
            lambda: [each for each in so_far(tmp_path / "logs") if isinstance(each, Utterance)],
            "somebody speaks",
        )
        end(program)
    finally:
        kill(program)
    assert strace.families() == {"AF_UNIX"}
    assert sounds(strace)


def end(program: "subprocess.Popen[bytes]") -> None:
    """End a program that is traced, as a service manager does."""
    os.kill(traced(program.pid), signal.SIGTERM)
    assert program.communicate(timeout=30)[1] == b""
    assert program.returncode == 0
