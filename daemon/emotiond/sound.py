"""Sound files and raw PCM, as mono blocks at the rate the model wants."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import soundfile
import soxr

from emotiond.errors import SoundError
from emotiond.mfcc import Signal

BLOCK_SECONDS: Final = 0.1
"""Sound in one block: short enough for a smooth display, long enough to cost little."""


class Resampler:
    """Mixes to mono and resamples a stream.

    Parameters
    ----------
    source_rate, target_rate : int
        In Hz; equal rates cost nothing.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._stream = (
            None
            if source_rate == target_rate
            else soxr.ResampleStream(source_rate, target_rate, 1, dtype="float32")
        )

    def push(self, block: Signal, *, last: bool = False) -> Signal:
        """Return the samples [shape=(m,)] that a block [shape=(n,) or (n, channels)] gives."""
        mono = block if block.ndim == 1 else block.mean(axis=1, dtype=np.float32)
        if self._stream is None:
            return mono
        return np.asarray(self._stream.resample_chunk(mono, last=last), np.float32)


def file_blocks(path: Path, sample_rate: int) -> Iterator[Signal]:
    """Read a sound file of any format, rate and channel count in blocks.

    Parameters
    ----------
    path : Path
        Anything libsndfile reads.
    sample_rate : int
        Wanted rate (Hz).

    Yields
    ------
    np.ndarray [shape=(n,), dtype=float32]
        Mono, about BLOCK_SECONDS each, full scale at +-1.

    Raises
    ------
    SoundError
        If the file is missing, is no sound, holds no sample, or a sample that is no finite number.
    """
    if not path.is_file():
        raise SoundError(f"{path}: {'is not a file' if path.exists() else 'no such file'}")
    empty = True
    try:
        with soundfile.SoundFile(path) as sound:
            resampler = Resampler(sound.samplerate, sample_rate)
            size = max(1, round(BLOCK_SECONDS * sound.samplerate))
            while len(block := sound.read(size, dtype="float32", always_2d=True)):
                if not np.isfinite(block).all():
                    raise SoundError(f"{path}: has samples that are not finite numbers")
                empty = False
                yield resampler.push(block)
            yield resampler.push(np.empty(0, np.float32), last=True)
            expected, read = sound.frames, sound.tell()
    except soundfile.LibsndfileError as error:
        reason = error.error_string.strip().rstrip(".")
        raise SoundError(f"{path}: not a sound file that can be read ({reason})") from error
    except OSError as error:
        raise SoundError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if empty:
        raise SoundError(f"{path}: holds no sound")
    if read < expected:
        raise SoundError(f"{path}: truncated ({read} of {expected} samples)")


def read_sound(path: Path, sample_rate: int) -> Signal:
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
    return np.concatenate(list(file_blocks(path, sample_rate)))


def pcm_blocks(stream: BinaryIO, sample_rate: int) -> Iterator[Signal]:
    """Read 16-bit little-endian mono PCM at ``sample_rate`` until it ends.

    Yields
    ------
    np.ndarray [shape=(n,), dtype=float32]
        Full scale at +-1; a last odd byte is no sample and is dropped.
    """
    size = 2 * max(1, round(BLOCK_SECONDS * sample_rate))
    while block := stream.read(size):
        samples = np.frombuffer(block[: len(block) // 2 * 2], "<i2")
        yield samples.astype(np.float32) / 32768.0
