"""Recipes: all settings that decide a training, as data in a TOML file."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from emotiond.errors import InputError, reason
from emotiond.features.mfcc import MfccConfig
from emotiond.values import Probability
from emotiond_export.training_run import Quantisation
from emotiond_training.augmentation.mixture import MixtureSettings
from emotiond_training.augmentation.scenes import SceneSettings
from emotiond_training.augmentation.waveform import AugmentationSettings
from emotiond_training.networks import SPECTRAL, Network
from emotiond_training.networks.perceptron import PerceptronSettings
from emotiond_training.networks.whisper import LONGEST, WHISPER, Whisper
from emotiond_training.ranges import Decibels, check_finite, check_ranges

Positive = Annotated[int, msgspec.Meta(ge=1)]
Repeats = Annotated[int, msgspec.Meta(ge=1, le=1000)]
OpenShare = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
"""A share that is neither none nor all."""

LONGEST_WINDOW: Final = 60.0
"""Longest window of a network (s)."""
SAMPLE_RATES: Final = (1000, 192_000)
"""Lowest and highest sample rate of the features (Hz)."""
MOST_BANDS: Final = 1000
"""Most mel bands of the features."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a recipe."""


class Features(_Section, frozen=True):
    """Input of the network.

    Parameters
    ----------
    mfcc : MfccConfig
        Parameters of the features.
    window_frames : int
        Frames in one window, which lasts at most a minute.
    level : {"absolute", "loudest"}
        Reference of the level, as in a contract's normalisation; default "absolute".
    limit : float or None
        Limit of normalised coefficients, as in a contract's normalisation; default none.
    """

    mfcc: MfccConfig
    window_frames: Positive
    level: Literal["absolute", "loudest"] = "absolute"
    limit: Annotated[float, msgspec.Meta(gt=0.0)] | None = None

    def __post_init__(self) -> None:
        lowest, highest = SAMPLE_RATES
        if not lowest <= self.mfcc.sample_rate <= highest:
            raise ValueError(f"sample_rate must be from {lowest} to {highest} Hz")
        if self.mfcc.n_mels > MOST_BANDS:
            raise ValueError(f"n_mels must be at most {MOST_BANDS}")
        seconds = self.mfcc.samples(self.window_frames) / self.mfcc.sample_rate
        if seconds > LONGEST_WINDOW:
            raise ValueError(
                f"window_frames makes windows of {seconds:.0f} s; at most {LONGEST_WINDOW:.0f} s"
            )


class WindowSettings(_Section, frozen=True):
    """Windows that are cut from clips.

    Each copy of a clip has its own gain, noise and place on the frame grid.

    Parameters
    ----------
    copies : int
        Copies of each clip.
    windows : int
        Windows that are cut from each copy, for each begun length of a window.
    gain_db : tuple of float
        Lowest and highest gain of a copy (dB); default 0 and 0.
    noise_db : tuple of float
        Lowest and highest level of the noise under a copy (dBFS); default -80 and -50.
    noiseless : float
        Share of the copies without noise; default 0.5.
    """

    copies: Repeats
    windows: Repeats
    gain_db: tuple[Decibels, Decibels] = (0.0, 0.0)
    noise_db: tuple[Decibels, Decibels] = (-80.0, -50.0)
    noiseless: Probability = 0.5

    def __post_init__(self) -> None:
        check_ranges(self, "gain_db", "noise_db")


class Optimiser(_Section, frozen=True):
    """Settings of the optimiser.

    Parameters
    ----------
    name : {"adam", "adamw"}
        Method.
    learning_rate : float
        Highest learning rate, over 0.
    schedule : {"constant", "cosine"}
        Whether the rate stays or falls to zero along a cosine; default "constant".
    warmup : int
        Steps in which the rate of a cosine first rises from zero; default 0.
    weight_decay : float
        Weight decay of adamw, for all but biases and normalisations; default 0.
    average : float
        Momentum of the moving average of the weights (Polyak averaging), which is kept in place
        of the last weights; 0, the default, keeps the last ones.
    label_smoothing : float
        Share of a window's label that is spread evenly over all labels; default 0.
    """

    name: Literal["adam", "adamw"]
    learning_rate: Annotated[float, msgspec.Meta(gt=0.0)]
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: Annotated[int, msgspec.Meta(ge=0)] = 0
    weight_decay: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    average: OpenShare | Literal[0] = 0
    label_smoothing: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)] = 0.0


class Recipe(_Section, frozen=True, kw_only=True):
    """A whole recipe.

    Parameters
    ----------
    seed : int
        Seed of everything random.
    holdout : float
        Share of the clips that is kept out of training to measure with.
    epochs : int
        Times each window is trained on; for a mixture, times 250 batches.
    batch : int
        Windows in one step.
    abstain_below : float
        Confidence below which the model is uncertain.
    precision : float
        Wanted share of right labels among those of at least that confidence, for an evaluation,
        which finds a better one; default 0.8.
    features : Features
        Input of the network.
    windows : WindowSettings
        Windows to train on; with a mixture, windows to measure with.
    network : Network
        Network and its settings.
    classifier : PerceptronSettings
        Classifier of the network ``whisper``, which alone is trained.
    optimiser : Optimiser
        Settings of the optimiser.
    mixture : MixtureSettings, optional
        Train on batches that are drawn from all corpora instead.
    augmentation : AugmentationSettings
        Augmentation of the copies that a mixture draws from, and of the voices in scenes.
    scenes : SceneSettings
        Windows that the classifier of the network ``whisper`` is trained on.
    quantisation : {"int8", "dynamic"}
        Kind of the exported file beside the float32 one: int8 throughout, or int8 weights only.

    Raises
    ------
    ValueError
        If the parts don't fit together.
    """

    seed: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    holdout: OpenShare
    epochs: Positive = 1
    batch: Annotated[int, msgspec.Meta(ge=1, le=65_536)] = 32
    abstain_below: Probability
    precision: OpenShare = 0.8
    features: Features
    windows: WindowSettings
    network: Network | Whisper
    classifier: PerceptronSettings = PerceptronSettings()
    optimiser: Optimiser = Optimiser(name="adam", learning_rate=0.001)
    mixture: MixtureSettings | None = None
    augmentation: AugmentationSettings = AugmentationSettings()
    scenes: SceneSettings = SceneSettings()
    quantisation: Quantisation = "int8"

    @property
    def frozen(self) -> bool:
        """Whether the network stands on layers that stay as they are: the network ``whisper``."""
        return isinstance(self.network, Whisper)

    @property
    def whisper(self) -> Whisper:
        """Settings of the network ``whisper``; TypeError for a recipe of another network."""
        if not isinstance(self.network, Whisper):
            raise TypeError("this recipe has another network than whisper")
        return self.network

    def __post_init__(self) -> None:
        mfcc, mixture = self.features.mfcc, self.mixture
        if self.frozen:
            self._check_whisper()
        whole = mixture is not None or isinstance(self.network, SPECTRAL)
        if whole and mfcc.n_mfcc != mfcc.n_mels:
            raise ValueError(
                "n_mfcc must be n_mels for a mixture and for networks over the spectrum"
            )
        if mixture is not None and min(self.features.window_frames, mfcc.n_mels) < 2:
            raise ValueError("a mixture needs at least 2 frames in a window and 2 mel bands")
        if mixture is not None and mixture.mixup > 0.0 and self.features.level != "loudest":
            raise ValueError(
                "mixup blends windows whose loudest frames are equally loud; "
                'set level = "loudest" in [features], or mixup = 0 in [mixture]'
            )

    def _check_whisper(self) -> None:
        features = self.features
        if features.mfcc != WHISPER or features.level != "loudest" or features.limit is not None:
            raise ValueError(
                'the network whisper needs Whisper\'s spectrum: in [features] level = "loudest" '
                "and no limit, in [features.mfcc] sample_rate = 16000, frame_length = 400, "
                "hop_length = 160, n_mels = n_mfcc = 80, fmin = 0 and fmax = 8000"
            )
        if features.window_frames % 2 or not 2 <= features.window_frames <= LONGEST:
            raise ValueError(f"the network whisper needs an even window_frames, 2 to {LONGEST}")
        if self.mixture is not None:
            raise ValueError("the network whisper is trained on scenes, not on a mixture")


def recipe_text(name: str) -> str:
    """Return the text of a recipe.

    Parameters
    ----------
    name : str
        Name of a built-in recipe, or path of a ``.toml`` file.

    Raises
    ------
    InputError
        If there is no recipe of that name or path.
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
    """Load a recipe.

    A recipe that is ``like`` another takes the tables and keys that it lacks from that one.

    Parameters
    ----------
    name : str
        Name or path of the recipe, as for :func:`recipe_text`.
    seed, epochs : int, optional
        Values that replace the recipe's own.

    Raises
    ------
    InputError
        If it is missing or not TOML, or if a key or a value is wrong.
    """
    tables = _tables(name)
    if "like" in tables:
        tables = _tables(str(tables.pop("like"))) | tables
    try:
        check_finite(tables)
        recipe = msgspec.convert(tables, Recipe)
    except ValueError as error:
        raise InputError(f"recipe {name}: {error}") from error
    overrides = {"seed": seed, "epochs": epochs}
    given = {key: value for key, value in overrides.items() if value is not None}
    return msgspec.structs.replace(recipe, **given)
