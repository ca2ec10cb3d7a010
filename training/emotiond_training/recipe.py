"""Recipes: all that decides what a training makes, as data in a TOML file."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from emotiond.errors import InputError, reason
from emotiond.features.mfcc import MfccConfig
from emotiond.values import Probability
from emotiond_training.augmentation.mixture import MixtureSettings
from emotiond_training.augmentation.waveform import AugmentationSettings
from emotiond_training.networks import SPECTRAL, Network
from emotiond_training.ranges import check_ranges

Positive = Annotated[int, msgspec.Meta(ge=1)]
Part = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
"""A share that is neither none nor all."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a recipe."""


class Features(_Section, frozen=True):
    """What the network sees.

    Parameters
    ----------
    mfcc : MfccConfig
        The features.
    window_frames : int
        Frames in one window.
    level : {"absolute", "loudest"}
        What the level is measured from, as in a contract's normalisation.
    limit : float or None
        Of normalised coefficients, as in a contract's normalisation.
    """

    mfcc: MfccConfig
    window_frames: Positive
    level: Literal["absolute", "loudest"] = "absolute"
    limit: Annotated[float, msgspec.Meta(gt=0.0)] | None = None


class WindowSettings(_Section, frozen=True):
    """How windows are cut from clips.

    Each copy has its own gain, noise and place on the frame grid.

    Parameters
    ----------
    copies : int
        Copies of a clip.
    windows : int
        Windows cut from each copy, for each window's length of clip begun.
    gain_db : tuple of float
        Least and most that a copy is made louder (dB).
    noise_db : tuple of float
        Least and most of the noise under a copy (dBFS).
    noiseless : float
        Share of copies without noise.
    """

    copies: Positive
    windows: Positive
    gain_db: tuple[float, float] = (0.0, 0.0)
    noise_db: tuple[float, float] = (-80.0, -50.0)
    noiseless: Probability = 0.5

    def __post_init__(self) -> None:
        check_ranges(self, "gain_db", "noise_db")


class Optimiser(_Section, frozen=True):
    """How weights are found.

    Parameters
    ----------
    name : {"adam", "adamw"}
        The method.
    learning_rate : float
        The highest.
    schedule : {"constant", "cosine"}
        Whether the rate stays or falls to zero along a cosine.
    warmup : int
        Steps in which the rate of a cosine rises from zero first.
    weight_decay : float
        Of adamw; biases and normalisations are spared.
    average : float
        Momentum of the moving average of the weights that is kept in place of the last ones
        (Polyak averaging); 0 keeps the last ones.
    label_smoothing : float
        Share of a window's label that is given to all labels evenly.
    """

    name: Literal["adam", "adamw"]
    learning_rate: Annotated[float, msgspec.Meta(gt=0.0)]
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: Annotated[int, msgspec.Meta(ge=0)] = 0
    weight_decay: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    average: Part | Literal[0] = 0
    label_smoothing: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)] = 0.0


class Recipe(_Section, frozen=True):
    """A whole recipe.

    Parameters
    ----------
    seed : int
        Of everything random.
    holdout : float
        Share of the clips that is kept out of training to measure with.
    epochs : int
        Times each window is seen; of a mixture, times 250 batches.
    batch : int
        Windows in one step.
    abstain_below : float
        Confidence below which the model says it is uncertain.
    windows : WindowSettings
        How windows are cut: to train on, or, where there is a mixture, to measure with.
    mixture : MixtureSettings, optional
        Train on batches drawn from all corpora instead.
    augmentation : AugmentationSettings
        Of the copies that a mixture draws from.
    """

    seed: Annotated[int, msgspec.Meta(ge=0)]
    holdout: Part
    epochs: Positive
    batch: Positive
    abstain_below: Probability
    features: Features
    windows: WindowSettings
    network: Network
    optimiser: Optimiser
    mixture: MixtureSettings | None = None
    augmentation: AugmentationSettings = AugmentationSettings()

    def __post_init__(self) -> None:
        mfcc = self.features.mfcc
        whole = self.mixture is not None or isinstance(self.network, SPECTRAL)
        if whole and mfcc.n_mfcc != mfcc.n_mels:
            raise ValueError(
                "n_mfcc must be n_mels for a mixture and for networks over the spectrum"
            )


def recipe_text(name: str) -> str:
    """Return the text of a recipe.

    Parameters
    ----------
    name : str
        A built-in recipe, or the path of a ``.toml`` file.

    Raises
    ------
    InputError
        If there is none of that name or path.
    """
    if name.endswith(".toml"):
        return _text(name, Path(name).read_bytes)
    built_in = {
        Path(each.name).stem: each
        for each in resources.files("emotiond_training").joinpath("recipes").iterdir()
        if each.name.endswith(".toml")
    }
    if name not in built_in:
        known = ", ".join(sorted(built_in))
        raise InputError(f"unknown recipe {name!r}; known are {known}, or give a .toml file")
    return _text(name, built_in[name].read_bytes)


def _text(name: str, read: Callable[[], bytes]) -> str:
    try:
        return read().decode()
    except OSError as error:
        raise InputError(f"recipe {name}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"recipe {name}: not a text file in UTF-8") from error


def _tables(name: str) -> dict[str, Any]:
    try:
        return msgspec.toml.decode(recipe_text(name), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InputError(f"recipe {name}: {error}") from error


def load_recipe(name: str, *, seed: int | None = None, epochs: int | None = None) -> Recipe:
    """Load a recipe, with what the command line overrides.

    A recipe that is ``like`` another has that one's tables and keys where it has none of its own.

    Parameters
    ----------
    name : str
        As for :func:`recipe_text`.
    seed, epochs : int, optional
        In place of the recipe's own.

    Raises
    ------
    InputError
        If it is missing, no TOML, or has a key or value that no recipe has.
    """
    tables = _tables(name)
    if "like" in tables:
        tables = _tables(str(tables.pop("like"))) | tables
    try:
        recipe = msgspec.convert(tables, Recipe)
    except ValueError as error:
        raise InputError(f"recipe {name}: {error}") from error
    overrides = {"seed": seed, "epochs": epochs}
    given = {key: value for key, value in overrides.items() if value is not None}
    return msgspec.structs.replace(recipe, **given)
