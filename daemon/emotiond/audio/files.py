"""Sound files, read as mono blocks at the sample rate of the model.

All sound in a file is read, whatever the header says of its length; what can't be read gives a
warning.
"""

import io
import itertools
import os
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from emotiond.audio.decode import PIECE_SECONDS, Warn, pieces_of
from emotiond.audio.kinds import HEAD_BYTES
from emotiond.audio.parts import layout_of
from emotiond.audio.signal import Signal
from emotiond.audio.stream import Window, read_at
from emotiond.errors import SoundError, reason
from emotiond.text import printable

BLOCK_SECONDS: Final = PIECE_SECONDS
"""Length of a block (s): shorter than a hop, so that sound is not late; each block wakes us up."""
FAST_BLOCK_SECONDS: Final = 1.0
"""Length of a block of a file that is read as fast as possible (s)."""


def file_blocks(
    path: Path,
    sample_rate: int,
    seconds: float = BLOCK_SECONDS,
    warn: Warn = warnings.warn,
) -> Iterator[Signal]:
    """Read a sound file of any format, rate and channel count in blocks.

    Parameters
    ----------
    path : Path
        Anything that libsndfile reads; several such files behind one another are read in turn.
    sample_rate : int
        Wanted rate (Hz).
    seconds : float
        Length of a block (s), about.
    warn : callable
        Called with a sentence, once the file is read, if the file is truncated or damaged, has
        bytes that are no sound, or more or less sound than its header promises.

    Yields
    ------
    np.ndarray [shape=(n,), dtype=float32]
        Mono, full scale at +-1.

    Raises
    ------
    SoundError
        If the file is missing, is no sound, holds no sample, or a sample that is no finite number.
    """
    name = printable(str(path))
    number = max(1, round(seconds / PIECE_SECONDS))
    try:
        if not path.is_file():
            raise SoundError(f"{name}: {'is not a file' if path.exists() else 'no such file'}")
        with path.open("rb", buffering=0) as file:
            pieces = _pieces(file, name, sample_rate, warn)
            while block := list(itertools.islice(pieces, number)):
                yield np.concatenate(block)
    except OSError as error:
        raise SoundError(f"{name}: {reason(error)}") from error


def read_sound(path: Path, sample_rate: int, warn: Warn = warnings.warn) -> Signal:
    """Read a whole sound file: :func:`file_blocks` in one piece.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Mono, full scale at +-1.

    Raises
    ------
    SoundError
        As :func:`file_blocks`.
    """
    return np.concatenate(list(file_blocks(path, sample_rate, FAST_BLOCK_SECONDS, warn)))


def _pieces(file: io.FileIO, name: str, sample_rate: int, warn: Warn) -> Iterator[Signal]:
    """Decode the sound files that a file consists of, one after another."""
    layout = layout_of(partial(read_at, file), os.fstat(file.fileno()).st_size)
    total = 0.0
    for part in layout.parts:
        head = read_at(file, part.start, HEAD_BYTES)
        try:
            total += yield from pieces_of(Window(file, part), part, head, name, sample_rate, warn)
        except SoundError as error:
            if part is layout.parts[0]:
                raise
            warn(f"{error}; only the {total:.2f} s before that were read")
    if layout.unread:
        warn(f"{name}: the last {layout.unread} bytes are no sound, and were not read")
