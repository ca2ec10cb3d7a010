"""Where sound comes from: blocks of samples, and the news of a microphone that goes and comes."""

import time
from collections.abc import Iterable, Iterator
from threading import Event
from typing import NamedTuple, Protocol

import numpy as np

from emotiond.audio.signal import Signal
from emotiond.record import News


class Block(NamedTuple):
    """Consecutive samples."""

    samples: Signal
    """Mono, at the model's sample rate, full scale at +-1 [shape=(n,), dtype=float32]."""
    arrived: float
    """When the last sample was there (seconds of the monotonic clock)."""
    dropped: int = 0
    """Samples that were lost just before these."""


class Retrying(NamedTuple):
    """A source that is known to be lost was tried again just now, in vain."""


Item = Block | News | Retrying
"""What iterating over a source gives."""


class Source(Protocol):
    """A stream of sound; iterating ends when the sound does, or soon after ``stop`` is set."""

    name: str
    """What messages call it."""
    enough: int
    """Samples that blocks had better have, at the model's rate: fewer are of no use yet."""

    def __iter__(self) -> Iterator[Item]:
        """Yield blocks, and news between them."""


class Replay:
    """Blocks of a file or a pipe, at the pace of real time or as fast as they are taken.

    Parameters
    ----------
    name : str
        What messages call it.
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        The sound.
    sample_rate : int
        Of the sound (Hz).
    stop : threading.Event
        Ends the stream when set.
    fast : bool
        Don't wait.

    Attributes
    ----------
    enough : int
        As of :class:`Source`.
    """

    enough = 0

    def __init__(
        self,
        name: str,
        blocks: Iterable[Signal],
        sample_rate: int,
        stop: Event,
        *,
        fast: bool = False,
    ) -> None:
        self.name = name
        self._blocks = blocks
        self._sample_rate = sample_rate
        self._stop = stop
        self._fast = fast

    def __iter__(self) -> Iterator[Item]:
        """Yield blocks; each at the time at which its last sample would have been spoken."""
        due = time.monotonic()
        for samples in self._gathered():
            due += len(samples) / self._sample_rate
            if not self._fast:
                self._stop.wait(max(0.0, due - time.monotonic()))
            if self._stop.is_set():
                return
            yield Block(samples, time.monotonic())

    def _gathered(self) -> Iterator[Signal]:
        """Yield blocks that are long enough, but for the last."""
        kept: list[Signal] = []
        for samples in self._blocks:
            kept.append(samples)
            if sum(map(len, kept)) >= self.enough:
                yield np.concatenate(kept)
                kept.clear()
        if kept:
            yield np.concatenate(kept)
