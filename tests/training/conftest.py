"""Small corpora of synthetic sound, and the folder of real ones."""

import io
import os
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from emotiond_training.progress import Reporter

RATE = 16_000
PITCHES = {"low": 150.0, "middle": 600.0, "high": 2400.0}


def tone(pitch: float, seed: int, seconds: float = 0.8) -> np.ndarray:
    """Return a tone with vibrato that swells and fades, so that the gate opens for it."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * pitch * (1 + 0.05 * random.standard_normal()) * time
    swell = np.sin(np.pi * time / seconds) ** 2 * (0.6 + 0.4 * np.sin(2 * np.pi * 5 * time))
    return (0.4 * swell * np.sin(phase + np.sin(2 * np.pi * 6 * time))).astype(np.float32)


@pytest.fixture(scope="session")
def three_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a corpus with three made-up labels of 12 recordings each."""
    folder = tmp_path_factory.mktemp("corpus")
    for number, (label, pitch) in enumerate(PITCHES.items()):
        (folder / label).mkdir()
        for take in range(12):
            sound = tone(pitch, seed=100 * number + take)
            soundfile.write(folder / label / f"{take:02d}.wav", sound, RATE)
    return folder


@pytest.fixture(scope="session")
def write_tone() -> Callable[[Path, float, int], None]:
    """Function that writes a tone of a pitch (Hz) and a seed to a file."""

    def write(path: Path, pitch: float, seed: int) -> None:
        soundfile.write(path, tone(pitch, seed), RATE)

    return write


@pytest.fixture
def touch(tmp_path: Path) -> Callable[..., Path]:
    """Function that makes files: each a short recording of its own, unless content is given."""

    def make(*names: str, content: bytes | None = None) -> Path:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(recording(name) if content is None else content)
        return tmp_path

    return make


def recording(name: str) -> bytes:
    """Return a WAV file whose samples are the bytes of a name."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(name.encode().ljust(200, b"\0") + bytes(len(name) % 2))
    return file.getvalue()


@pytest.fixture(scope="session")
def quiet() -> Reporter:
    """Return a reporter that shows nothing."""
    return Reporter(Console(quiet=True))


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Folder of real corpora; the test is skipped if there is none."""
    default = Path(__file__).resolve().parents[3] / "shared" / "corpora"
    folder = Path(os.environ.get("EMOTIOND_CORPORA", default))
    if not folder.is_dir():
        pytest.skip(f"{folder}: no corpora; set EMOTIOND_CORPORA to their folder")
    return folder
