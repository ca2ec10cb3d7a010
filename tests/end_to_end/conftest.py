"""What tests of running programs share."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.daemon.logs import fill
from tests.end_to_end.connectors import Broker, Program, Reached, Webhook
from tests.end_to_end.hubs import Hub, Start
from tests.end_to_end.programs import Programs
from tests.end_to_end.pulseaudio import Server, missing
from tests.end_to_end.tracing import Strace


@pytest.fixture
def programs(tmp_path: Path, environment: dict[str, str], sample: np.ndarray) -> Iterator[Programs]:
    programs = Programs(tmp_path, environment, sample)
    yield programs
    programs.end()


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "emotiond" / "live.sock"


@pytest.fixture
def server(tmp_path: Path, environment: dict[str, str]) -> Iterator[Server]:
    if lacking := missing():
        reason = f"not installed: {', '.join(lacking)}"
        if os.environ.get("EMOTIOND_REQUIRE_MICROPHONE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    server = Server(tmp_path, environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def strace(tmp_path: Path) -> Strace:
    works = shutil.which("strace") and subprocess.run(
        ["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, check=False
    )
    if not works or works.returncode:
        reason = "strace is not installed, or may not trace"
        if os.environ.get("EMOTIOND_REQUIRE_STRACE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return Strace(tmp_path)


@pytest.fixture
def reached(tmp_path: Path) -> Iterator[Reached]:
    """Return a broker, and the program and the address of a hook."""
    broker, address = Broker(tmp_path), Webhook()  # without a broker, nothing is started
    yield Reached(broker, Program(tmp_path), address)
    broker.end()
    address.end()


@pytest.fixture
def hub(tmp_path: Path, environment: dict[str, str]) -> Iterator[Start]:
    """Return a function that starts a hub; each must end without an error."""
    started: list[Hub] = []

    def start(*flags: str, port: int = 0) -> Hub:
        started.append(Hub(tmp_path, environment, *flags, port=port))
        return started[-1]

    yield start
    for each in started:
        killed = each.program.poll() is not None
        assert killed or each.end() == (0, b"")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, str]]:
    """Return a hub that wants its token, without a daemon, and the token."""
    folder = tmp_path_factory.mktemp("guarded")
    fill(folder, 3)
    own = {**os.environ, "HOME": str(folder), "XDG_STATE_HOME": "", "XDG_RUNTIME_DIR": ""}
    found = Hub(folder, own, "--hub-auth", "always", "--hub-log", ".")
    path = folder / ".local" / "state" / "emotiond" / "hub-token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = path.read_text().strip()
    assert token.encode() not in found.said  # the output may go to a journal
    yield found, token
    assert found.end() == (0, b"")
