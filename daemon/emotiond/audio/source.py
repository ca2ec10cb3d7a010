"""Sources of sound: blocks of samples, and news of a microphone that goes and comes back."""

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
    """Mono sound at the model's sample rate, full scale at +-1 [shape=(n,), dtype=float32]."""
    arrived: float
    """Time at which the last sample arrived (seconds of the monotonic clock)."""
    dropped: int = 0
    """Samples that were lost just before these."""


class Retrying(NamedTuple):
    """A lost source was tried again just now, without success."""


Item = Block | News | Retrying
"""Anything that a source yields."""
Demand = Callable[[], int]
"""Returns the number of samples that complete the next hop; a shorter block is of no use yet."""


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
        Name of the source in messages.
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        The sound.
    sample_rate : int
        Sample rate of the sound (Hz).
    stop : threading.Event
        Ends the stream when set.
    fast : bool
        Yield blocks as fast as they are taken, not at the pace of real time.
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
        """Yield each block at the time at which its last sample would be spoken."""
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
