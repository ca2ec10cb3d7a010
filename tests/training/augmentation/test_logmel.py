"""Log-mel spectra carry the same information as the MFCCs."""

import numpy as np
import soundfile

from emotiond.features.mfcc import Mfcc, dct_matrix
from emotiond_training.augmentation.logmel import LogMel, spectra_of
from emotiond_training.corpora.noises import Noise
from tests.training.augmentation.sounds import MFCC, tone


def test_the_dct_of_a_log_mel_spectrum_is_the_mfccs():
    sound = tone(440)
    expected = Mfcc(MFCC)(np.pad(sound, 256))
    spectrum = LogMel(MFCC)(sound).astype("f4")
    np.testing.assert_allclose(spectrum @ dct_matrix(16).T, expected, atol=1.0)


def test_spectra_of_recordings_are_grouped_by_category(tmp_path):
    noises = [Noise(tmp_path / f"{name}.wav", name[0]) for name in ("fan", "rain", "river")]
    for noise in noises:
        soundfile.write(noise.path, tone(100), 16_000)
    spectra = spectra_of(noises, MFCC)
    assert {name: len(each) for name, each in spectra.items()} == {"f": 1, "r": 2}
    assert {each.shape[1] for every in spectra.values() for each in every} == {16}
