"""The last minutes of sound in memory, from which recordings are kept if the user asks.

This is the only place of the program that writes sound to a disk.
"""

import io
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
import soundfile

from emotiond.audio.signal import Signal
from emotiond.audio.source import Block, Demand, Item, Source
from emotiond.model.profile_file import PRIVATE_FILE, PRIVATE_FOLDER

REMEMBERED_SECONDS: Final = 120.0
"""Sound that is remembered (s)."""
MARGIN_SECONDS: Final = 0.5
"""Sound before and after an utterance that is written with it (s): a gate needs some quiet."""


class Tape:
    """A source that remembers its last sound. One thread may listen while another one cuts.

    Parameters
    ----------
    source : Source
        The source.
    sample_rate : int
        Sample rate of its blocks (Hz).

    Attributes
    ----------
    name : str
        Name of the source.
    """

    def __init__(self, source: Source, sample_rate: int) -> None:
        self.name = source.name
        self._source = source
        self._rate = sample_rate
        self._blocks: deque[tuple[int, Signal]] = deque()
        """Blocks, and the sample of the stream with which each begins."""
        self._end = 0
        """Samples of the stream so far, with those that were lost."""
        self._lock = Lock()

    def blocks(self, at_least: Demand) -> Iterator[Item]:
        """Yield the items of the source."""
        for item in self._source.blocks(at_least):
            if isinstance(item, Block):
                self._remember(item)
            self.name = self._source.name
            yield item

    def cut(self, start: float, end: float) -> Signal:
        """Return the sound between two times of the stream (s), with some more at both ends.

        Returns
        -------
        np.ndarray [shape=(n,), dtype=float32]
            The sound; empty if it is no longer remembered. Samples that were lost are left out.
        """
        first = round((start - MARGIN_SECONDS) * self._rate)
        last = round((end + MARGIN_SECONDS) * self._rate)
        with self._lock:
            if not self._blocks or self._blocks[0][0] > max(0, round(start * self._rate)):
                return np.empty(0, np.float32)
            parts = [
                samples[max(0, first - at) : max(0, last - at)] for at, samples in self._blocks
            ]
        return np.concatenate(parts)

    def _remember(self, block: Block) -> None:
        with self._lock:
            start = self._end + block.dropped
            self._blocks.append((start, block.samples))
            self._end = start + len(block.samples)
            oldest = self._end - REMEMBERED_SECONDS * self._rate
            while self._blocks[0][0] + len(self._blocks[0][1]) < oldest:
                self._blocks.popleft()


def write_recording(path: Path, sound: Signal, rate: int) -> None:
    """Write sound as a WAV file that its owner alone can read, in a folder that is made for it.

    Raises
    ------
    OSError
        If it can't be written.
    """
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    content = io.BytesIO()
    soundfile.write(content, sound, rate, format="WAV", subtype="PCM_16")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.getbuffer())
