"""Augmentation of log-mel spectra: cheap enough to be drawn anew for every window.

All spectra are [shape=(frames, mels), dtype=float32], in dB of power.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Spectrum = NDArray[np.float32]
"""Log-mel power (dB), [shape=(frames, mels)]."""

MEL_FLOOR_DB: Final = -100.0
"""Power of digital silence in a mel band (dB): the floor of the features."""


def place(clip: Spectrum, frames: int, most_cut: float, random: np.random.Generator) -> Spectrum:
    """Put a clip at a random place in a window of silence.

    Parameters
    ----------
    clip : np.ndarray [shape=(n, mels)]
        A spectrum, shorter or longer than the window.
    frames : int
        Length of the window (frames).
    most_cut : float
        Largest overhang at either end, as a share of the shorter of clip and window, 0 to 1: live,
        a word may have only begun, or may almost have left the window.
    random : np.random.Generator
        Source of the place.

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
    """Return a clip that lasts ``factor`` times as long at the same pitch.

    Frames are interpolated linearly; [shape=(about n * factor, mels)].
    """
    positions = np.linspace(0, len(clip) - 1, max(2, round(len(clip) * factor)))
    before = np.minimum(positions.astype(int), max(0, len(clip) - 2))
    share = (positions - before)[:, None].astype(np.float32)
    after = np.minimum(before + 1, len(clip) - 1)
    return np.asarray(clip[before] * (1 - share) + clip[after] * share, np.float32)


def warp(clip: Spectrum, factor: float) -> Spectrum:
    """Return a clip with its mel axis scaled, as a longer or shorter vocal tract does it.

    Vocal tract length perturbation (N. Jaitly and G. Hinton, ICML workshop, 2013), on mel bands: a
    band takes its power from ``factor`` times its number. Bands above the top repeat the top band.
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
    """Return the spectrum of two sounds at once: the sum of their powers (dB)."""
    # log(a + b) = max + log(1 + exp(-difference)), which can't overflow.
    scale = np.float32(np.log(10.0) / 10.0)
    difference = np.abs(one - other) * scale
    return np.asarray(np.maximum(one, other) + np.log1p(np.exp(-difference)) / scale, np.float32)


def excerpt(sound: Spectrum, frames: int, random: np.random.Generator) -> Spectrum:
    """Return a random part of a sound [shape=(frames, mels)]; a shorter sound is repeated."""
    start = int(random.integers(0, max(1, len(sound) - frames)))
    return np.resize(sound[start : start + frames], (frames, sound.shape[1]))


def colouring(mels: int, random: np.random.Generator) -> Spectrum:
    """Return a random, smooth frequency response of microphone and room (dB) [shape=(mels,)]."""
    position = np.linspace(0.0, 1.0, mels)
    curve = random.normal(0.0, 5.6) * (position - 0.5)
    for order in (1, 2, 3):
        phase = random.uniform(0.0, 2.0 * np.pi)
        curve += random.normal(0.0, 2.8 / order**0.5) * np.cos(np.pi * order * position + phase)
    if random.random() < 0.1:  # no treble, like a telephone
        curve -= 60.0 * np.clip(position - random.uniform(0.7, 0.95), 0.0, 1.0)
    if random.random() < 0.15:  # no bass, like a laptop
        curve -= 60.0 * np.clip(random.uniform(0.03, 0.15) - position, 0.0, 1.0)
    return curve.astype(np.float32)


def mask(spectrum: Spectrum, random: np.random.Generator) -> None:
    """Overwrite up to two stretches of time and up to two of frequency, in place.

    Source: D. S. Park et al., "SpecAugment", Interspeech 2019. A stretch gets the mean of the
    spectrum; one of time may get silence instead.
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
