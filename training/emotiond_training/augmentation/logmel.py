"""Logarithmic mel spectra: what copies and noises are kept as."""

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.audio.files import read_sound
from emotiond.features.mfcc import Mfcc, MfccConfig, dct_matrix
from emotiond_training.augmentation.spectral import Spectrum
from emotiond_training.corpora.noises import Noise

StoredSpectrum = NDArray[np.float16]

MOST_SECONDS: Final = 150.0
"""Of one recording."""


class LogMel:
    """Log-mel power spectra: the project's MFCCs with their rotation undone.

    Parameters
    ----------
    config : MfccConfig
        Its ``n_mfcc`` is taken to be ``n_mels``.
    """

    def __init__(self, config: MfccConfig) -> None:
        self._mfcc = Mfcc(msgspec.structs.replace(config, n_mfcc=config.n_mels))
        self._rotation = dct_matrix(config.n_mels)
        self._margin = np.zeros(config.frame_length // 2, np.float32)

    def __call__(self, sound: NDArray[np.float32]) -> StoredSpectrum:
        """Return the spectrum [shape=(frames, n_mels)] (dB) of a sound in silence."""
        padded = np.concatenate((self._margin, sound, self._margin))
        return (self._mfcc(padded) @ self._rotation).astype(np.float16)


def spectra_of(noises: Iterable[Noise], config: MfccConfig) -> dict[str, list[Spectrum]]:
    """Return the log-mel spectra of recordings [shape=(n, n_mels)] (dB) by category."""
    spectrum = LogMel(config)
    longest = round(MOST_SECONDS * config.sample_rate)
    by_category: dict[str, list[Spectrum]] = {}
    for noise in noises:
        sound = read_sound(noise.path, config.sample_rate)[:longest]
        made = spectrum(sound).astype("float32")
        by_category.setdefault(noise.category, []).append(made)
    return by_category
