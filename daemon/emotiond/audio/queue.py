"""Sound on its way from the thread that captures it to the one that works with it."""

import math
from collections import deque
from threading import Condition
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Captured(NamedTuple):
    """Consecutive samples, as they were captured."""

    samples: NDArray[np.int16]
    """[shape=(n, channels)]"""
    arrived: float
    """When the last of them was there (seconds of the monotonic clock)."""
    dropped: int
    """Samples that were lost just before them."""


class Pending:
    """A bounded queue of blocks, whose reader sleeps until there are enough of them.

    To wake costs as much as the work on a hop: whoever needs two blocks wakes once for both.

    Parameters
    ----------
    limit : int
        Samples that are kept, many blocks; beyond it the oldest makes room.

    Attributes
    ----------
    arrived : float
        When the last block was there (seconds of the monotonic clock); at first minus infinity.
    """

    def __init__(self, limit: int) -> None:
        self.arrived = -math.inf
        self._limit = limit
        self._blocks: deque[Captured] = deque()
        self._samples = 0
        self._enough = 0
        self._changed = Condition()

    def put(self, block: NDArray[np.int16], arrived: float, dropped: int = 0) -> None:
        """Add a block, and wake the reader where there are enough samples now.

        Parameters
        ----------
        block : np.ndarray [shape=(n, channels)]
            The samples.
        arrived : float
            When the last of them was there (seconds of the monotonic clock).
        dropped : int
            Samples that were lost before them, on their way here.
        """
        with self._changed:
            self.arrived = arrived
            self._blocks.append(Captured(block, arrived, dropped))
            self._samples += len(block)
            while self._samples > self._limit and len(self._blocks) > 1:
                oldest = self._take_oldest()
                lost = oldest.dropped + len(oldest.samples)
                self._blocks[0] = self._blocks[0]._replace(dropped=self._blocks[0].dropped + lost)
            if self._samples >= self._enough:
                self._changed.notify()

    def get(self, enough: int, timeout: float) -> Captured | None:
        """Wait for samples, and take no more blocks than needed, nor any behind a loss.

        Parameters
        ----------
        enough : int
            Samples to wait for, at least 1; half of the limit is always enough.
        timeout : float
            How long (s).

        Returns
        -------
        Captured or None
            None where there were not enough in this time; they stay.
        """
        with self._changed:
            self._enough = max(1, min(enough, self._limit // 2))
            if not self._changed.wait_for(lambda: self._samples >= self._enough, timeout):
                return None
            return self._take(self._enough)

    def rest(self) -> list[Captured]:
        """Take all that is there now, in one piece between two losses."""
        taken = []
        with self._changed:
            while self._samples:
                taken.append(self._take(self._samples))
        return taken

    def _take(self, samples: int) -> Captured:
        """Take so many samples, or fewer where the next ones don't follow them directly."""
        first = self._take_oldest()
        blocks, taken, arrived = [first.samples], len(first.samples), first.arrived
        while taken < samples and self._blocks and not self._blocks[0].dropped:
            block, arrived, _ = self._take_oldest()
            blocks.append(block)
            taken += len(block)
        return Captured(np.concatenate(blocks), arrived, first.dropped)

    def _take_oldest(self) -> Captured:
        oldest = self._blocks.popleft()
        self._samples -= len(oldest.samples)
        return oldest
