"""Mel-frequency cepstral coefficients: the only MFCC of the project.

They equal librosa's (``librosa.feature.mfcc`` with ``center=False`` and
``power_to_db(top_db=None)``) within 1e-3 dB, which the tests check. The arithmetic is in float64:
the mel bands next to a pure tone are below the rounding noise of a float32 Fourier transform.
"""

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.audio.signal import Signal, check_signal

Frames = NDArray[np.float32]
"""Features of consecutive frames [shape=(frames, n_mfcc)] (dB)."""

POWER_FLOOR: Final = 1e-10
"""Smallest mel power: -100 dB (librosa's ``amin``)."""
MEL_BLOCKS: Final = 5
"""Matrix products into which the mel filters are cut: most of one whole matrix would be zeros."""


class MfccConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All parameters of an MFCC.

    Parameters
    ----------
    sample_rate : int
        Sample rate of the sound (Hz), at least 2 ``fmax``.
    frame_length : int
        Samples in one frame, and length of its Fourier transform; at least 1.
    hop_length : int
        Samples from the start of one frame to the start of the next, 1 to ``frame_length``.
    n_mels : int
        Number of mel bands, at least 1.
    n_mfcc : int
        Number of coefficients, from the first on, 1 to ``n_mels``.
    fmin, fmax : float
        Lowest and highest frequency of the mel bands (Hz), 0 <= fmin < fmax.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """

    sample_rate: int = 16_000
    frame_length: int = 1024
    hop_length: int = 512
    n_mels: int = 64
    n_mfcc: int = 40
    fmin: float = 0.0
    fmax: float = 8_000.0

    def __post_init__(self) -> None:
        if not 1 <= self.hop_length <= self.frame_length:
            raise ValueError("hop_length must be between 1 and frame_length")
        if not 1 <= self.n_mfcc <= self.n_mels:
            raise ValueError("n_mfcc must be between 1 and n_mels")
        if not 0.0 <= self.fmin < self.fmax <= self.sample_rate / 2:
            raise ValueError("fmin and fmax must satisfy 0 <= fmin < fmax <= sample_rate / 2")

    def samples(self, frames: int) -> int:
        """Return the number of samples that a number of frames spans; 0 for no frame."""
        return (frames - 1) * self.hop_length + self.frame_length if frames else 0

    def frames(self, samples: int) -> int:
        """Return the number of whole frames in a number of samples."""
        return max(0, 1 + (samples - self.frame_length) // self.hop_length)


class Mfcc:
    """MFCCs of a whole signal.

    Parameters
    ----------
    config : MfccConfig
        Parameters of the MFCCs.
    """

    def __init__(self, config: MfccConfig) -> None:
        self.config = config
        n = config.frame_length
        # Periodic Hann window: scipy.signal.get_window("hann", n).
        self._window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
        self._mel = _in_blocks(mel_filters(config))
        # 10 / ln 10 turns natural logarithms into decibels; NumPy's log is faster than its log10.
        decibels = 10.0 / math.log(10.0)
        self._dct = np.ascontiguousarray(decibels * dct_matrix(config.n_mels)[: config.n_mfcc].T)

    def __call__(self, signal: Signal) -> Frames:
        """Compute the coefficients of every whole frame of a signal.

        Parameters
        ----------
        signal : np.ndarray [shape=(samples,)]
            Mono sound at the config's sample rate, full scale at +-1.

        Returns
        -------
        np.ndarray [shape=(frames, n_mfcc), dtype=float32]
            Orthonormal DCT-II of 10 log10 of the mel powers (dB).

        Raises
        ------
        ValueError
            If the signal is not one-dimensional or not finite.
        """
        return self.of(check_signal(signal).astype(np.float64))

    def of(self, sound: NDArray[np.float64]) -> Frames:
        """Compute the coefficients of a signal without checking it: it must be finite.

        Parameters
        ----------
        sound : np.ndarray [shape=(samples,), dtype=float64]
            Mono sound, full scale at +-1; contiguous.

        Returns
        -------
        np.ndarray [shape=(frames, n_mfcc), dtype=float32]
            As :meth:`__call__` returns them.
        """
        config = self.config
        count = config.frames(len(sound))
        if count == 0:
            return np.empty((0, config.n_mfcc), np.float32)
        step = sound.itemsize
        shape, strides = (count, config.frame_length), (config.hop_length * step, step)
        frames = np.ndarray(shape, np.float64, sound, strides=strides)  # overlapping views
        parts = np.fft.rfft(frames * self._window).view(np.float64)
        np.multiply(parts, parts, out=parts)
        power = parts[:, ::2] + parts[:, 1::2]
        mel = np.concatenate([power[:, bins] @ block for bins, block in self._mel], axis=1)
        np.log(np.maximum(POWER_FLOOR, mel, out=mel), out=mel)
        return (mel @ self._dct).astype(np.float32)


class StreamingMfcc:
    """MFCCs of a signal that arrives in blocks; each frame is computed once.

    They equal :class:`Mfcc` of the concatenated blocks within 1e-4 dB.

    Parameters
    ----------
    config : MfccConfig
        Parameters of the MFCCs.
    """

    def __init__(self, config: MfccConfig) -> None:
        self._mfcc = Mfcc(config)
        self.reset()

    def reset(self) -> None:
        """Forget the samples that do not fill a frame yet."""
        self._pending = np.empty(0, np.float64)

    def push(self, samples: Signal) -> Frames:
        """Add samples and compute the frames that they complete.

        Parameters
        ----------
        samples : np.ndarray [shape=(n,)]
            The next samples, full scale at +-1; any number.

        Returns
        -------
        np.ndarray [shape=(new frames, n_mfcc), dtype=float32]
            Coefficients (dB); empty if no frame is complete.

        Raises
        ------
        ValueError
            If the samples are not one-dimensional or not finite; then none is kept.
        """
        sound = np.concatenate((self._pending, check_signal(samples)), dtype=np.float64)
        frames = self._mfcc.of(sound)
        self._pending = sound[len(frames) * self._mfcc.config.hop_length :]
        return frames


def hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert frequencies from Hz to mel on Slaney's scale: linear to 1 kHz, logarithmic above.

    Source: M. Slaney, Auditory Toolbox, Technical Report 1998-010, Interval Research.

    Parameters
    ----------
    hz : np.ndarray [shape=(...), dtype=float64]
        Frequencies (Hz), at least 0.

    Returns
    -------
    np.ndarray [shape=(...), dtype=float64]
        Frequencies (mel); 1 kHz is 15 mel.
    """
    logarithmic = 15.0 + np.log(np.maximum(hz, 1e-3) / 1000.0) * 27.0 / np.log(6.4)
    return np.where(hz < 1000.0, hz * 3.0 / 200.0, logarithmic)


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert frequencies from mel to Hz: the inverse of :func:`hz_to_mel`.

    Parameters
    ----------
    mel : np.ndarray [shape=(...), dtype=float64]
        Frequencies (mel), at least 0.

    Returns
    -------
    np.ndarray [shape=(...), dtype=float64]
        Frequencies (Hz).
    """
    logarithmic = 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0)
    return np.where(mel < 15.0, mel * 200.0 / 3.0, logarithmic)


def mel_filters(config: MfccConfig) -> NDArray[np.float64]:
    """Return triangular mel filters of equal area (Slaney's normalisation, as in librosa).

    Parameters
    ----------
    config : MfccConfig
        Parameters of the MFCCs.

    Returns
    -------
    np.ndarray [shape=(n_mels, 1 + frame_length // 2), dtype=float64]
        Weight of each frequency bin in each mel band (1 / Hz).
    """
    low, high = hz_to_mel(np.array([config.fmin, config.fmax]))
    edges = mel_to_hz(np.linspace(low, high, config.n_mels + 2))
    bins = np.fft.rfftfreq(config.frame_length, 1.0 / config.sample_rate)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]


def _in_blocks(filters: NDArray[np.float64]) -> list[tuple[slice, NDArray[np.float64]]]:
    """Cut mel filters into groups of neighbours, without the bins in which a group is zero.

    Parameters
    ----------
    filters : np.ndarray [shape=(n_mels, bins), dtype=float64]
        Mel filters.

    Returns
    -------
    list of (slice, np.ndarray [shape=(used bins, filters), dtype=float64])
        The bins that a group uses, and its filters; the groups in the order of the filters.
    """
    blocks = []
    for group in np.array_split(filters, min(MEL_BLOCKS, len(filters))):
        used = np.flatnonzero(group.any(axis=0))
        bins = slice(used[0], used[-1] + 1) if len(used) else slice(0, 1)
        blocks.append((bins, np.ascontiguousarray(group[:, bins].T)))
    return blocks


def dct_matrix(n: int) -> NDArray[np.float64]:
    """Return the matrix of the orthonormal DCT-II (scipy.fft.dct with ``norm="ortho"``).

    Its transpose is its inverse, so a network can undo it with one dense layer.

    Parameters
    ----------
    n : int
        Number of rows and columns, at least 1.

    Returns
    -------
    np.ndarray [shape=(n, n), dtype=float64]
        Row k is the k-th cosine.
    """
    k = np.arange(n)[:, None]
    matrix: NDArray[np.float64] = np.sqrt(2.0 / n) * np.cos(
        np.pi * k * (2 * np.arange(n) + 1) / (2 * n)
    )
    matrix[0] /= np.sqrt(2.0)
    return matrix
