"""Sounds, blocks of sound and a fake classifier for the tests of the daemon."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from hypothesis import strategies as st

from emotiond.audio.signal import conditioned
from emotiond.model.output import Output
from emotiond.recognition.engine import Engine
from emotiond.record import Record, encode
from emotiond.testing import FakeModel

RATE = 16_000


def speech(seconds: float, *, rate: int = RATE, level: float = 0.3) -> np.ndarray:
    """Return a buzz with four bursts a second, like syllables."""
    t = np.arange(round(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 12))
    return (level * voice * np.sin(2 * np.pi * 2 * t) ** 4 / 2).astype(np.float32)


def noise(seconds: float, *, rate: int = RATE, level: float = 0.01, seed: int = 0) -> np.ndarray:
    """Return steady white noise."""
    generator = np.random.default_rng(seed)
    return generator.normal(0.0, level, round(seconds * rate)).astype(np.float32)


def tone(seconds: float, hz: float, *, rate: int = RATE, level: float = 0.5) -> np.ndarray:
    """Return a sine."""
    t = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def silence(seconds: float, *, rate: int = RATE) -> np.ndarray:
    """Return zeros."""
    return np.zeros(round(seconds * rate), np.float32)


def after_conditioning(sound: np.ndarray, rate: int = RATE) -> np.ndarray:
    """Return what the program makes of a sound [shape=(n,) or (n, channels)]."""
    return np.concatenate(list(conditioned([sound], rate, RATE)))


SCENES: dict[str, Callable[[float], np.ndarray]] = {
    "speech": speech,
    "silence": silence,
    "room": lambda seconds: noise(seconds, level=2e-4),
    "noise": lambda seconds: noise(seconds, level=0.05),
    "speech in noise": lambda seconds: speech(seconds) + noise(seconds, level=0.005),
}

sizes = st.lists(st.integers(0, 12_000), min_size=1, max_size=8).filter(any)
"""Block sizes for :func:`cut`; a block may be empty, but not all."""


def cut(signal: np.ndarray, into: Iterable[int]) -> Iterator[np.ndarray]:
    """Cut a signal into blocks; the sizes repeat until its end."""
    into = list(into)
    start = index = 0
    while start < len(signal):
        size = into[index % len(into)]
        yield signal[start : start + size]
        start += size
        index += 1


class RememberingModel(FakeModel):
    """A fake model that keeps every window that it was given."""

    def __init__(self, **changes: object) -> None:
        super().__init__(**changes)
        self.windows: list[np.ndarray] = []

    def run(self, frames: np.ndarray) -> Output:
        self.windows.append(frames.copy())
        return super().run(frames)


def push_all(engine: Engine, blocks: Iterable[np.ndarray]) -> list[Record]:
    """Push blocks into an engine and return their records; the stream doesn't end."""
    return [record for block in blocks for record in engine.push(block)]


def lines(records: Iterable[Record]) -> bytes:
    """Return records as lines of the log."""
    return b"\n".join(map(encode, records))


def as_it_comes() -> int:
    """Demand blocks of any length of a source."""
    return 0
