"""Sound that waited in a pipe: a live writer goes on while this machine is too slow."""

import fcntl
import struct
import termios
from collections.abc import Callable, Iterator
from typing import Final

from emotiond.audio.source import Block, Demand, Item, Source

DRIFT: Final = 0.001
"""Share by which the clock of a live source may be fast; a source further ahead is not live."""


class LivePipe:
    """A source that reads a pipe, with the time at which its sound came, not that of the reading.

    A live writer sends a second of sound each second. Sound that comes later than that has waited
    in the pipe, unless the pipe is empty behind it: then the writer itself paused. A writer that
    is ahead of real time, such as ``cat``, is never late.

    Parameters
    ----------
    source : Source
        Reads the pipe.
    sample_rate : int
        Sample rate of the source (Hz).
    is_empty : callable
        Says whether nothing waits in the pipe.
    """

    def __init__(self, source: Source, sample_rate: int, is_empty: Callable[[], bool]) -> None:
        self.name = source.name
        self._source = source
        self._sample_rate = sample_rate
        self._is_empty = is_empty

    def blocks(self, at_least: Demand) -> Iterator[Item]:
        """Yield the items of the source; blocks get the time at which their last sample came."""
        seconds = 0.0
        began: float | None = None
        for item in self._source.blocks(at_least):
            if not isinstance(item, Block):
                yield item
                continue
            seconds += len(item.samples) / self._sample_rate
            if began is None:
                began = item.arrived - seconds
            ahead = began + seconds - item.arrived
            if ahead < DRIFT * seconds and self._is_empty():
                began = item.arrived - seconds
            yield item._replace(arrived=min(item.arrived, began + seconds))


def is_empty(stream: int) -> bool:
    """Say whether nothing waits in a pipe; a stream that can't tell counts as empty."""
    try:
        waiting = fcntl.ioctl(stream, termios.FIONREAD, bytes(4))
    except OSError:
        return True
    return struct.unpack("i", waiting) == (0,)
