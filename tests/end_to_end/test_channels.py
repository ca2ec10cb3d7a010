"""The daemon with a microphone of several channels, which an ALSA plugin of the test plays."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
import soxr

from emotiond import load_model
from emotiond.recognition.engine import Engine
from emotiond.record import Prediction
from tests.conftest import Run
from tests.daemon.sounds import after_conditioning, noise
from tests.end_to_end.pulseaudio import Daemon
from tests.end_to_end.test_microphone import predictions

pytestmark = pytest.mark.microphone

PLUGIN = Path(__file__).with_name("alsa_microphone.c")
SECONDS = 6.0

Layout = Callable[[np.ndarray], list[np.ndarray]]


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the plugin, compiled."""
    library = tmp_path_factory.mktemp("alsa") / "libasound_module_pcm_played.so"
    reason = ""
    if not shutil.which("cc"):
        reason = "there is no C compiler: install gcc"
    elif not find_library("portaudio"):
        reason = "not installed: libportaudio2"
    else:
        command = ["cc", "-shared", "-fPIC", "-DPIC", "-Wall", "-o", library, PLUGIN, "-lasound"]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            reason = f"the ALSA plugin can't be compiled: install libasound2-dev ({built.stderr})"
    if reason and os.environ.get("EMOTIOND_REQUIRE_MICROPHONE") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return library


class Devices:
    """ALSA devices of the test's user."""

    def __init__(self, plugin: Path, home: Path) -> None:
        self._home = home
        self._lines = [f'pcm_type.played {{ lib "{plugin}" }}\n'.encode()]

    def add(self, name: bytes, channels: list[np.ndarray], rate: int = 16_000) -> None:
        """Add a microphone that plays channels [shape=(n,)]."""
        path = self._home / f"{len(self._lines)}.raw"
        path.write_bytes((np.stack(channels, axis=1) * 32767).round().astype("<i2").tobytes())
        line = f'{{ type played file "{path}" channels {len(channels)} rate {rate} }}\n'
        self._lines.append(b'pcm."' + name + b'" ' + line.encode())
        (self._home / ".asoundrc").write_bytes(b"".join(self._lines))


@pytest.fixture
def devices(plugin: Path, tmp_path: Path) -> Devices:
    return Devices(plugin, tmp_path)


@pytest.fixture
def voice(sample: np.ndarray) -> np.ndarray:
    """Return the beginning of the sample."""
    return sample[: round(SECONDS * 16_000)] * np.float32(0.5)


def listened(folder: Path, environment: dict[str, str], *flags: str) -> list[Prediction]:
    """Return the first predictions of a daemon, and end it."""
    daemon = Daemon(folder, environment, *flags)
    try:
        daemon.wait_for(lambda: len(predictions(daemon.logged())) >= 4, "speech is predicted")
        code, _, err, _ = daemon.stop()
        assert (code, err) == (0, "")
        return predictions(daemon.logged())
    finally:
        daemon.kill()


def second_of_two(voice: np.ndarray) -> list[np.ndarray]:
    return [0.0 * voice, voice]


def fourth_of_six(voice: np.ndarray) -> list[np.ndarray]:
    return [0.0 * voice] * 3 + [voice] + [0.0 * voice] * 2


def opposite_phase(voice: np.ndarray) -> list[np.ndarray]:
    return [voice, -voice]


def second_beside_an_offset(voice: np.ndarray) -> list[np.ndarray]:
    return [0.0 * voice + 0.1, voice - 0.1]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("layout", "rate"),
    [
        (second_of_two, 16_000),
        (fourth_of_six, 16_000),
        (fourth_of_six, 48_000),
        (opposite_phase, 16_000),
        (second_beside_an_offset, 44_100),
    ],
)
def test_a_voice_on_any_channel_is_recognised_as_in_mono(
    devices: Devices,
    tmp_path: Path,
    environment: dict[str, str],
    voice: np.ndarray,
    model_path: Path,
    layout: Layout,
    rate: int,
) -> None:
    devices.add(b"desk", layout(soxr.resample(voice, 16_000, rate)), rate)
    found = listened(tmp_path, environment, "--device", "desk")
    expected = predictions(Engine(load_model(model_path)).push(after_conditioning(voice)))
    for one, other in zip(found[:4], expected, strict=False):
        assert (one.start, one.end) == (other.start, other.end)
        probabilities = [one.probabilities[label] for label in other.probabilities]
        assert probabilities == pytest.approx(list(other.probabilities.values()), abs=0.05)


@pytest.mark.timeout(120)
def test_a_channel_that_is_set_is_listened_to_beside_a_louder_one(
    devices: Devices, tmp_path: Path, environment: dict[str, str], voice: np.ndarray
) -> None:
    music = noise(SECONDS, level=0.3)
    devices.add(b"array", [0.03 * voice, 0.03 * voice, music])
    found = listened(tmp_path, environment, "--device", "array", "--channel", "2")
    assert max(each.level for each in found) < -35.0


def test_the_doctor_says_the_level_of_each_channel(
    devices: Devices, emotiond: Run, voice: np.ndarray
) -> None:
    steady = noise(SECONDS, level=0.1)
    devices.add(b"desk", [0.0 * steady, steady])
    devices.add(b"offset", [0.0 * steady + 0.25])
    said = microphone(emotiond("doctor", "--json", "--device", "desk"))
    assert said["message"] == (
        "desk works; its level is -20 dBFS (channel 1: silent, channel 2: -20 dBFS)"
    )
    said = microphone(emotiond("doctor", "--json", "--device", "offset"))
    assert said["message"] == "offset works but gives only silence"


def microphone(doctor: "subprocess.CompletedProcess[bytes]") -> dict[str, str]:
    """Return what the doctor found about the microphone."""
    rows = map(json.loads, doctor.stdout.splitlines())
    return next(row for row in rows if row["check"] == "microphone")


@pytest.mark.timeout(120)
def test_a_microphone_whose_name_is_not_utf_8_hides_no_other_and_works_itself(
    devices: Devices,
    tmp_path: Path,
    environment: dict[str, str],
    emotiond: Run,
    voice: np.ndarray,
) -> None:
    devices.add(b"desk", [voice, voice])
    devices.add(b"mik\xff\xe9", [voice])
    listed = [json.loads(line) for line in emotiond("devices", "--json").stdout.splitlines()]
    named = {each["name"]: each["channels"] for each in listed}
    assert (named["desk"], named[r"mik\xff\xe9"]) == (2, 1)
    lines = emotiond("devices").stdout.decode().splitlines()
    assert r"  mik\xff\xe9  (1 channel, 16000 Hz)" in lines
    assert any(line.endswith(" desk  (2 channels, 16000 Hz)") for line in lines)
    assert listened(tmp_path, environment, "--device", "desk")
    shutil.rmtree(tmp_path / "logs")
    assert listened(tmp_path, environment, "--device", "mik")
