"""The gate, which knows whether anyone is speaking.

Two stages: energy over a floor that follows the room, and a detector of voices for what is louder.
docs/GATE.md has the measurements behind it.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np

from emotiond.audio.signal import Signal, decibels
from emotiond.recognition.settings import GateSettings
from emotiond.recognition.vad import PIECE, RATE, VoiceDetector
from emotiond.values import SILENCE_DB, OpensFor

FLOOR_DB: Final = -92.0
"""No room is taken to be quieter than this (dBFS, without rumble): above the last bit of 16."""
EMPHASIS: Final = 0.97
"""Of the first difference that takes rumble out; rooms rumble unsteadily and voices don't."""
FRAME_SECONDS: Final = 0.02
"""Long enough for a period of the lowest voice, short enough to see the gaps between syllables."""


class Gate:
    """Gate over hops of equal length.

    Parameters
    ----------
    settings : GateSettings
        When it opens and closes.
    sample_rate : int
        Samples a second.
    hop : int
        Samples in each block.
    opens_for : {"speech", "sound"}
        The model's wish, where the settings have none. For sound, energy alone opens it.

    Attributes
    ----------
    speech : float
        How sure the gate is of speech in the last hop, 0 to 1.
    level : float
        Loudness of the last hop (dBFS).
    """

    def __init__(
        self, settings: GateSettings, sample_rate: int, hop: int, opens_for: OpensFor = "speech"
    ) -> None:
        seconds = hop / sample_rate
        wanted = settings.opens_for or opens_for
        # Where voices are told from noise afterwards, a whisper may be heard.
        floor = FLOOR_DB if wanted == "speech" else SILENCE_DB
        if settings.floor_db is not None:
            floor = settings.floor_db
        self._energy = _Energy(settings, sample_rate, hop, floor)
        self._settings = settings
        self._voice = VoiceDetector(sample_rate) if wanted == "speech" else None
        self._pieces = math.ceil(hop * RATE / sample_rate / PIECE)
        self._hangover = round(settings.hangover_seconds / seconds)
        self.reset()

    def reset(self) -> None:
        """Forget the room and who spoke in it."""
        self._energy.reset()
        if self._voice is not None:
            self._voice.reset()
        self._open_hops = 0
        self.speech = 0.0
        self.level = SILENCE_DB

    def push(self, hop: Signal) -> bool:
        """Hear one hop and say whether the gate is open."""
        self.level, excess = self._energy(hop)
        if self._voice is None:
            self.speech = float(1.0 / (1.0 + np.exp(-excess / 2.0)))
            heard = excess >= 0.0
        else:
            heard = self._hear_voice(self._voice, hop, loud=excess >= 0.0)
        if heard:
            self._open_hops = 1 + self._hangover
        else:
            self._open_hops = max(0, self._open_hops - 1)
        return self._open_hops > 0

    def _hear_voice(self, voice: VoiceDetector, hop: Signal, *, loud: bool) -> bool:
        """Say whether somebody speaks in a hop; what is not loud is only remembered."""
        self.speech, heard = 0.0, False
        for piece in np.array_split(hop, self._pieces):
            voice.hear(piece)
            if loud:
                is_open = heard or self._open_hops > 0
                probability = voice.probability()
                self.speech = max(self.speech, probability)
                above = self._settings.stay_above if is_open else self._settings.open_above
                heard = heard or probability > above
        return heard


class _Energy:
    """Level, and how far the loud part of a hop is over the floor and its margin.

    Speech swings by tens of dB within a second; a fan, hum or rain does not. So the floor is the
    quiet part of the last seconds, and what may be speech stands out of it.
    """

    def __init__(
        self, settings: GateSettings, sample_rate: int, hop: int, quietest: float = FLOOR_DB
    ) -> None:
        self._quietest = quietest
        self._margin = settings.margin_db
        self._frame = min(hop, max(1, round(FRAME_SECONDS * sample_rate)))
        hops = round(settings.floor_seconds * sample_rate / hop)
        self._floors: deque[float] = deque(maxlen=max(1, hops))
        self.reset()

    def reset(self) -> None:
        self._floors.extend([self._quietest] * (self._floors.maxlen or 1))
        self._last = 0.0

    def __call__(self, hop: Signal) -> tuple[float, float]:
        # float64: a file of floats may hold samples whose squares float32 can't.
        sound = hop.astype(np.float64)
        level = float(decibels(np.dot(sound, sound) / len(sound)))
        emphasised = np.empty_like(sound)
        emphasised[0] = -EMPHASIS * self._last
        np.multiply(sound[:-1], -EMPHASIS, out=emphasised[1:])
        emphasised += sound
        self._last = float(sound[-1])
        frames = emphasised[: len(hop) // self._frame * self._frame].reshape(-1, self._frame)
        powers = np.einsum("ij,ij->i", frames, frames) / self._frame
        levels = np.sort(decibels(powers)).tolist()
        self._floors.append(max(self._quietest, quantile(levels, 0.1)))
        return level, quantile(levels, 0.9) - min(self._floors) - self._margin


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return what NumPy's quantile does, to the last bit, at a tenth of its cost.

    Parameters
    ----------
    ordered : sequence of float
        Smallest first; at least one.
    share : float
        Of the values that are smaller, 0 to 1.
    """
    place = (len(ordered) - 1) * share
    before = int(place)
    low, high = ordered[before], ordered[min(before + 1, len(ordered) - 1)]
    part = place - before
    if part >= 0.5:
        return high - (high - low) * (1.0 - part)
    return low + (high - low) * part
