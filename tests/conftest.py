"""Shared by all tests: the shipped model and sample recording, and a way to run the program."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, settings

from emotiond.model.contract import Contract
from emotiond.model.file import CONTRACT_NAME, read_contract, write_model
from emotiond.paths import SAMPLE_RECORDING, SMALL_MODEL
from tests.networks import without_embedding

settings.register_profile(
    "emotiond",
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("emotiond")

UTTERANCES_IN_SAMPLE = 5
"""Four voices, of which the second pauses between its two sentences."""

PACKAGES = {
    "strace": ("strace",),
    "pulseaudio": ("pulseaudio", "libasound2-plugins"),
    "pactl": ("pulseaudio-utils",),
    "paplay": ("pulseaudio-utils",),
    "libportaudio2": ("libportaudio2",),
    "systemd-analyze": ("systemd",),
    "chromium": ("chromium", "chromium-driver"),
    "mosquitto": ("mosquitto",),
    "prometheus": ("prometheus",),
    "promtool": ("prometheus",),
}
"""Program or library for want of which tests are skipped -> Debian packages that bring it."""

LIKE_ANY_USER = (
    () if os.geteuid() else ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--")
)
"""What begins a command for which permissions of files hold, also where root runs the tests."""

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their number: some hold the time of their making, and names must be equal."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


def pcm(sound: np.ndarray) -> bytes:
    """Return a sound as 16-bit PCM, as the program reads it from standard input."""
    return (sound * 32768).round().astype("<i2").tobytes()


@pytest.fixture(scope="session")
def model_path() -> Path:
    """Return the small shipped model file: fast, and the same on every machine."""
    return SMALL_MODEL


@pytest.fixture(scope="session")
def contract(model_path: Path) -> Contract:
    """Return the contract of the small shipped model."""
    return read_contract(model_path)


@pytest.fixture(scope="session")
def flatbuffer(model_path: Path) -> bytes:
    """Return the TFLite part of the small shipped model, without its contract."""
    with zipfile.ZipFile(model_path) as archive:
        return model_path.read_bytes()[: archive.getinfo(CONTRACT_NAME).header_offset]


@pytest.fixture
def embedding_path(tmp_path: Path, model_path: Path) -> Path:
    """Return a model file with an embedding that has no company beside it."""
    return Path(shutil.copy(model_path, tmp_path / "embedding.tflite"))


@pytest.fixture
def plain_path(tmp_path: Path, flatbuffer: bytes, contract: Contract) -> Path:
    """Return a model file without an embedding, as older ones are."""
    path = tmp_path / "plain.tflite"
    changed = msgspec.structs.replace(contract, outputs=None, embedding_size=None)
    write_model(path, without_embedding(flatbuffer), changed)
    return path


@pytest.fixture(scope="session")
def sample_path() -> Path:
    """Return the shipped sample recording: four voices with pauses between them."""
    return SAMPLE_RECORDING


@pytest.fixture(scope="session")
def sample(sample_path: Path) -> np.ndarray:
    """Return the sample recording, 16 kHz mono, as it is in its file."""
    return soundfile.read(sample_path, dtype="float32")[0]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which a program finds only the settings and logs of the test.

    It listens with the small model, whatever the machine.
    """
    of_the_session = ("LOGS_DIRECTORY", "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "EMOTIOND_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(of_the_session)}
    ours = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    return {**kept, **ours, "EMOTIOND_MODEL": "small"}


@pytest.fixture
def emotiond(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Return a function that runs the program as a user does, and waits for its end."""

    def run(*arguments: object, **options: object) -> "subprocess.CompletedProcess[bytes]":
        given = {"cwd": tmp_path, "env": environment, "capture_output": True, "timeout": 60}
        if "input" not in options and "stdin" not in options:
            given["stdin"] = subprocess.DEVNULL
        command = [sys.executable, "-m", "emotiond", *map(str, arguments)]
        return subprocess.run(command, check=False, **{**given, **options})

    return run


def wanted_packages(reasons: list[str]) -> list[str]:
    """Return the packages that would run skipped tests.

    Parameters
    ----------
    reasons : list of str
        Why each was skipped; names the programs that are missing.
    """
    words = {word for each in reasons for word in re.findall(r"[\w-]+", each)}
    return sorted({each for word in words & set(PACKAGES) for each in PACKAGES[word]})


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say at the very end which packages would run the tests that were skipped."""
    yield
    skipped = [str(each.longrepr[2]) for each in terminalreporter.stats.get("skipped", [])]
    if packages := wanted_packages(skipped):
        count = sum(bool(wanted_packages([each])) for each in skipped)
        terminalreporter.write_line(
            f"{count} tests were skipped for want of packages; to run them, too: "
            f"sudo apt install {' '.join(packages)}",
            yellow=True,
        )
