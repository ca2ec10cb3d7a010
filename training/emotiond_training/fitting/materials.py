"""What a recipe with a mixture needs beside clips: noises, rooms, and a place to keep copies."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from emotiond.errors import InputError
from emotiond_training.augmentation.copies import CopySettings, copies_of
from emotiond_training.augmentation.logmel import spectra_of
from emotiond_training.augmentation.mixture import NO_SPEECH, Mixture
from emotiond_training.corpora.clips import Clip, content_hash, contents_of
from emotiond_training.corpora.noises import VOICES, Noise
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

    def digest(self) -> str:
        """Return a hash of the content of all noises and rooms.

        Raises
        ------
        InputError
            If a recording can't be read.
        """
        noises = [(each.category, content_hash(each.path)) for each in self.noises]
        rooms = [contents_of(folder) for folder in self.rooms]
        return hashlib.sha256(repr((noises, rooms)).encode()).hexdigest()


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

    Raises
    ------
    EmotiondError
        If a recording can't be read, or there are noises and a category of their label.
    """
    if recipe.mixture is None:
        return None
    noises = [each for each in materials.noises if not each.category.startswith(VOICES)]
    if noises and NO_SPEECH in labels:
        raise InputError(
            f"recordings of category {NO_SPEECH!r} can't be mixed with noise, which trains "
            "that label; rename their folder, or give no noise"
        )
    mfcc = recipe.features.mfcc
    rooms = tuple(folder.resolve() for folder in materials.rooms)
    settings = CopySettings(mfcc, recipe.augmentation, recipe.seed, rooms)
    counts = [recipe.mixture.copies_of(clip.corpus) for clip in clips]
    copies = copies_of(clips, counts, settings, materials.cache, reporter)
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
