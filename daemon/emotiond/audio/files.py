"""Sound files and raw PCM, read as mono blocks at the sample rate of the model."""

import os
import re
import select
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

import numpy as np
import soundfile

from emotiond.audio.signal import Conditioner, Signal
from emotiond.errors import SoundError, reason

BLOCK_SECONDS: Final = 0.25
"""Length of a block (s): shorter than a hop, so that sound is not late; each block wakes us up."""
HIGHEST_RATE: Final = 1_000_000
"""Highest sample rate that is believed (Hz); even bats are recorded at less."""
FAST_BLOCK_SECONDS: Final = 1.0
"""Length of a block of a file that is read as fast as possible (s)."""
UNKNOWN_SIZE: Final = 0x7FFFF000
"""A header that promises this many bytes or more does not know the size."""


def file_blocks(
    path: Path, sample_rate: int, seconds: float = BLOCK_SECONDS, channel: int | None = None
) -> Iterator[Signal]:
    """Read a sound file of any format, rate and channel count in blocks.

    Parameters
    ----------
    path : Path
        Anything libsndfile reads.
    sample_rate : int
        Wanted rate (Hz).
    seconds : float
        Sound in a block, about.
    channel : int or None
        Channel to take, from 1; None: what carries sound.

    Yields
    ------
    np.ndarray [shape=(n,), dtype=float32]
        Mono, full scale at +-1.

    Raises
    ------
    SoundError
        If the file is missing, is no sound, holds no sample, or a sample that is no finite number,
        or if it lacks the channel.
    """
    heard = 0.0
    try:
        if not path.is_file():
            raise SoundError(f"{path}: {'is not a file' if path.exists() else 'no such file'}")
        with soundfile.SoundFile(os.fsencode(path)) as sound:
            if sound.samplerate > HIGHEST_RATE:
                raise SoundError(f"{path}: {sound.samplerate} samples a second are no sound")
            if channel is not None and channel > sound.channels:
                raise SoundError(f"{path}: has no channel {channel}, only {sound.channels}")
            conditioner = Conditioner(sound.samplerate, sample_rate, channel)
            pieces = max(1, round(seconds / BLOCK_SECONDS))
            while len(block := _read(sound, pieces)):
                heard += len(block) / sound.samplerate
                yield _finite(path, conditioner.push(_finite(path, block)))
            yield _finite(path, conditioner.push(np.empty(0, np.float32), last=True))
            complete = sound.tell() >= sound.frames and not _cut_off(sound.extra_info)
    except soundfile.LibsndfileError as error:
        if heard:
            raise SoundError(f"{path}: truncated or damaged after {heard:.2f} s") from error
        words = error.error_string.strip().rstrip(".") or f"libsndfile error {error.code}"
        raise SoundError(f"{path}: not a sound file that can be read ({words})") from error
    except OSError as error:
        raise SoundError(f"{path}: {reason(error)}") from error
    if not complete:
        raise SoundError(f"{path}: truncated after {heard:.2f} s")
    if not heard:
        raise SoundError(f"{path}: holds no sound")


def _read(sound: soundfile.SoundFile, pieces: int) -> Signal:
    """Read the next samples [shape=(n, channels)], so many pieces of BLOCK_SECONDS at most.

    Pieces of one length, whoever reads: the last samples of an Opus file depend on it.
    """
    size = max(1, round(BLOCK_SECONDS * sound.samplerate))
    block = np.empty((pieces * size, sound.channels), np.float32)
    filled = 0
    for _ in range(pieces):
        count = sound.buffer_read_into(block[filled : filled + size], "float32")
        filled += count
        if count < size:
            break
    return block[:filled]


def _finite(path: Path, block: Signal) -> Signal:
    if not np.isfinite(block).all():
        raise SoundError(f"{path}: has samples that are not finite numbers")
    return block


def _cut_off(parse_log: str) -> bool:
    """Say whether a header promises more than the file has; libsndfile corrects it in silence.

    A program that writes to a pipe can't know the size, and promises the largest there is.
    """
    promises = re.findall(
        r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)",
        parse_log,
        re.MULTILINE,
    )
    return any(int(there) < int(promised) < UNKNOWN_SIZE for promised, there in promises)


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
    return np.concatenate(list(file_blocks(path, sample_rate, FAST_BLOCK_SECONDS)))


def pcm_blocks(stream: int, sample_rate: int, stop: Event) -> Iterator[Signal]:
    """Read 16-bit little-endian mono PCM at ``sample_rate`` until it ends or ``stop`` is set.

    Parameters
    ----------
    stream : int
        File descriptor, read without a buffer so that a slow pipe is heard at once.

    Yields
    ------
    np.ndarray [shape=(n,), dtype=float32]
        Full scale at +-1; a last odd byte is no sample and is dropped.

    Raises
    ------
    SoundError
        If the stream is closed or can't be read.
    """
    size = 2 * max(1, round(BLOCK_SECONDS * sample_rate))
    rest = b""
    conditioner = Conditioner(sample_rate, sample_rate)
    while not stop.is_set():
        # A read that waits would not see the signal to stop.
        try:
            if not select.select([stream], [], [], 0.1)[0]:
                continue
            data = os.read(stream, size)
        except OSError as error:
            raise SoundError(f"standard input can't be read ({reason(error)})") from error
        if not data:
            return
        data = rest + data
        whole = len(data) // 2 * 2
        rest = data[whole:]
        sound = np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(32768.0)
        yield conditioner.push(sound)
