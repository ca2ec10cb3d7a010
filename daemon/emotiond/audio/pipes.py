"""Sound from standard input and named pipes, read as it comes: WAV, or raw 16-bit PCM."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final, Literal

import numpy as np

from emotiond.audio.containers import WAVES, Samples, corrected, samples_of
from emotiond.audio.decode import PIECE_SECONDS, Warn, pieces_of
from emotiond.audio.kinds import (
    FOREIGN,
    HEAD_BYTES,
    NO_SOUND,
    READABLE,
    frames_of,
    is_frame,
    name_of,
)
from emotiond.audio.parts import STRAY_BYTES, Part
from emotiond.audio.signal import Signal
from emotiond.audio.stream import ENDLESS, Pipe
from emotiond.errors import SoundError, reason

LOOK_BYTES: Final = 40
"""So many first bytes tell containers from raw samples."""
PLAIN: Final = (1, 3, 6, 7)
"""Codes of WAV formats in which each sample is for itself: PCM, float, A-law, mu-law."""
EXTENSIBLE: Final = 0xFFFE
"""Code of WAV formats whose true code comes later."""


def is_pipe(path: Path) -> bool:
    """Say whether a path is that of a named pipe."""
    try:
        return path.is_fifo()
    except OSError:
        return False


def named_pipe_blocks(
    path: Path, name: str, sample_rate: int, stop: Event, warn: Warn
) -> Iterator[Signal]:
    """Read a named pipe as :func:`pipe_blocks` does, once a program writes to it."""
    try:
        # To open it for waiting reads would wait for a writer, and not see the signal to stop.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise SoundError(f"{name}: {reason(error)}") from error
    try:
        yield from pipe_blocks(descriptor, name, sample_rate, stop, warn)
    finally:
        os.close(descriptor)


def pipe_blocks(
    descriptor: int, name: str, sample_rate: int, stop: Event, warn: Warn
) -> Iterator[Signal]:
    """Read sound from a pipe until it ends or ``stop`` is set.

    A WAV of any rate, sample format and channel count is recognised by its first bytes; what is no
    other container either is 16-bit little-endian mono PCM at ``sample_rate``.

    Parameters
    ----------
    descriptor : int
        File descriptor of the pipe.
    name : str
        Name of the pipe in messages.
    sample_rate : int
        Wanted rate (Hz).
    stop : threading.Event
        Ends the sound when set.
    warn : callable
        Called with a sentence at the end, if the WAV was not as its header says.

    Yields
    ------
    np.ndarray [shape=(n,), dtype=float32]
        Mono, full scale at +-1.

    Raises
    ------
    SoundError
        If the pipe can't be read, or has another container.
    """
    pipe = Pipe(descriptor, name, stop)
    head = pipe.read_at(0, LOOK_BYTES)
    if head[:4] in WAVES and head[8:12] == b"WAVE":
        yield from _wave_blocks(pipe, sample_rate, warn)
        return
    if what := name_of(head, NO_SOUND):
        raise SoundError(f"{name}: is {what}")
    framed = is_frame(head) and frames_of(pipe.read_at(0, HEAD_BYTES))
    if what := framed or name_of(head, FOREIGN, READABLE):
        raise SoundError(f"{name}: {what} {_convert(sample_rate)}")
    yield from pcm_blocks(pipe, sample_rate)


def pcm_blocks(pipe: Pipe, sample_rate: int) -> Iterator[Signal]:
    """Read 16-bit little-endian mono PCM at ``sample_rate`` until it ends.

    Yields
    ------
    np.ndarray [shape=(n,), dtype=float32]
        Full scale at +-1; a last odd byte is no sample and is dropped.

    Raises
    ------
    SoundError
        If the pipe can't be read.
    """
    pipe.let_go()
    size = 2 * max(1, round(PIECE_SECONDS * sample_rate))
    rest = b""
    while data := pipe.some(size):
        data = rest + data
        whole = len(data) // 2 * 2
        rest = data[whole:]
        yield np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(32768.0)


def _wave_blocks(pipe: Pipe, sample_rate: int, warn: Warn) -> Iterator[Signal]:
    """Read a WAV up to the length that its header promises, or to the end if it promises none."""
    samples = samples_of(pipe.read_at)
    if samples is None:
        if not pipe.stop.is_set():
            raise SoundError(f"{pipe.name}: the header of the WAV is damaged")
        return
    code, width = _coding(samples)
    if code not in PLAIN or not width:
        raise SoundError(f"{pipe.name}: a compressed WAV {_convert(sample_rate)}")
    frames = None if samples.promised is None else samples.promised // width
    pipe.correct(corrected(samples.header, 0), samples.start + (samples.promised or ENDLESS))
    part = Part(0, ENDLESS, share=None, frames=frames)
    said: list[str] = []
    try:
        yield from pieces_of(pipe, part, samples.header, pipe.name, sample_rate, said.append)
    except SoundError:
        if not pipe.stop.is_set():
            raise
    if pipe.unread > STRAY_BYTES:
        said.append(f"{pipe.name}: the last {pipe.unread} bytes are no sound, and were not read")
    if not pipe.stop.is_set():
        for sentence in said:
            warn(sentence)


def _coding(samples: Samples) -> tuple[int, int]:
    """Return the code of the format of a WAV, and the bytes of a sample of all channels."""
    order: Literal["big", "little"] = "big" if samples.header[:4] == b"RIFX" else "little"
    at = samples.header.find(b"fmt ") + 8
    code, width, true_code = (
        int.from_bytes(samples.header[at + i : at + i + 2], order) for i in (0, 12, 24)
    )
    return true_code if code == EXTENSIBLE else code, width


def _convert(sample_rate: int) -> str:
    return (
        "can't be read from a pipe; convert it first: "
        f"ffmpeg -i - -f s16le -ac 1 -ar {sample_rate} -"
    )
