"""Batches mixed from several corpora: evenly over labels and speakers, never by clip count.

By clip count a corpus of many takes and few voices drowns all others. So a window is drawn corpus
first, by the recipe's weights, then label, speaker, clip and copy.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.features.mfcc import dct_matrix
from emotiond.values import Probability
from emotiond_training.augmentation.copies import Copies
from emotiond_training.augmentation.spectral import (
    MEL_FLOOR_DB,
    Spectrum,
    add,
    colouring,
    excerpt,
    mask,
    mean_power,
    place,
    stretch,
    warp,
)
from emotiond_training.corpora.clips import Clip
from emotiond_training.ranges import Decibels, check_ranges

NO_SPEECH: Final = "no_speech"
"""The label of windows in which nobody speaks."""

Weight = Annotated[float, msgspec.Meta(gt=0.0, le=1e6)]
Takes = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class MixtureSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How batches are drawn.

    Parameters
    ----------
    weights : dict of str to float
        How often a corpus is drawn, by its name; a corpus not named has the mean weight.
    copies : dict of str to int
        Augmented copies of each clip of a corpus; of one not named, ``other_copies``.
    most_cut : float
        Share of a clip that may lie outside the window.
    partial_share : float
        Share of the windows in which it may.
    tempo_share, tempo : float
        Share of the windows whose tempo is changed, and the most it is changed by, either way.
    warp_share, warp : float
        Share of the windows whose mel axis is stretched, and the most it is, either way.
    noise_share : float
        Share of the windows with noise behind the voice.
    noise_snr_db : tuple of float
        Least and most that the voice is louder than the noise (dB).
    no_speech_share : float
        Share of the windows with no voice in them, where there are recordings of noise.
    mixup : float
        Both parameters of the beta distribution that two windows are blended by, in every other
        batch; 0 is none.
    """

    weights: dict[str, Weight]
    copies: dict[str, Takes]
    other_copies: Takes = 4
    most_cut: Probability = 0.6
    partial_share: Probability = 0.4
    tempo_share: Probability = 0.6
    tempo: Probability = 0.2
    warp_share: Probability = 0.5
    warp: Probability = 0.1
    noise_share: Probability = 0.85
    noise_snr_db: tuple[Decibels, Decibels] = (2.0, 45.0)
    no_speech_share: Probability = 0.08
    mixup: Annotated[float, msgspec.Meta(ge=0.0)] = 0.3

    def __post_init__(self) -> None:
        check_ranges(self, "noise_snr_db")

    def copies_of(self, corpus: str) -> int:
        """Return how many copies a clip of a corpus has."""
        return self.copies.get(corpus, self.other_copies)


class Voices(NamedTuple):
    """The copies of one label in one corpus: for each speaker, for each clip, its copies."""

    speakers: list[list[list[int]]]
    weights: NDArray[np.float64]
    """How often each speaker is drawn."""


class Mixture:
    """Draws windows.

    Parameters
    ----------
    settings : MixtureSettings
        How.
    clips : sequence of Clip
        The table.
    train : sequence of int
        Indices of the clips to draw from; no copy of another is ever drawn.
    copies : Copies
        Of the whole table.
    noises : mapping of str to list of np.ndarray [shape=(n, mels)]
        Recordings without speech, by category (dB); empty: white noise behind voices, and no
        windows without speech.
    labels : sequence of str
        Emotions in the order of the network's outputs; ``no_speech`` comes behind them.
    frames : int
        Of a window.
    seed : int
        Decides all that is drawn.
    """

    def __init__(
        self,
        settings: MixtureSettings,
        clips: Sequence[Clip],
        train: Sequence[int],
        copies: Copies,
        noises: Mapping[str, list[Spectrum]],
        labels: Sequence[str],
        frames: int,
        seed: int,
    ) -> None:
        self._settings = settings
        self._copies = copies
        self._frames = frames
        self._mels = copies.frames.shape[1]
        self._random = np.random.default_rng(seed)
        self._rotation = dct_matrix(self._mels).T.astype(np.float32)
        self._noises = list(noises.values())
        lengths = np.array([sum(map(len, each)) for each in self._noises]) ** 0.5
        self._noise_weights = lengths / lengths.sum() if noises else lengths
        self.labels = (*labels, NO_SPEECH) if noises and settings.no_speech_share else (*labels,)
        self._corpora = _tree(clips, train, copies, labels)
        named = [settings.weights[name] for name in self._corpora if name in settings.weights]
        mean = float(np.mean(named)) if named else 1.0
        weights = np.array([settings.weights.get(name, mean) for name in self._corpora])
        self._corpus_weights = weights / weights.sum()

    @property
    def sources(self) -> NDArray[np.intp]:
        """Indices of the clips that windows may be drawn from, one for each copy."""
        copies = [
            copy
            for by_label in self._corpora.values()
            for voices in by_label.values()
            for takes in voices.speakers
            for made in takes
            for copy in made
        ]
        return self._copies.clips[copies]

    def batch(self, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draw windows, augmented and blended.

        Returns
        -------
        np.ndarray [shape=(size, frames, mels), dtype=float32]
            MFCCs (dB), as many coefficients as mel bands.
        np.ndarray [shape=(size, labels), dtype=float32]
            Share of each label.
        """
        random = self._random
        spectra = np.empty((size, self._frames, self._mels), np.float32)
        shares = np.zeros((size, len(self.labels)), np.float32)
        for row in range(size):
            spectra[row], label = self._window()
            mask(spectra[row], random)
            shares[row, label] = 1.0
        if self._settings.mixup > 0.0 and random.random() < 0.5:
            # Levels are blended after each window's own is at 0, as the network sees them.
            spectra -= spectra.mean(axis=2).max(axis=1)[:, None, None]
            np.maximum(spectra, MEL_FLOOR_DB, out=spectra)
            share = random.beta(self._settings.mixup, self._settings.mixup, size)
            share = np.maximum(share, 1.0 - share).astype(np.float32)
            other = random.permutation(size)
            spectra = _blend(spectra, spectra[other], share[:, None, None])
            shares = _blend(shares, shares[other], share[:, None])
        return spectra @ self._rotation, shares

    def _window(self) -> tuple[Spectrum, int]:
        """Draw one window and the number of its label."""
        random, settings = self._random, self._settings
        if self.labels[-1] == NO_SPEECH and random.random() < settings.no_speech_share:
            return self._noise() + colouring(self._mels, random), len(self.labels) - 1
        corpus = list(self._corpora.values())[
            random.choice(len(self._corpora), p=self._corpus_weights)
        ]
        label = list(corpus)[random.integers(len(corpus))]
        voices = corpus[label]
        takes = voices.speakers[random.choice(len(voices.speakers), p=voices.weights)]
        copies = takes[random.integers(len(takes))]
        clip = self._copies.spectrum(copies[random.integers(len(copies))])
        if random.random() < settings.tempo_share:
            clip = stretch(clip, _factor(settings.tempo, random))
        if random.random() < settings.warp_share:
            clip = warp(clip, _factor(settings.warp, random))
        cut = settings.most_cut if random.random() < settings.partial_share else 0.0
        window = place(clip, self._frames, cut, random)
        if random.random() < settings.noise_share:
            noise = self._noise()
            snr = random.uniform(*settings.noise_snr_db)
            noise += np.float32(mean_power(clip) - mean_power(noise) - snr)
            window = add(window, noise)
        return window + colouring(self._mels, random), label

    def _noise(self) -> Spectrum:
        """Draw a window of noise."""
        random = self._random
        if not self._noises:
            power = random.standard_exponential((self._frames, self._mels)) + 1e-3
            return np.asarray(10.0 * np.log10(power), np.float32)
        recordings = self._noises[random.choice(len(self._noises), p=self._noise_weights)]
        return excerpt(recordings[random.integers(len(recordings))], self._frames, random)


def _tree(
    clips: Sequence[Clip], train: Sequence[int], copies: Copies, labels: Sequence[str]
) -> dict[str, dict[int, Voices]]:
    """Sort copies by corpus and label number, speaker and clip."""
    of_clip: dict[int, list[int]] = {index: [] for index in train}
    for copy, clip in enumerate(copies.clips.tolist()):
        if clip in of_clip:
            of_clip[clip].append(copy)
    sorted_copies: dict[str, dict[int, dict[str | None, list[list[int]]]]] = {}
    for index, made in of_clip.items():
        clip = clips[index]
        by_label = sorted_copies.setdefault(clip.corpus, {})
        by_speaker = by_label.setdefault(list(labels).index(clip.label), {})
        by_speaker.setdefault(clip.speaker, []).append(made)
    tree: dict[str, dict[int, Voices]] = {}
    for corpus, by_label in sorted_copies.items():
        for label, by_speaker in sorted(by_label.items()):
            speakers = list(by_speaker.values())
            # Between one voice, one vote and one clip, one vote.
            weights = np.array([len(takes) for takes in speakers]) ** 0.5
            tree.setdefault(corpus, {})[label] = Voices(speakers, weights / weights.sum())
    return tree


def _factor(most: float, random: np.random.Generator) -> float:
    return float(np.exp(random.uniform(-most, most)))


def _blend(one: Any, other: Any, share: Any) -> NDArray[np.float32]:
    return np.asarray(share * one + (1.0 - share) * other, np.float32)
