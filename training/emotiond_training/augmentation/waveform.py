"""Augmentation of recordings: what rooms, microphones, codecs and bodies do to a voice.

The transforms are those of `audiomentations`; only a change of speed, which moves pitch, formants
and tempo together as another body would, is ours.
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
"""How much of a room's tail is kept behind a recording."""


class AugmentationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Shares of the copies that each transform changes, and by how much.

    Parameters
    ----------
    untouched : float
        Share of the copies that nothing changes.
    speed : tuple of float
        Least and most of the speed; 1 is as recorded.
    speed_share, pitch_share, room_share, equaliser_share, clipping_share, codec_share : float
        Of the other copies.
    pitch_semitones : float
        Most of a change of pitch alone, either way.
    equaliser_db : float
        Most of the gain of each of seven bands, either way.
    rounding_share : float
        Of the other copies, recorded by a microphone that is too quiet for 16 bits.
    rounding_bits : tuple of int
        Fewest and most bits that are left of a voice there.
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
    """Changes recordings at random.

    Parameters
    ----------
    settings : AugmentationSettings
        What is changed, and how often.
    sample_rate : int
        Of the recordings (Hz).
    rooms : sequence of Path
        Folders of measured impulse responses; without any, rooms are simulated by decaying noise.
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
        """Return a changed copy of a sound [shape=(n,)]; the seed decides what changes."""
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
            warnings.simplefilter("ignore")  # of very short or silent recordings
            sound = np.asarray(self._others(_at_peak(sound), self._rate), np.float32)
            if random.random() < settings.room_share:
                sound = self._in_room(sound, random)
            sound = np.asarray(self._rounded(_at_peak(sound), self._rate), np.float32)
        return _at_peak(sound)

    def _in_room(self, sound: Signal, random: np.random.Generator) -> Signal:
        longest = len(sound) + round(REVERBERATION_SECONDS * self._rate)
        if self._room is None:
            wet: Any = np.convolve(sound, self._simulated(random))
        else:
            wet = _at_peak(np.asarray(self._room(sound, self._rate), np.float32))
        # Near to far: the direct sound is as likely to prevail as the room.
        share = random.uniform(0.2, 1.0)
        mixed = share * np.asarray(wet[:longest], np.float32)
        mixed[: len(sound)] += (1.0 - share) * sound[: len(mixed)]
        return np.asarray(mixed, np.float32)

    def _simulated(self, random: np.random.Generator) -> Signal:
        """Return noise that decays by 60 dB in 0.1 to 0.8 s behind a direct sound."""
        length = round(random.uniform(0.1, 0.8) * self._rate)
        decay = 10.0 ** (-3.0 * np.arange(length) / length)
        response = random.standard_normal(length) * decay * random.uniform(0.01, 0.1)
        response[0] = 1.0
        return response.astype(np.float32)


def _at_peak(sound: Signal, peak: float = 0.5) -> Signal:
    """Return the sound at a given peak: level is no matter of augmentation here."""
    loudest = float(np.abs(sound).max(initial=0.0))
    return sound * np.float32(peak / loudest) if loudest > 0.0 else sound
