"""The queue between PortAudio's thread, which captures sound, and the thread that processes it."""

import math
from collections import deque
from threading import Condition
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Captured(NamedTuple):
    """Consecutive samples, as they were captured."""

    samples: NDArray[np.int16]
    """Samples [shape=(n, channels)]."""
    arrived: float
    """Time at which the last sample arrived (seconds of the monotonic clock)."""
    dropped: int
    """Samples that were lost just before these."""


class Pending:
    """A bounded queue of blocks. Its reader sleeps until a whole hop is there.

    Waking up costs as much as a hop's work, so a reader that needs two blocks wakes once for both.

    Parameters
    ----------
    limit : int
        Most samples in the queue (many blocks). The oldest blocks beyond it are dropped.

    Attributes
    ----------
    arrived : float
        Time at which the last block arrived (seconds of the monotonic clock); minus infinity
        before the first.
    """

    def __init__(self, limit: int) -> None:
        self.arrived = -math.inf
        self._limit = limit
        self._blocks: deque[Captured] = deque()
        self._samples = 0
        self._enough = 0
        self._changed = Condition()

    def put(self, block: NDArray[np.int16], arrived: float, dropped: int = 0) -> None:
        """Add a block, and wake the reader if the queue has enough samples now.

        Parameters
        ----------
        block : np.ndarray [shape=(n, channels)]
            The samples.
        arrived : float
            Time at which the last sample arrived (seconds of the monotonic clock).
        dropped : int
            Samples that were lost just before these.
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
        """Wait for samples and take them: no more blocks than needed, and none after a loss.

        Parameters
        ----------
        enough : int
            Samples to wait for, at least 1; at most half of the limit is waited for.
        timeout : float
            Longest wait (s).

        Returns
        -------
        Captured or None
            None if too few samples came in this time; they stay in the queue.
        """
        with self._changed:
            self._enough = max(1, min(enough, self._limit // 2))
            if not self._changed.wait_for(lambda: self._samples >= self._enough, timeout):
                return None
            return self._take(self._enough)

    def rest(self) -> list[Captured]:
        """Take everything that is in the queue now, cut into pieces at losses."""
        taken = []
        with self._changed:
            while self._samples:
                taken.append(self._take(self._samples))
        return taken

    def _take(self, samples: int) -> Captured:
        """Take a number of samples, or fewer if a loss comes before the next ones."""
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
