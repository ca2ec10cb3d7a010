"""A sound and small features for tests of augmentation."""

import numpy as np

from emotiond.features.mfcc import MfccConfig

MFCC = MfccConfig(frame_length=512, hop_length=256, n_mels=16, n_mfcc=16)


def tone(hz: float, seconds: float = 0.5) -> np.ndarray:
    """Return a sine of 16 kHz sample rate and peak 0.3, as float32."""
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(16_000 * seconds)) / 16_000)).astype("f4")
