"""Sounds, blocks of sound and a fake classifier for the tests of the daemon."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from hypothesis import strategies as st

from emotiond.features.mfcc import MfccConfig
from emotiond.model.contract import Contract, Normalisation
from emotiond.recognition.engine import Engine
from emotiond.record import Record, encode

RATE = 16_000
LABELS = ("calm", "cross", "merry")


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


def made_up_contract(**changes: object) -> Contract:
    """Return a valid contract that belongs to no file, with some fields changed."""
    mfcc = changes.pop("mfcc", MfccConfig(n_mels=20, n_mfcc=8))
    given = {
        "version": 1,
        "labels": LABELS,
        "mfcc": mfcc,
        "window_frames": 20,
        "normalisation": Normalisation((0.0,) * mfcc.n_mfcc, (1.0,) * mfcc.n_mfcc),
        "temperature": 1.0,
        "abstain_below": 0.5,
        "trained_on": ("nothing",),
        "opens_for": "sound",
        "sha256": "0123456789abcdef",
    }
    return Contract(**{**given, **changes})


class FakeModel:
    """A classifier that is a fixed linear function of its window; it can remember the windows."""

    def __init__(self, *, remember: bool = False, **changes: object) -> None:
        self.contract = made_up_contract(**changes)
        self._remember = remember
        shape = (self.contract.window_frames, self.contract.mfcc.n_mfcc)
        self._weights = np.random.default_rng(1).normal(0, 1, (*shape, len(self.contract.labels)))
        self.windows: list[np.ndarray] = []

    def probabilities(self, frames: np.ndarray) -> np.ndarray:
        """Return the softmax of weighted sums of a window."""
        assert frames.shape == self._weights.shape[:2]
        if self._remember:
            self.windows.append(frames.copy())
        logits = np.einsum("ij,ijk->k", frames, self._weights) / 300.0
        powers = np.exp(logits - logits.max())
        return (powers / powers.sum()).astype(np.float32)


def push_all(engine: Engine, blocks: Iterable[np.ndarray]) -> list[Record]:
    """Push blocks into an engine and return their records; the stream doesn't end."""
    return [record for block in blocks for record in engine.push(block)]


def lines(records: Iterable[Record]) -> bytes:
    """Return records as lines of the log."""
    return b"\n".join(map(encode, records))
