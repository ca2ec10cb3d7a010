"""Warping: a voice as a shorter or a longer throat would have made it.

A shorter vocal tract has its formants higher up, so warping stretches the mel axis. Training with
random warps is vocal tract length perturbation (N. Jaitly and G. Hinton, ICML Workshop on Deep
Learning for Audio, Speech and Language Processing, 2013). Here the windows of an utterance are
heard in turn through each of a model's warps, and their mean hangs less on the one throat.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emotiond.mfcc import Frames, dct_matrix


def warp(spectrum: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Return a mel spectrum [shape=(frames, mels)] with its mel axis stretched.

    Band ``k`` has what was at ``factor * k``: above 1 the throat becomes longer. What is needed
    beyond the highest band is that band.
    """
    highest = spectrum.shape[1] - 1
    positions = np.minimum(np.arange(spectrum.shape[1]) * factor, highest)
    below = positions.astype(int)
    share = (positions - below).astype(np.float32)
    above = np.minimum(below + 1, highest)
    return np.asarray(spectrum[:, below] * (1 - share) + spectrum[:, above] * share, np.float32)


def warp_matrix(n_mels: int, factor: float) -> Frames:
    """Return what warps MFCCs when they are multiplied by it [shape=(n_mels, n_mels)].

    There must be as many coefficients as mel bands: then they are the spectrum, rotated, and
    nothing of it is lost on the way back.
    """
    dct = dct_matrix(n_mels)
    return np.asarray(dct @ warp(np.eye(n_mels, dtype=np.float32), factor) @ dct.T, np.float32)


class Warps:
    """The warps of a model.

    Parameters
    ----------
    factors : sequence of float
        As for :func:`warp`; 1 leaves a window as it is.
    n_mels : int
        Mel bands, and coefficients.
    """

    def __init__(self, factors: Sequence[float], n_mels: int) -> None:
        self._matrices = [None if each == 1.0 else warp_matrix(n_mels, each) for each in factors]

    def __call__(self, frames: Frames, turn: int) -> Frames:
        """Return a window's MFCCs [shape=(frames, n_mels)] through the warp whose turn it is."""
        matrix = self._matrices[turn % len(self._matrices)]
        return frames if matrix is None else frames @ matrix
