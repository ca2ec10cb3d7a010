"""Log-mel spectra: the form in which copies and recordings of noise are kept."""

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
"""A spectrum as it is stored: log-mel power (dB), [shape=(frames, n_mels)]."""

LONGEST_SECONDS: Final = 150.0
"""Length of a recording of noise that is used (s); the rest is left out."""


class LogMel:
    """Log-mel power spectra: the project's MFCCs with the DCT undone.

    Parameters
    ----------
    config : MfccConfig
        Parameters of the features; ``n_mfcc`` is ignored, all ``n_mels`` coefficients are used.
    """

    def __init__(self, config: MfccConfig) -> None:
        self._mfcc = Mfcc(msgspec.structs.replace(config, n_mfcc=config.n_mels))
        self._rotation = dct_matrix(config.n_mels)
        self._margin = np.zeros(config.frame_length // 2, np.float32)

    def __call__(self, sound: NDArray[np.float32]) -> StoredSpectrum:
        """Return the spectrum of a sound with half a frame of silence before and after it.

        Parameters
        ----------
        sound : np.ndarray [shape=(samples,), dtype=float32]
            Mono sound at the sample rate of the features, full scale at +-1.

        Returns
        -------
        np.ndarray [shape=(frames, n_mels), dtype=float16]
            Log-mel power (dB).
        """
        padded = np.concatenate((self._margin, sound, self._margin))
        return (self._mfcc(padded) @ self._rotation).astype(np.float16)


def spectra_of(noises: Iterable[Noise], config: MfccConfig) -> dict[str, list[Spectrum]]:
    """Return the log-mel spectra of recordings by category.

    Parameters
    ----------
    noises : iterable of Noise
        Recordings; of each, the first :data:`LONGEST_SECONDS` are used.
    config : MfccConfig
        Parameters of the features.

    Returns
    -------
    dict of str to list of np.ndarray [shape=(frames, n_mels), dtype=float32]
        Log-mel power (dB) of each recording.

    Raises
    ------
    SoundError
        If a recording can't be read.
    """
    spectrum = LogMel(config)
    longest = round(LONGEST_SECONDS * config.sample_rate)
    by_category: dict[str, list[Spectrum]] = {}
    for noise in noises:
        sound = read_sound(noise.path, config.sample_rate)[:longest]
        made = spectrum(sound).astype("float32")
        by_category.setdefault(noise.category, []).append(made)
    return by_category
