"""Materials of a mixture: recordings of noise, rooms, and a folder for augmented copies."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from emotiond.errors import InputError
from emotiond.model.contract import NO_SPEECH
from emotiond_training.augmentation.copies import CopySettings, copies_of
from emotiond_training.augmentation.logmel import spectra_of
from emotiond_training.augmentation.mixture import Mixture
from emotiond_training.corpora.clips import Clip, content_hash, contents_of
from emotiond_training.corpora.noises import VOICES, Noise
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe


class Materials(NamedTuple):
    """What a training uses beside its clips.

    Parameters
    ----------
    noises : sequence of Noise
        Recordings of noise; may be empty.
    rooms : tuple of Path
        Folders of impulse responses; may be empty.
    cache : Path
        Folder that keeps the augmented copies.
    trunk : Path or None
        File with the weights of a network that was trained before, for recipes that build on one.
    """

    noises: Sequence[Noise]
    rooms: tuple[Path, ...]
    cache: Path
    trunk: Path | None = None

    @property
    def silent(self) -> list[Noise]:
        """Noises without voices: they train the label ``no_speech``."""
        return [each for each in self.noises if not each.category.startswith(VOICES)]

    def digest(self) -> str:
        """Return a hash of the content of all noises and rooms, and of the weights.

        Raises
        ------
        InputError
            If a recording can't be read.
        """
        noises = [(each.category, content_hash(each.path)) for each in self.noises]
        rooms = [contents_of(folder) for folder in self.rooms]
        weights = () if self.trunk is None else (content_hash(self.trunk),)
        return hashlib.sha256(repr((noises, rooms, *weights)).encode()).hexdigest()


def mixture_of(
    recipe: Recipe,
    clips: Sequence[Clip],
    train: Sequence[int],
    labels: Sequence[str],
    materials: Materials,
    reporter: Reporter,
) -> Mixture | None:
    """Return the mixture of a recipe, or None if the recipe trains on windows cut from clips.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    clips : sequence of Clip
        The whole table, the same for every split, so that copies are made only once.
    train : sequence of int
        Indices of the clips to draw from.
    labels : sequence of str
        Emotions in the order of the network's outputs.
    materials : Materials
        Noises, rooms and the folder of copies.
    reporter : Reporter
        Shows the progress.

    Raises
    ------
    EmotiondError
        If a recording can't be read, or if an emotion is called ``no_speech`` and there is noise.
    """
    if recipe.mixture is None:
        return None
    check_no_speech(labels, materials)
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
        spectra_of(materials.silent, mfcc),
        labels,
        recipe.features.window_frames,
        recipe.seed,
    )


def check_no_speech(labels: Sequence[str], materials: Materials) -> None:
    """Raise InputError if noise would train a label that recordings have."""
    if materials.silent and NO_SPEECH in labels:
        raise InputError(
            f"recordings of category {NO_SPEECH!r} can't be mixed with noise, which trains "
            "that label; rename their folder, or give no noise"
        )
