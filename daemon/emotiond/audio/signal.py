"""Sound as arrays: sample formats, levels, channels and sample rates."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from emotiond.values import LEAST_DB

Signal = NDArray[np.float32]


def check_signal(signal: Signal) -> Signal:
    """Return ``signal`` as float32; raise ValueError unless it is mono and finite."""
    signal = np.asarray(signal, np.float32)
    if signal.ndim != 1:
        raise ValueError(f"signal must have one dimension, not {signal.ndim}")
    if not np.isfinite(signal).all():
        raise ValueError("signal has samples that are not finite numbers")
    return signal


def decibels(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert power (full scale 1) to dBFS, at least ``LEAST_DB``."""
    return np.asarray(10.0 * np.log10(np.maximum(powers, 10.0 ** (LEAST_DB / 10.0))), np.float64)


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
        mono = block if block.ndim == 1 else _mixed(block)
        if self._stream is None:
            return mono
        return np.asarray(self._stream.resample_chunk(mono, last=last), np.float32)


def _mixed(block: Signal) -> Signal:
    """Return the mean of the channels, by a product: NumPy's mean of short rows is slow."""
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0]
    return np.asarray(block @ np.full(channels, 1.0 / channels, np.float32))


def resampled(blocks: Iterable[NDArray[Any]], rate: int, wanted: int) -> Iterator[Signal]:
    """Yield blocks of any sample format and channel count as mono at another rate.

    Parameters
    ----------
    blocks : iterable of np.ndarray [shape=(n,) or (n, channels)]
        Floats with full scale at +-1, or integers.
    rate, wanted : int
        Sample rate of the blocks, and of what is yielded (Hz).

    Yields
    ------
    np.ndarray [shape=(m,), dtype=float32]
    """
    resampler = Resampler(rate, wanted)
    for block in blocks:
        yield resampler.push(as_float(block))
    yield resampler.push(np.empty(0, np.float32), last=True)


def as_float(samples: NDArray[Any]) -> Signal:
    """Return samples of any format as float32 with full scale at +-1, of the same shape.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,) or (n, channels)]
        Floats, which stay as they are, or integers; unsigned ones are centred.

    Raises
    ------
    ValueError
        If they are no real numbers, or have another shape.
    """
    if samples.ndim not in (1, 2):
        raise ValueError(f"samples must have one or two dimensions, not {samples.ndim}")
    if samples.dtype.kind not in "fiu":
        raise ValueError(f"samples must be real numbers, not {samples.dtype}")
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    full = 2.0 ** (8 * samples.itemsize - 1)
    centre = full if samples.dtype.kind == "u" else 0.0
    return ((samples - centre) / full).astype(np.float32)


def pink(seconds: float, rate: int, level_db: float) -> Signal:
    """Return pink noise of a level (dBFS), the same each time."""
    count = round(seconds * rate)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    sound = np.fft.irfft(spectrum, count)
    return np.asarray(sound / sound.std() * 10.0 ** (level_db / 20.0), np.float32)
