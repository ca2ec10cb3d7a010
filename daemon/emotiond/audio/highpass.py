"""The high-pass that takes offset and rumble out of a stream."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

CORNER_HZ: Final = 30.0
"""Corner frequency (Hz): 10 Hz loses 19 dB, and the deepest voices (80 Hz) lose 0.1 dB."""
CHUNK_SECONDS: Final = 0.5
"""Length of a chunk (s): as long as most blocks."""
FADED: Final = 1e-12
"""A state below this (-240 dBFS) is set to zero, before it becomes a slow subnormal number."""


class HighPass:
    """A Butterworth high-pass of the second order; the output doesn't depend on the block sizes.

    A pair of complex poles p and p* makes the filter: with s[n] = x[n] + p s[n-1], the output is
    y[n] = direct x[n] + Re(residue s[n]). Within a chunk, s[n] = p^n cumsum(x[n] p^-n). NumPy adds
    the terms one by one, so a chunk that arrives in pieces has the same bits as a whole one. Chunks
    lie on a fixed grid and are so short that p^-n stays small.

    Parameters
    ----------
    sample_rate : int
        Sample rate of the stream (Hz).
    """

    def __init__(self, sample_rate: int) -> None:
        # The bilinear transform of the poles of 1 / (s^2 + sqrt(2) s + 1).
        warped = math.tan(math.pi * min(CORNER_HZ / sample_rate, 0.25))
        analogue = warped * complex(-math.sqrt(0.5), math.sqrt(0.5))
        pole = (1.0 + analogue) / (1.0 - analogue)
        gain = abs(1.0 + pole) ** 2 / 4.0  # so that the gain at half the sample rate is 1
        residue = gain * (1.0 - 1.0 / pole) ** 2 / (1.0 - pole.conjugate() / pole)
        self._chunk = max(1, round(CHUNK_SECONDS * sample_rate))
        places = np.arange(self._chunk)
        self._direct = gain / abs(pole) ** 2
        self._rising = pole ** -places.astype(np.float64)
        self._falling = 2.0 * residue * pole**places
        self._over_chunk = pole**self._chunk
        self._place = 0
        """Samples of the chunk under way."""
        self._sum = 0j
        """Sum of the chunk under way."""

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the filtered samples [shape=(n,)] of the next samples [shape=(n,)]."""
        filtered = np.empty(len(samples), np.float32)
        start = 0
        while start < len(samples):
            end = min(len(samples), start + self._chunk - self._place)
            filtered[start:end] = self._within_chunk(samples[start:end])
            start = end
        return filtered

    def _within_chunk(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        sound = samples.astype(np.float64)
        places = slice(self._place, self._place + len(sound))
        sums = sound * self._rising[places]
        sums[0] += self._sum
        np.cumsum(sums, out=sums)
        self._place, self._sum = places.stop, complex(sums[-1])
        if self._place == self._chunk:
            self._place, self._sum = 0, self._sum * self._over_chunk
            if abs(self._sum) < FADED:
                self._sum = 0j
        sums *= self._falling[places]
        sound *= self._direct
        sound += sums.real
        return sound
