"""Augmentation of log-mel spectra: cheap enough to be new for every window of every batch.

All spectra are [shape=(frames, mels), dtype=float32] in dB; sounds add as powers.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Spectrum = NDArray[np.float32]

MEL_FLOOR_DB: Final = -100.0
"""Mel power of digital silence: the floor of the features."""


def place(clip: Spectrum, frames: int, most_cut: float, random: np.random.Generator) -> Spectrum:
    """Put a clip somewhere in a window of silence.

    Parameters
    ----------
    clip : np.ndarray [shape=(n, mels)]
        Shorter or longer than the window.
    frames : int
        Of the window.
    most_cut : float
        Share of the clip, or of the window where that is shorter, that may lie outside at either
        end, as when a word has just begun or is nearly forgotten.
    random : np.random.Generator
        Decides where.

    Returns
    -------
    np.ndarray [shape=(frames, mels)]
    """
    cut = round(most_cut * min(len(clip), frames))
    low, high = sorted((0, frames - len(clip)))
    offset = int(random.integers(low - cut, high + cut + 1))
    window = np.full((frames, clip.shape[1]), MEL_FLOOR_DB, np.float32)
    seen = clip[max(0, -offset) : max(0, frames - offset)]
    start = max(0, offset)
    window[start : start + len(seen)] = seen
    return window


def stretch(clip: Spectrum, factor: float) -> Spectrum:
    """Return the clip at another tempo, its pitch kept [shape=(about n * factor, mels)]."""
    positions = np.linspace(0, len(clip) - 1, max(2, round(len(clip) * factor)))
    before = np.minimum(positions.astype(int), max(0, len(clip) - 2))
    share = (positions - before)[:, None].astype(np.float32)
    after = np.minimum(before + 1, len(clip) - 1)
    return np.asarray(clip[before] * (1 - share) + clip[after] * share, np.float32)


def warp(clip: Spectrum, factor: float) -> Spectrum:
    """Return the clip with its mel axis stretched, as by a shorter or a longer throat.

    What is needed beyond the highest band is that band.
    """
    highest = clip.shape[1] - 1
    positions = np.minimum(np.arange(clip.shape[1]) * factor, highest)
    below = positions.astype(int)
    share = (positions - below).astype(np.float32)
    above = np.minimum(below + 1, highest)
    return np.asarray(clip[:, below] * (1 - share) + clip[:, above] * share, np.float32)


def mean_power(spectrum: Spectrum) -> float:
    """Return the mean power over time and frequency (dB)."""
    return float(10.0 * np.log10(np.mean(10.0 ** (spectrum / 10.0)) + 1e-30))


def add(one: Spectrum, other: Spectrum) -> Spectrum:
    """Return the spectrum of two sounds that are heard together."""
    # log(a + b) = max + log(1 + exp(-difference)), which can't overflow.
    scale = np.float32(np.log(10.0) / 10.0)
    difference = np.abs(one - other) * scale
    return np.asarray(np.maximum(one, other) + np.log1p(np.exp(-difference)) / scale, np.float32)


def excerpt(sound: Spectrum, frames: int, random: np.random.Generator) -> Spectrum:
    """Return a stretch of a sound, from anywhere; a short sound is repeated."""
    start = int(random.integers(0, max(1, len(sound) - frames)))
    return np.resize(sound[start : start + frames], (frames, sound.shape[1]))


def colouring(mels: int, random: np.random.Generator) -> Spectrum:
    """Return what a microphone and a place do to each band [shape=(mels,)]: a smooth curve (dB)."""
    position = np.linspace(0.0, 1.0, mels)
    curve = random.normal(0.0, 5.6) * (position - 0.5)
    for order in (1, 2, 3):
        phase = random.uniform(0.0, 2.0 * np.pi)
        curve += random.normal(0.0, 2.8 / order**0.5) * np.cos(np.pi * order * position + phase)
    if random.random() < 0.1:  # no treble, as over a telephone
        curve -= 60.0 * np.clip(position - random.uniform(0.7, 0.95), 0.0, 1.0)
    if random.random() < 0.15:  # no bass, as from a laptop
        curve -= 60.0 * np.clip(random.uniform(0.03, 0.15) - position, 0.0, 1.0)
    return curve.astype(np.float32)


def mask(spectrum: Spectrum, random: np.random.Generator) -> None:
    """Blot out up to two stretches of time and up to two bands, in place (SpecAugment).

    Source: D. S. Park et al., SpecAugment, Interspeech 2019.
    """
    frames, mels = spectrum.shape
    mean = spectrum.mean()
    for _ in range(random.integers(0, 3)):
        width = int(random.integers(1, max(2, frames // 7)))
        start = int(random.integers(0, frames - width))
        spectrum[start : start + width] = MEL_FLOOR_DB if random.random() < 0.5 else mean
    for _ in range(random.integers(0, 3)):
        width = int(random.integers(1, max(2, mels // 8)))
        start = int(random.integers(0, mels - width))
        spectrum[:, start : start + width] = mean
