"""Where sound comes from: blocks of samples, and the news of a microphone that goes and comes."""

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import NamedTuple, Protocol, runtime_checkable

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
"""What a source yields."""
Demand = Callable[[], int]
"""Samples, at the source's rate, that complete the next hop: a shorter block is of no use yet."""


@runtime_checkable
class Source(Protocol):
    """A stream of sound, whose blocks end when the sound does, or soon after ``stop`` is set."""

    name: str
    """Name of the source in messages."""

    def blocks(self, at_least: Demand) -> Iterator[Item]:
        """Yield blocks, and news between them.

        Parameters
        ----------
        at_least : callable
            Wanted length of the next block (samples). Asked before each block; a last block, or
            one before a loss, may be shorter.
        """


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
    """

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

    def blocks(self, at_least: Demand) -> Iterator[Item]:
        """Yield blocks; each at the time at which its last sample would have been spoken."""
        due = time.monotonic()
        for samples in self._gathered(at_least):
            due += len(samples) / self._sample_rate
            if not self._fast:
                self._stop.wait(max(0.0, due - time.monotonic()))
            if self._stop.is_set():
                return
            yield Block(samples, time.monotonic())

    def _gathered(self, at_least: Demand) -> Iterator[Signal]:
        """Yield blocks that are long enough; only the last may be shorter."""
        kept: list[Signal] = []
        for samples in self._blocks:
            kept.append(samples)
            if sum(map(len, kept)) >= at_least():
                yield np.concatenate(kept)
                kept.clear()
        if kept:
            yield np.concatenate(kept)
