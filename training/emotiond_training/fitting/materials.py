"""What a recipe with a mixture needs beside clips: noises, rooms, and a place to keep copies."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from emotiond.errors import InputError
from emotiond_training.augmentation.copies import CopySettings, copies_of
from emotiond_training.augmentation.logmel import spectra_of
from emotiond_training.augmentation.mixture import Mixture
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import sound_files
from emotiond_training.corpora.noises import VOICES, Noise, half_of, read_noises
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe


class Materials(NamedTuple):
    """Materials of a training.

    Parameters
    ----------
    noises : sequence of Noise
        Recordings without speech; may be empty.
    rooms : tuple of Path
        Folders of impulse responses; may be empty.
    cache : Path
        Folder for what is computed once.
    """

    noises: Sequence[Noise]
    rooms: tuple[Path, ...]
    cache: Path


def materials_from(args: argparse.Namespace, out: Path, half: int | None = None) -> Materials:
    """Return the materials that the command line names.

    Parameters
    ----------
    args : argparse.Namespace
        With ``noise``, ``rir`` and ``cache``.
    out : Path
        The cache lies in it where the command line names none.
    half : int, optional
        Take only this half of the noises, so that the other one can be tested with.

    Raises
    ------
    InputError
        If a folder is missing or empty.
    """
    for folder in args.rir:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
        if not sound_files(folder):
            raise InputError(f"{folder}: no impulse responses in it")
    noises = read_noises(args.noise)
    if half is not None:
        noises = [each for each in noises if half_of(each) == half]
    rooms = tuple(folder.resolve() for folder in args.rir)
    return Materials(noises, rooms, args.cache or out / "copies")


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
