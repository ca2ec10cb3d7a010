"""What a recipe with a mixture needs beside clips: noises, rooms, and a place to keep copies."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from emotiond_training.clips import Clip
from emotiond_training.copies import CopySettings, copies_of
from emotiond_training.mixture import Mixture
from emotiond_training.noises import VOICES, Noise, spectra_of
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe


class Materials(NamedTuple):
    """Materials of a training.

    Parameters
    ----------
    noises : sequence of Noise
        Recordings without speech; may be empty.
    rooms : Path or None
        Folder of impulse responses.
    cache : Path
        Folder for what is computed once.
    """

    noises: Sequence[Noise]
    rooms: Path | None
    cache: Path


def mixture_of(
    recipe: Recipe,
    clips: Sequence[Clip],
    train: Sequence[int],
    labels: Sequence[str],
    materials: Materials,
    reporter: Reporter,
) -> Mixture | None:
    """Return the mixture that a recipe trains on, or None where it trains on cut windows.

    Parameters
    ----------
    recipe : Recipe
        What to train.
    clips : sequence of Clip
        The whole table, the same for every split, so that copies are made once.
    train : sequence of int
        Indices of the clips to draw from.
    labels : sequence of str
        Emotions in the order of the network's outputs.
    materials : Materials
        To mix with.
    reporter : Reporter
        Told of the progress.
    """
    if recipe.mixture is None:
        return None
    mfcc = recipe.features.mfcc
    settings = CopySettings(mfcc, recipe.augmentation, recipe.seed, materials.rooms)
    counts = [recipe.mixture.copies_of(clip.corpus) for clip in clips]
    copies = copies_of(clips, counts, settings, materials.cache, reporter)
    noises = [each for each in materials.noises if not each.category.startswith(VOICES)]
    return Mixture(
        recipe.mixture,
        clips,
        train,
        copies,
        spectra_of(noises, mfcc),
        labels,
        recipe.features.window_frames,
        recipe.seed,
    )
