"""Sound as arrays: sample formats and levels, and the conditioning of all sound."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from emotiond.audio.channels import Mix
from emotiond.audio.highpass import HighPass
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


class Conditioner:
    """The way of all sound in: several channels become one, at another rate and without offset.

    Offset, rumble, and the channel that carries the voice are no part of what is heard. The output
    is the same to the last bit, whatever the sizes of the blocks.

    Parameters
    ----------
    source_rate, target_rate : int
        Sample rates of the blocks, and of what is returned (Hz).
    channel : int or None
        Channel to take, from 1; None: what carries sound (:class:`~emotiond.audio.channels.Mix`).
    """

    def __init__(self, source_rate: int, target_rate: int, channel: int | None = None) -> None:
        self._rate = source_rate
        self._channel = channel
        self._mix: Mix | None = None
        self._first: np.float32 | None = None
        self._stream = (
            None
            if source_rate == target_rate
            else soxr.ResampleStream(source_rate, target_rate, 1, dtype="float32")
        )
        self._high_pass = HighPass(target_rate)

    def push(self, block: Signal, *, last: bool = False) -> Signal:
        """Return the samples [shape=(m,)] that a block gives.

        Parameters
        ----------
        block : np.ndarray [shape=(n,) or (n, channels), dtype=float32]
            The next samples, full scale at +-1; may be empty.
        last : bool
            Whether the stream ends with this block.

        Raises
        ------
        ValueError
            If there is no such channel, or the number of channels changes.
        """
        mono = self._mono(block)
        if last and self._mix is not None:
            mono = np.concatenate((mono, self._mix.rest()))
        if self._stream is not None:
            mono = np.asarray(self._stream.resample_chunk(mono, last=last), np.float32)
        return self._high_pass.push(mono)

    def _mono(self, block: Signal) -> Signal:
        """Return one channel, without the offset that it begins with: it would ring in a filter."""
        if not len(block):
            return np.empty(0, np.float32)
        columns = block.reshape(len(block), -1)
        channels = columns.shape[1]
        if self._mix is not None or (channels > 1 and self._channel is None):
            self._mix = self._mix or Mix(channels, self._rate)
            return self._mix.push(columns)
        wanted = self._channel or 1
        if wanted > channels:
            raise ValueError(f"there is no channel {wanted} among {channels}")
        mono = columns[:, wanted - 1]
        if self._first is None:
            self._first = mono[0]
        return np.asarray(mono - self._first, np.float32)


def conditioned(
    blocks: Iterable[NDArray[Any]], rate: int, wanted: int, channel: int | None = None
) -> Iterator[Signal]:
    """Yield blocks of any sample format and channel count, conditioned, at another rate.

    Parameters
    ----------
    blocks : iterable of np.ndarray [shape=(n,) or (n, channels)]
        Floats with full scale at +-1, or integers.
    rate, wanted : int
        Sample rate of the blocks, and of what is yielded (Hz).
    channel : int or None
        As of a :class:`Conditioner`.

    Yields
    ------
    np.ndarray [shape=(m,), dtype=float32]
    """
    conditioner = Conditioner(rate, wanted, channel)
    for block in blocks:
        yield conditioner.push(as_float(block))
    yield conditioner.push(np.empty(0, np.float32), last=True)


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
