"""Training windows: cut from clips so that they look like windows of the live engine.

The engine's window is the last seconds of sound, at any moment of an utterance. Soon after the
start most of it is the quiet before. So windows end at random places, from half a second after a
clip's start to half a second after its end, and each clip lies in silence or noise.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Signal
from emotiond.errors import InputError
from emotiond.features.mfcc import Mfcc
from emotiond.model.contract import Normalisation
from emotiond_training.corpora.clips import Clip
from emotiond_training.recipe import Features, Recipe
from emotiond_training.splits.folds import Indices

MARGIN_SECONDS: Final = 0.5
"""Least of a clip, and most silence after it, at the end of a window (s): the engine's hop."""


class Windows(NamedTuple):
    """Windows cut from clips.

    Parameters
    ----------
    features : np.ndarray [shape=(windows, frames, n_mfcc), dtype=float32]
        MFCCs (dB), not normalised.
    labels : np.ndarray [shape=(windows,)]
        Number of each window's label.
    clips : np.ndarray [shape=(windows,)]
        Index of each window's clip in the table.
    """

    features: NDArray[np.float32]
    labels: Indices
    clips: Indices


def cut_windows(
    clips: Sequence[Clip], indices: Iterable[int], labels: Sequence[str], recipe: Recipe
) -> Windows:
    """Cut the windows of some clips.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    indices : iterable of int
        Indices of the clips to cut.
    labels : sequence of str
        Labels in the order of the network's outputs.
    recipe : Recipe
        Settings of features and windows. The same seed gives the same windows of a clip, whatever
        other clips are cut.

    Raises
    ------
    InputError
        If a recording can't be read, or if there are no clips.
    """
    mfcc = Mfcc(recipe.features.mfcc)
    parts, sources = [], []
    for index in indices:
        sound = read_sound(clips[index].path, recipe.features.mfcc.sample_rate)
        part = windows_of(sound, mfcc, recipe, np.random.default_rng((recipe.seed, index)))
        parts.append(part)
        sources += [index] * len(part)
    if not parts:
        raise InputError("no recordings to cut windows from")
    number = {label: position for position, label in enumerate(labels)}
    return Windows(
        features=np.concatenate(parts),
        labels=np.array([number[clips[source].label] for source in sources]),
        clips=np.array(sources),
    )


def windows_of(
    sound: Signal, mfcc: Mfcc, recipe: Recipe, random: np.random.Generator
) -> NDArray[np.float32]:
    """Cut the windows of one sound.

    Parameters
    ----------
    sound : np.ndarray [shape=(samples,)]
        Mono sound at the recipe's sample rate, full scale at +-1.
    mfcc : Mfcc
        The recipe's features.
    recipe : Recipe
        Settings of windows: their number, gain and noise.
    random : np.random.Generator
        Source of all random choices.

    Returns
    -------
    np.ndarray [shape=(windows, frames, n_mfcc), dtype=float32]
        MFCCs (dB).
    """
    length = recipe.features.window_frames
    samples = mfcc.config.samples(length)
    count = recipe.windows.windows * math.ceil(len(sound) / samples)
    cut = []
    for _ in range(recipe.windows.copies):
        frames = mfcc(_in_noise(sound, samples, recipe, random))
        places = len(frames) - length + 1
        # One start in each of ``count`` equal parts, so that the windows cover the clip.
        starts = ((np.arange(count) + random.random(count)) / count * places).astype(int)
        cut += [frames[start : start + length] for start in starts]
    return np.stack(cut)


def _in_noise(sound: Signal, samples: int, recipe: Recipe, random: np.random.Generator) -> Signal:
    """Return a sound at a random gain in silence or noise, with a window's length before it."""
    config, settings = recipe.features.mfcc, recipe.windows
    margin = round(MARGIN_SECONDS * config.sample_rate)
    # A random part of a hop, so that the first frame may start anywhere in the clip.
    lead = max(0, samples - margin) + int(random.integers(config.hop_length))
    noisy = np.pad(sound * _ratio(random.uniform(*settings.gain_db)), (lead, margin))
    level = random.uniform(*settings.noise_db)
    if random.random() >= settings.noiseless:
        noisy += _ratio(level) * random.standard_normal(len(noisy), dtype=np.float32)
    return np.clip(noisy, -1.0, 1.0)


def _ratio(decibels: float) -> np.float32:
    return np.float32(10.0 ** (decibels / 20.0))


def normalisation_of(features: NDArray[np.float32], settings: Features) -> Normalisation:
    """Return the normalisation that brings features to mean 0 and standard deviation 1.

    Parameters
    ----------
    features : np.ndarray [shape=(..., frames, n_mfcc)]
        MFCCs (dB).
    settings : Features
        Reference of the level, and the limit of normalised coefficients.
    """
    ones = (1.0,) * features.shape[-1]
    features = Normalisation((0.0,) * len(ones), ones, settings.level)(features)
    flat = features.reshape(-1, features.shape[-1])
    mean, std = flat.mean(axis=0, dtype=np.float64), flat.std(axis=0, dtype=np.float64)
    # A constant coefficient carries no information; dividing it by 1 avoids a division by zero.
    divisor = np.where(std > 1e-6, std, 1.0)
    return Normalisation(
        tuple(mean.tolist()), tuple(divisor.tolist()), settings.level, settings.limit
    )
