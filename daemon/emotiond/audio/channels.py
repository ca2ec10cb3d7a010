"""From several channels to one: the mean of those that carry sound, or the strongest of them."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

SEGMENT_SECONDS: Final = 0.25
"""Length of the segments for which channels are chosen (s): the length of a microphone's blocks, so
that none waits for the rest of a segment."""
MEMORY_SECONDS: Final = 2.0
"""Time constant with which past power is forgotten (s)."""
SILENT_BELOW: Final = 10.0**-2.6
"""A channel with less than this share of the strongest one's power (-26 dB) is left out."""
BACK_ABOVE: Final = 10.0**-2.0
"""A channel that was left out is back above this share of the strongest one's power (-20 dB)."""
CANCELLED_BELOW: Final = 0.5
"""Channels cancel each other below this ratio: the power of their sum, by the sum of their powers.
It is 1 for sounds that have nothing in common, and 0 for two in opposite phase."""
TOGETHER_ABOVE: Final = 0.75
"""Channels that cancelled each other are mixed again above this ratio."""
STRONGER: Final = 4.0
"""While channels cancel, another takes the place of the chosen one at this ratio of their powers
(6 dB)."""
FADE_SECONDS: Final = 0.01
"""Length of the cross-fade from one choice to the next (s)."""


class Mix:
    """Mixes a stream of several channels to mono, by what each of them carries.

    Channels that carry no sound are left out. The rest are averaged; where they cancel each other,
    as in opposite phase, the strongest is taken alone. The choice for a segment rests on the
    segment and the ones before it. Segments lie on a fixed grid, so the output doesn't depend on
    the block sizes.

    Parameters
    ----------
    channels : int
        Number of channels.
    rate : int
        Sample rate of the stream (Hz).
    """

    def __init__(self, channels: int, rate: int) -> None:
        size = max(1, round(SEGMENT_SECONDS * rate))
        self._segment = np.empty((channels, size), np.float32)
        self._filled = 0
        self._offsets: NDArray[np.float32] | None = None
        self._forget = math.exp(-size / rate / MEMORY_SECONDS)
        self._covariance = np.zeros((channels, channels))
        """Running sum of the products of each two channels, without their offsets."""
        self._carries = np.ones(channels, bool)
        self._alone: int | None = None
        """The channel that is taken alone, while channels cancel each other."""
        self._weights: NDArray[np.float32] | None = None
        """Weights of the channels; None before the first sound."""
        fade = min(size, math.ceil(FADE_SECONDS * rate))
        self._fade = np.linspace(0.0, 1.0, fade, endpoint=False, dtype=np.float32)

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the segments [shape=(m,)] that the next samples [shape=(n, channels)] complete.

        The block has at least one sample. The first sample of each channel counts as its offset
        and is subtracted.

        Raises
        ------
        ValueError
            If the block has another number of channels.
        """
        channels, size = self._segment.shape
        if block.shape[1] != channels:
            raise ValueError(f"sound of {channels} channels goes on with {block.shape[1]}")
        offsets = self._offsets
        if offsets is None:
            offsets = self._offsets = block[0, :, np.newaxis].copy()
        mixed = []
        start = 0
        while start < len(block):
            end = min(len(block), start + size - self._filled)
            into = self._segment[:, self._filled : self._filled + end - start]
            np.subtract(block[start:end].T, offsets, out=into)
            self._filled += end - start
            start = end
            if self._filled == size:
                mixed.append(self.rest())
        return np.concatenate(mixed) if mixed else np.empty(0, np.float32)

    def rest(self) -> NDArray[np.float32]:
        """Return the segment under way [shape=(m,)] as far as it has come; it ends here."""
        segment, self._filled = self._segment[:, : self._filled], 0
        before = self._weights
        self._choose(segment)
        if self._weights is None:
            return np.zeros(segment.shape[1], np.float32)
        mono = np.asarray(self._weights @ segment, np.float32)
        if before is not None and before is not self._weights:
            fade = self._fade[: len(mono)]
            old = before @ segment[:, : len(fade)]
            mono[: len(fade)] = old + fade * (mono[: len(fade)] - old)
        return mono

    def _choose(self, segment: NDArray[np.float32]) -> None:
        """Set the weights for a segment [shape=(channels, n)]."""
        if not segment.size:
            return
        centred = segment - segment.mean(axis=1, keepdims=True)
        covariance = self._forget * self._covariance + centred @ centred.T
        power = covariance.diagonal()
        strongest = int(power.argmax())
        if not 0.0 < power[strongest] < math.inf:
            return
        self._covariance = covariance
        share = power / power[strongest]
        carries = share >= np.where(self._carries, SILENT_BELOW, BACK_ABOVE)
        among = covariance[carries][:, carries]
        limit = CANCELLED_BELOW if self._alone is None else TOGETHER_ABOVE
        alone = None
        if among.sum() < limit * among.trace():
            stays = self._alone is not None and share[self._alone] * STRONGER > 1.0
            alone = self._alone if stays else strongest
        if self._weights is not None and alone == self._alone and (carries == self._carries).all():
            return
        self._carries, self._alone = carries, alone
        chosen = carries if alone is None else np.arange(len(carries)) == alone
        self._weights = (chosen / chosen.sum()).astype(np.float32)
