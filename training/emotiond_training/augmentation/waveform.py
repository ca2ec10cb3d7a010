"""Augmentation of recordings: the effects of rooms, microphones, codecs and bodies on a voice.

The transforms come from `audiomentations`. Only the change of speed is our own: it moves pitch,
formants and tempo together, as a larger or smaller body does.
"""

import random as python_random
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import soxr

from emotiond.audio.signal import Signal
from emotiond.values import Probability
from emotiond_training.ranges import check_ranges

Factor = Annotated[float, msgspec.Meta(ge=0.1, le=10.0)]
Bits = Annotated[int, msgspec.Meta(ge=1, le=16)]

REVERBERATION_SECONDS = 0.5
"""Length of the reverberation that is kept after a recording (s)."""
PEAK = 0.5
"""Peak of a sound between two transforms, and of a copy."""


class AugmentationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many of the copies each transform changes, and by how much. All shares are 0 to 1.

    Parameters
    ----------
    untouched : float
        Share of the copies that no transform changes.
    speed : tuple of float
        Lowest and highest speed, above 0; 1 is the speed of the recording.
    speed_share : float
        Share of the other copies whose speed changes.
    pitch_share : float
        Share of the other copies whose pitch alone changes.
    pitch_semitones : float
        Largest change of pitch, up or down (semitones).
    room_share : float
        Share of the other copies with the reverberation of a room.
    equaliser_share : float
        Share of the other copies that go through an equaliser of seven bands.
    equaliser_db : float
        Largest gain of a band of the equaliser, up or down (dB).
    clipping_share : float
        Share of the other copies that are clipped.
    codec_share : float
        Share of the other copies that are damaged as by a codec: MP3, fewer bits, or a filter.
    rounding_share : float
        Share of the other copies that sound as if the microphone were too quiet for 16 bits.
    rounding_bits : tuple of int
        Fewest and most bits that such a microphone leaves of a voice, 1 to 16.

    Raises
    ------
    ValueError
        If the first number of a range is above the second.
    """

    untouched: Probability = 0.15
    speed: tuple[Factor, Factor] = (0.85, 1.18)
    speed_share: Probability = 0.5
    pitch_share: Probability = 0.1
    pitch_semitones: Annotated[float, msgspec.Meta(ge=0.0, le=24.0)] = 2.0
    room_share: Probability = 0.4
    equaliser_share: Probability = 0.3
    equaliser_db: Annotated[float, msgspec.Meta(ge=0.0, le=60.0)] = 8.0
    clipping_share: Probability = 0.15
    codec_share: Probability = 0.1
    rounding_share: Probability = 0.25
    rounding_bits: tuple[Bits, Bits] = (5, 11)

    def __post_init__(self) -> None:
        check_ranges(self, "speed", "rounding_bits")


class Augmenter:
    """Random changes of recordings.

    Parameters
    ----------
    settings : AugmentationSettings
        What is changed, and how often.
    sample_rate : int
        Sample rate of the recordings (Hz).
    rooms : sequence of Path
        Folders of measured impulse responses. Empty: rooms are simulated with decaying noise.
    """

    def __init__(
        self, settings: AugmentationSettings, sample_rate: int, rooms: Sequence[Path]
    ) -> None:
        import audiomentations as transforms

        self._settings = settings
        self._rate = sample_rate
        self._room = (
            None
            if not rooms
            else transforms.ApplyImpulseResponse([*rooms], p=1.0, leave_length_unchanged=False)
        )
        s = settings
        self._rounded = transforms.BitCrush(*s.rounding_bits, p=s.rounding_share)
        self._others = transforms.Compose(
            [
                transforms.PitchShift(-s.pitch_semitones, s.pitch_semitones, p=s.pitch_share),
                transforms.SevenBandParametricEQ(
                    -s.equaliser_db, s.equaliser_db, p=s.equaliser_share
                ),
                transforms.ClippingDistortion(0, 10, p=s.clipping_share),
                transforms.OneOf(
                    [
                        transforms.Mp3Compression(8, 48, p=1.0),
                        transforms.BitCrush(8, 12, p=1.0),
                        transforms.LowPassFilter(3000, 7000, p=1.0),
                        transforms.HighPassFilter(80, 400, p=1.0),
                    ],
                    p=s.codec_share,
                ),
            ]
        )

    def __call__(self, sound: Signal, seed: tuple[int, ...]) -> Signal:
        """Return a changed copy of a sound.

        Parameters
        ----------
        sound : np.ndarray [shape=(samples,), dtype=float32]
            Mono sound, full scale at +-1.
        seed : tuple of int
            Seed of all changes; the same seed gives the same copy.

        Returns
        -------
        np.ndarray [shape=(samples of the copy,), dtype=float32]
            Peak at 0.5; as long as the sound, unless speed or reverberation changed. A copy that
            no transform changes is the sound itself.
        """
        random = np.random.default_rng(seed)
        # audiomentations draws from the global generators.
        python_random.seed(int(random.integers(2**32)))
        np.random.seed(int(random.integers(2**32)))  # noqa: NPY002
        settings = self._settings
        if random.random() < settings.untouched:
            return sound
        if random.random() < settings.speed_share:
            low, high = np.log(settings.speed)
            speed = float(np.exp(random.uniform(low, high)))
            sound = soxr.resample(sound, self._rate * speed, self._rate, quality="MQ")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about very short or silent recordings
            sound = np.asarray(self._others(at_peak(sound), self._rate), np.float32)
            if random.random() < settings.room_share:
                sound = self._in_room(sound, random)
            sound = np.asarray(self._rounded(at_peak(sound), self._rate), np.float32)
        return at_peak(sound)

    def _in_room(self, sound: Signal, random: np.random.Generator) -> Signal:
        """Return a sound with the reverberation of a room, at most half a second longer."""
        longest = len(sound) + round(REVERBERATION_SECONDS * self._rate)
        if self._room is None:
            wet: Any = np.convolve(sound, self._simulated_response(random))
        else:
            wet = at_peak(np.asarray(self._room(sound, self._rate), np.float32))
        # The speaker is near or far: more direct sound, or more of the room.
        share = random.uniform(0.2, 1.0)
        mixed = share * np.asarray(wet[:longest], np.float32)
        mixed[: len(sound)] += (1.0 - share) * sound[: len(mixed)]
        return np.asarray(mixed, np.float32)

    def _simulated_response(self, random: np.random.Generator) -> Signal:
        """Return an impulse response: the direct sound, then 0.1 to 0.8 s of decaying noise.

        The noise falls by 60 dB over its length.
        """
        length = round(random.uniform(0.1, 0.8) * self._rate)
        decay = 10.0 ** (-3.0 * np.arange(length) / length)
        response = random.standard_normal(length) * decay * random.uniform(0.01, 0.1)
        response[0] = 1.0
        return response.astype(np.float32)


def at_peak(sound: Signal) -> Signal:
    """Return a sound with its peak at :data:`PEAK`, so that no transform depends on its level."""
    loudest = float(np.abs(sound).max(initial=0.0))
    return sound * np.float32(PEAK / loudest) if loudest > 0.0 else sound
