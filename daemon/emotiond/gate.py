"""The gate: is anyone speaking? By energy over a floor that follows the room."""

from collections import deque
from typing import Annotated, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.mfcc import Signal

SILENCE_DB: Final = -75.0
"""No room is taken to be quieter than this (dBFS), so digital silence can't make a whisper loud."""
FRAME_SECONDS: Final = 0.02
"""Long enough for a period of the lowest voice, short enough to see the gaps between syllables."""


class GateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the gate opens and closes."""

    margin_db: Annotated[
        float,
        msgspec.Meta(
            gt=0.0, le=100.0, description="how far over the room's floor speech must be (dB)"
        ),
    ] = 12.0
    floor_seconds: Annotated[
        float,
        msgspec.Meta(gt=0.0, le=600.0, description="how long the room's floor is remembered (s)"),
    ] = 3.0
    hangover_seconds: Annotated[
        float,
        msgspec.Meta(ge=0.0, le=60.0, description="how long the gate stays open after speech (s)"),
    ] = 0.5


class Gate:
    """Energy gate over hops of equal length.

    Speech swings by tens of dB within a second; a fan, hum or rain does not. So the floor is the
    quiet part of the last seconds, and speech is what stands out of it.

    Parameters
    ----------
    settings : GateSettings
        When it opens and closes.
    sample_rate : int
        Samples a second.
    hop : int
        Samples in each block.

    Attributes
    ----------
    speech : float
        How sure the gate is of speech in the last hop, 0 to 1.
    level : float
        Loudness of the last hop (dBFS).
    """

    def __init__(self, settings: GateSettings, sample_rate: int, hop: int) -> None:
        self._margin = settings.margin_db
        self._frame = min(hop, max(1, round(FRAME_SECONDS * sample_rate)))
        seconds = hop / sample_rate
        self._floors: deque[float] = deque(maxlen=max(1, round(settings.floor_seconds / seconds)))
        self._hangover = round(settings.hangover_seconds / seconds)
        self.reset()

    def reset(self) -> None:
        """Forget the room."""
        self._floors.clear()
        self._floors.extend([SILENCE_DB] * (self._floors.maxlen or 1))
        self._open_hops = 0
        self.speech = 0.0
        self.level = SILENCE_DB

    def push(self, hop: Signal) -> bool:
        """Hear one hop and say whether the gate is open."""
        frames = hop[: len(hop) // self._frame * self._frame].reshape(-1, self._frame)
        # float64: a file of floats may hold samples whose squares float32 can't.
        powers = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / self._frame
        self.level = float(decibels(powers.mean(keepdims=True))[0])
        quiet, loud = np.quantile(decibels(powers), (0.1, 0.9))
        self._floors.append(max(SILENCE_DB, float(quiet)))
        excess = float(loud) - min(self._floors) - self._margin
        self.speech = float(1.0 / (1.0 + np.exp(-excess / 2.0)))
        if excess >= 0.0:
            self._open_hops = 1 + self._hangover
        else:
            self._open_hops = max(0, self._open_hops - 1)
        return self._open_hops > 0


def decibels(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert power (full scale 1) to dBFS, at least -100."""
    return np.asarray(10.0 * np.log10(np.maximum(powers, 1e-10)), np.float64)
