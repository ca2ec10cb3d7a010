"""Training batches drawn from several corpora, balanced over labels and speakers.

A large corpus of few voices would outweigh all others if clips were drawn evenly. So the corpus is
drawn first, by the recipe's weights, then label, speaker, clip and copy.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.features.mfcc import dct_matrix
from emotiond.model.contract import NO_SPEECH
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
from emotiond_training.ranges import Decibels, Takes, Weight, check_ranges


class MixtureSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How batches are drawn. All shares are 0 to 1.

    Parameters
    ----------
    weights : dict of str to float
        Weight of each corpus in the draw, by its name, above 0; a corpus that is not named has the
        mean weight.
    copies : dict of str to int
        Number of augmented copies of each clip, by the name of the corpus.
    other_copies : int
        The same for corpora that ``copies`` does not name.
    most_cut : float
        Largest share of a clip that may lie outside the window.
    partial_share : float
        Share of the windows in which part of the clip may lie outside.
    tempo_share : float
        Share of the windows whose tempo is changed.
    tempo : float
        Largest change of tempo: the factor is exp(-tempo) to exp(tempo).
    warp_share : float
        Share of the windows whose mel axis is scaled.
    warp : float
        Largest change of scale: the factor is exp(-warp) to exp(warp).
    noise_share : float
        Share of the windows with noise behind the voice.
    noise_snr_db : tuple of float
        Lowest and highest signal-to-noise ratio there (dB).
    no_speech_share : float
        Share of the windows without a voice, if there are recordings of noise.
    mixup : float
        Both parameters of the beta distribution of mixup (H. Zhang et al., 2018), which blends
        each window of every other batch, on average, with another one; 0: no mixup.

    Raises
    ------
    ValueError
        If the first number of a range is above the second.
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
        """Return the number of copies of each clip of a corpus."""
        return self.copies.get(corpus, self.other_copies)


class LabelCopies(NamedTuple):
    """The copies of one label in one corpus.

    Parameters
    ----------
    speakers : list of list of list of int
        For each speaker, for each clip: the numbers of its copies.
    weights : np.ndarray [shape=(speakers,)]
        Probability that each speaker is drawn; sum 1.
    """

    speakers: list[list[list[int]]]
    weights: NDArray[np.float64]


class Mixture:
    """A source of training batches: windows drawn at random, with noise and other changes.

    Parameters
    ----------
    settings : MixtureSettings
        How windows are drawn.
    clips : sequence of Clip
        The table.
    train : sequence of int
        Indices of the clips to draw from; copies of other clips are never drawn.
    copies : Copies
        Copies of the whole table.
    noises : mapping of str to list of np.ndarray [shape=(n, mels)]
        Spectra of recordings without speech, by category (dB). Empty: the noise is white, and
        there are no windows without speech.
    labels : sequence of str
        Emotions in the order of the network's outputs.
    frames : int
        Length of a window (frames).
    seed : int
        Seed of all that is drawn.

    Attributes
    ----------
    labels : tuple of str
        Labels in the order of the network's outputs: the emotions, then ``no_speech`` if windows
        without speech are drawn.
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
        """Index of the clip of each copy that may be drawn [shape=(copies,)]."""
        copies = [
            copy
            for by_label in self._corpora.values()
            for of_label in by_label.values()
            for of_speaker in of_label.speakers
            for of_clip in of_speaker
            for copy in of_clip
        ]
        return self._copies.clips[copies]

    def batch(self, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draw a batch of augmented windows.

        Parameters
        ----------
        size : int
            Number of windows.

        Returns
        -------
        np.ndarray [shape=(size, frames, mels), dtype=float32]
            MFCCs (dB), as many coefficients as mel bands.
        np.ndarray [shape=(size, labels), dtype=float32]
            Share of each label, 0 to 1; sum 1.
        """
        random = self._random
        spectra = np.empty((size, self._frames, self._mels), np.float32)
        shares = np.zeros((size, len(self.labels)), np.float32)
        for row in range(size):
            spectra[row], label = self._window()
            mask(spectra[row], random)
            shares[row, label] = 1.0
        if self._settings.mixup > 0.0 and random.random() < 0.5:
            # First bring the loudest frame of each window to 0 dB, as the normalisation does.
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
        speakers, weights = corpus[label]
        of_speaker = speakers[random.choice(len(speakers), p=weights)]
        copies = of_speaker[random.integers(len(of_speaker))]
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
        """Draw a window of noise: from a recording, or white noise if there is none."""
        random = self._random
        if not self._noises:
            power = random.standard_exponential((self._frames, self._mels)) + 1e-3
            return np.asarray(10.0 * np.log10(power), np.float32)
        recordings = self._noises[random.choice(len(self._noises), p=self._noise_weights)]
        return excerpt(recordings[random.integers(len(recordings))], self._frames, random)


def _tree(
    clips: Sequence[Clip], train: Sequence[int], copies: Copies, labels: Sequence[str]
) -> dict[str, dict[int, LabelCopies]]:
    """Return the copies of training clips by corpus and label number."""
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
    tree: dict[str, dict[int, LabelCopies]] = {}
    for corpus, by_label in sorted_copies.items():
        for label, by_speaker in sorted(by_label.items()):
            speakers = list(by_speaker.values())
            # Square root: half-way between equal speakers and equal clips.
            weights = np.array([len(of_speaker) for of_speaker in speakers]) ** 0.5
            tree.setdefault(corpus, {})[label] = LabelCopies(speakers, weights / weights.sum())
    return tree


def _factor(most: float, random: np.random.Generator) -> float:
    """Return a random factor, exp(-most) to exp(most)."""
    return float(np.exp(random.uniform(-most, most)))


def _blend(one: Any, other: Any, share: Any) -> NDArray[np.float32]:
    return np.asarray(share * one + (1.0 - share) * other, np.float32)
