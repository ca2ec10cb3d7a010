"""Scenes: windows of sound as they come live, a voice at any place in a room with its noise.

The live window is the last seconds of sound at any moment: what was before the voice, a part of
the voice, a pause. A classifier that only knows whole, clean recordings is lost there.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Signal
from emotiond.values import Probability
from emotiond_training.augmentation.waveform import Augmenter, at_peak
from emotiond_training.corpora.noises import Noise
from emotiond_training.ranges import Decibels, Takes, Weight, check_ranges

Recording = NDArray[np.int16]
"""A recording of noise as it is kept in memory, full scale at +-32,768."""

LONGEST_SECONDS: Final = 150.0
"""Length of a recording of noise that is used (s); the rest is left out."""


class SceneSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How windows are made of recordings. All shares are 0 to 1.

    Parameters
    ----------
    weights : dict of str to float
        Weight of each corpus in training, above 0; a corpus that is not named has the mean weight.
    copies : dict of str to int
        Number of windows of each clip, by the name of the corpus.
    other_copies : int
        The same for corpora that ``copies`` does not name.
    most_cut : float
        Largest share of a clip that may lie outside the window.
    partial_share : float
        Share of the windows in which part of the clip may lie outside.
    noise_share : float
        Share of the windows with a recording of noise behind the voice.
    noise_snr_db : tuple of float
        Lowest and highest signal-to-noise ratio there (dB).
    hiss_share : float
        Share of the other windows with the noise of a microphone: white.
    hiss_snr_db : tuple of float
        Lowest and highest signal-to-noise ratio there (dB).

    Raises
    ------
    ValueError
        If the first number of a range is above the second.
    """

    weights: dict[str, Weight] = {}
    copies: dict[str, Takes] = {}
    other_copies: Takes = 2
    most_cut: Probability = 0.6
    partial_share: Probability = 0.4
    noise_share: Probability = 0.7
    noise_snr_db: tuple[Decibels, Decibels] = (3.0, 40.0)
    hiss_share: Probability = 0.9
    hiss_snr_db: tuple[Decibels, Decibels] = (35.0, 70.0)

    def __post_init__(self) -> None:
        check_ranges(self, "noise_snr_db", "hiss_snr_db")

    def copies_of(self, corpus: str) -> int:
        """Return the number of windows of each clip of a corpus."""
        return self.copies.get(corpus, self.other_copies)


class Scenes:
    """Random windows of recordings; the same seed gives the same window.

    Parameters
    ----------
    settings : SceneSettings
        How windows are made.
    augment : Augmenter
        Changes of a voice before it is put into a window.
    noises : sequence of np.ndarray [shape=(n,), dtype=int16]
        Recordings of noise at the sample rate of the windows; without any, the noise is white.
    samples : int
        Length of a window (samples).
    """

    def __init__(
        self,
        settings: SceneSettings,
        augment: Augmenter,
        noises: Sequence[Recording],
        samples: int,
    ) -> None:
        self._settings = settings
        self._augment = augment
        self._noises = [each for each in noises if each.any()]
        self._samples = samples

    def voice(self, sound: Signal, seed: tuple[int, ...]) -> Signal:
        """Return a window with a voice in it.

        Parameters
        ----------
        sound : np.ndarray [shape=(n,), dtype=float32]
            A recording of a voice, full scale at +-1.
        seed : tuple of int
            Seed of everything random.

        Returns
        -------
        np.ndarray [shape=(samples,), dtype=float32]
        """
        settings, random = self._settings, np.random.default_rng(seed)
        voice = at_peak(self._augment(sound, seed))
        partial = random.random() < settings.partial_share
        window = placed(voice, self._samples, settings.most_cut if partial else 0.0, random)
        level = float(np.sqrt(np.mean(voice**2)))
        if random.random() < settings.noise_share:
            noise = self._noise(random)
            snr_db = random.uniform(*settings.noise_snr_db)
        elif random.random() < settings.hiss_share:
            noise = random.standard_normal(self._samples, np.float32)
            snr_db = random.uniform(*settings.hiss_snr_db)
        else:
            return window
        return window + noise * np.float32(level * 10.0 ** (-snr_db / 20.0))

    def _noise(self, random: np.random.Generator) -> Signal:
        """Return noise of power 1."""
        if not self._noises:
            return random.standard_normal(self._samples, np.float32)
        recording = self._noises[random.integers(len(self._noises))]
        start = int(random.integers(max(1, len(recording) - self._samples)))
        piece = np.resize(recording[start : start + self._samples], self._samples)
        noise = piece.astype(np.float32)
        power = float(np.mean(noise**2))
        # A pause of the recording has no power.
        return noise / np.float32(power**0.5) if power > 0.0 else noise


def read_recordings(noises: Sequence[Noise], sample_rate: int) -> list[Recording]:
    """Read recordings of noise into memory, of each the first :data:`LONGEST_SECONDS`.

    Raises
    ------
    SoundError
        If a recording can't be read.
    """
    longest = round(LONGEST_SECONDS * sample_rate)
    return [
        np.rint(read_sound(each.path, sample_rate)[:longest] * 32_767.0).astype(np.int16)
        for each in noises
    ]


def pieces(recording: Recording, samples: int) -> list[Signal]:
    """Cut a recording into windows one behind the other, each brought to the peak of a voice.

    Parameters
    ----------
    recording : np.ndarray [shape=(n,), dtype=int16]
        A recording; a shorter one than a window is repeated.
    samples : int
        Length of a window (samples).

    Returns
    -------
    list of np.ndarray [shape=(samples,), dtype=float32]
        At least one; pieces of digital silence are left out.
    """
    whole = np.resize(recording, max(len(recording), samples))
    cut = [
        whole[start : start + samples].astype(np.float32)
        for start in range(0, len(whole) - samples + 1, samples)
    ]
    return [at_peak(each) for each in cut if each.any()]


def placed(voice: Signal, samples: int, most_cut: float, random: np.random.Generator) -> Signal:
    """Put a voice at a random place in a window of silence.

    Parameters
    ----------
    voice : np.ndarray [shape=(n,), dtype=float32]
        A recording, shorter or longer than the window.
    samples : int
        Length of the window.
    most_cut : float
        Largest overhang at either end, as a share of the shorter of voice and window, 0 to 1.
    random : np.random.Generator
        Source of the place.

    Returns
    -------
    np.ndarray [shape=(samples,), dtype=float32]
    """
    cut = round(most_cut * min(len(voice), samples))
    low, high = sorted((0, samples - len(voice)))
    offset = int(random.integers(low - cut, high + cut + 1))
    window = np.zeros(samples, np.float32)
    seen = voice[max(0, -offset) : max(0, samples - offset)]
    start = max(0, offset)
    window[start : start + len(seen)] = seen
    return window
