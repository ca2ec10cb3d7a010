"""The gate: decides for each hop whether somebody speaks.

It has two stages: the energy of a hop over the noise floor of the room, and, if that is enough,
voice activity detection. docs/GATE.md has the measurements behind the numbers.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np

from emotiond.audio.signal import Signal, decibels
from emotiond.recognition.settings import GateSettings
from emotiond.recognition.vad import RATE, SEGMENT, VoiceDetector
from emotiond.values import SILENCE_DB, OpensFor

SPEECH_FLOOR_DB: Final = -92.0
"""Lowest noise floor of a gate that opens for speech (dBFS after pre-emphasis): just above the
quantisation noise of 16 bits. The voice detector decides afterwards, so whispers may pass."""
SOUND_FLOOR_DB: Final = -75.0
"""Lowest noise floor of a gate that opens for any sound (dBFS after pre-emphasis)."""
PRE_EMPHASIS: Final = 0.97
"""Coefficient of the first difference that removes rumble: rumble is unsteady, as voices are."""
FRAME_SECONDS: Final = 0.02
"""Length of the frames whose levels are compared (s): holds a period of the lowest voice, and is
shorter than the gaps between syllables."""


class Gate:
    """The gate over a stream of hops of equal length.

    Parameters
    ----------
    settings : GateSettings
        Thresholds and times.
    sample_rate : int
        Sample rate of the stream (Hz).
    hop : int
        Samples in each hop.
    opens_for : {"speech", "sound"}
        What opens the gate if the settings don't say; for ``sound`` there is no voice detection.

    Attributes
    ----------
    speech : float
        Probability of speech in the last hop, 0 to 1, and 0 for a hop too quiet for the voice
        detector; for ``sound``, a logistic function of the hop's energy.
    level : float
        Level of the last hop (dBFS).
    loud : float
        Level of its loud frames (dBFS after pre-emphasis).
    silence : float
        Time from the last speech to the end of the last hop (s).
    """

    def __init__(
        self, settings: GateSettings, sample_rate: int, hop: int, opens_for: OpensFor = "speech"
    ) -> None:
        seconds = hop / sample_rate
        wanted = settings.opens_for or opens_for
        floor = SPEECH_FLOOR_DB if wanted == "speech" else SOUND_FLOOR_DB
        if settings.floor_db is not None:
            floor = settings.floor_db
        self._energy = _EnergyStage(settings, sample_rate, hop, floor)
        self._settings = settings
        self._rate = sample_rate
        # A gate that opens easily still finds the chunk that it opened for.
        chunk = min(0.5, settings.open_above, settings.stay_above)
        self._voice = VoiceDetector(sample_rate, chunk) if wanted == "speech" else None
        self._segments = math.ceil(hop * RATE / sample_rate / SEGMENT)
        self._hangover = round(settings.hangover_seconds / seconds)
        self.reset()

    def reset(self) -> None:
        """Forget the stream: the room's noise floor and the last speech."""
        self._energy.reset()
        if self._voice is not None:
            self._voice.reset()
        self._open_hops = 0
        self.speech = 0.0
        self.level = self.loud = SILENCE_DB
        self.silence = math.inf

    @property
    def floor(self) -> float:
        """Noise floor of the room (dBFS after pre-emphasis)."""
        return self._energy.floor

    @property
    def threshold(self) -> float:
        """Level that loud frames need to reach the voice detector (dBFS after pre-emphasis)."""
        return self.floor + self._settings.margin_db

    def push(self, hop: Signal) -> bool:
        """Process the next hop.

        Parameters
        ----------
        hop : np.ndarray [shape=(hop,), dtype=float32]
            Mono sound, full scale at +-1.

        Returns
        -------
        bool
            Whether the gate is open.
        """
        self.level, self.loud, quiet = self._energy(hop)
        excess = self.loud - self.threshold
        if self._voice is None:
            self.speech = float(1.0 / (1.0 + np.exp(-excess / 2.0)))
            active = excess >= 0.0
            self.silence = quiet if active else self.silence + len(hop) / self._rate
        else:
            active = self._detect_voice(self._voice, hop, loud=excess >= 0.0)
            self.silence = self._voice.silence
        if active:
            self._open_hops = 1 + self._hangover
        else:
            self._open_hops = max(0, self._open_hops - 1)
        return self._open_hops > 0

    def _detect_voice(self, voice: VoiceDetector, hop: Signal, *, loud: bool) -> bool:
        """Return whether somebody speaks in a hop; a quiet hop only goes into the stream."""
        self.speech, active = 0.0, False
        for segment in np.array_split(hop, self._segments):
            voice.push(segment)
            if loud:
                is_open = active or self._open_hops > 0
                probability = voice.probability()
                self.speech = max(self.speech, probability)
                above = self._settings.stay_above if is_open else self._settings.open_above
                active = active or probability > above
        return active


class _EnergyStage:
    """Energy of hops over the noise floor.

    Speech swings by tens of dB within a second; a fan, hum or rain does not. So the noise floor is
    the lowest of the quiet levels (10th percentile of the frames) of the last hops, and the loud
    level of a hop (90th percentile) is compared with it.
    """

    def __init__(
        self, settings: GateSettings, sample_rate: int, hop: int, lowest_floor: float
    ) -> None:
        self._lowest_floor = lowest_floor
        self._margin = settings.margin_db
        self._rate = sample_rate
        self._frame = min(hop, max(1, round(FRAME_SECONDS * sample_rate)))
        hops = round(settings.floor_seconds * sample_rate / hop)
        self._floors: deque[float] = deque(maxlen=max(1, hops))
        self.reset()

    def reset(self) -> None:
        self._floors.extend([self._lowest_floor] * (self._floors.maxlen or 1))
        self._last_sample = 0.0

    @property
    def floor(self) -> float:
        """Noise floor of the room (dBFS after pre-emphasis)."""
        return min(self._floors)

    def __call__(self, hop: Signal) -> tuple[float, float, float]:
        """Return a hop's level, that of its loud frames, and the quiet time at its end.

        Returns
        -------
        float
            Level (dBFS).
        float
            Level of its loud frames (dBFS after pre-emphasis).
        float
            Time from its last frame over floor and margin to its end (s).
        """
        # float64: a file of floats may hold samples whose squares overflow float32.
        sound = hop.astype(np.float64)
        level = float(decibels(np.dot(sound, sound) / len(sound)))
        emphasised = np.empty_like(sound)
        emphasised[0] = -PRE_EMPHASIS * self._last_sample
        np.multiply(sound[:-1], -PRE_EMPHASIS, out=emphasised[1:])
        emphasised += sound
        self._last_sample = float(sound[-1])
        frames = emphasised[: len(hop) // self._frame * self._frame].reshape(-1, self._frame)
        powers = np.einsum("ij,ij->i", frames, frames) / self._frame
        levels = decibels(powers)
        ordered = np.sort(levels).tolist()
        self._floors.append(max(self._lowest_floor, quantile(ordered, 0.1)))
        loud = np.flatnonzero(levels >= self.floor + self._margin)
        after = len(hop) - (loud[-1] + 1) * self._frame if len(loud) else len(hop)
        return level, quantile(ordered, 0.9), after / self._rate


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return ``np.quantile(ordered, share)`` to the last bit, at a tenth of the time.

    Parameters
    ----------
    ordered : sequence of float
        Values in ascending order; at least one.
    share : float
        Share of the values below the quantile, 0 to 1.

    Returns
    -------
    float
        The quantile, between two values linearly interpolated.
    """
    place = (len(ordered) - 1) * share
    before = int(place)
    low, high = ordered[before], ordered[min(before + 1, len(ordered) - 1)]
    part = place - before
    if part >= 0.5:
        return high - (high - low) * (1.0 - part)
    return low + (high - low) * part
