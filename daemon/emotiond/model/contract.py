"""The contract: all that the daemon must know of a model, carried inside its file."""

from functools import cached_property
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from emotiond.features.mfcc import Frames, MfccConfig
from emotiond.values import OpensFor, Probability

CONTRACT_VERSION: Final = 1
NO_SPEECH: Final = "no_speech"
"""The label by which a model itself says that nobody speaks; never reported as a label."""


class Normalisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """What is taken from each coefficient, and by what it is then divided.

    Parameters
    ----------
    mean, std : tuple of float
        One number (dB) for each coefficient.
    level : {"absolute", "loudest"}
        What the first coefficient, the level, is measured from: full scale, or the loudest frame of
        the window, so that it does not matter how loud a microphone is.
    limit : float or None
        Normalised coefficients beyond it, either way, are cut to it: the range that int8 has to
        hold.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    level: Literal["absolute", "loudest"] = "absolute"
    limit: Annotated[float, msgspec.Meta(gt=0.0)] | None = None

    def __call__(self, frames: Frames) -> Frames:
        """Return MFCCs [shape=(..., frames, n_mfcc)] (dB) as the network gets them."""
        normalised = np.array(frames, np.float32)
        if self.level == "loudest":
            normalised[..., 0] -= normalised[..., 0].max(axis=-1, keepdims=True)
        mean, std = self._rows
        normalised -= mean
        normalised /= std
        if self.limit is not None:
            np.clip(normalised, -self.limit, self.limit, out=normalised)
        return normalised

    @cached_property
    def _rows(self) -> tuple[Frames, Frames]:
        return np.array(self.mean, np.float32), np.array(self.std, np.float32)


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the daemon must know of a model.

    Parameters
    ----------
    version : int
        Version of this contract.
    labels : tuple of str
        In the order of the network's outputs, which are logits.
    mfcc : MfccConfig
        The features.
    window_frames : int
        Frames that one inference sees.
    normalisation : Normalisation
        Applied to the features before the network.
    temperature : float
        Logits are divided by it before the softmax (calibration).
    abstain_below : float
        A confidence below it is reported as uncertain.
    trained_on : tuple of str
        The corpora.
    opens_for : {"speech", "sound"}
        What there must be before the model is asked: a voice, or anything that stands out.
    sha256 : str
        Of the flatbuffer.
    """

    version: int
    labels: Annotated[tuple[str, ...], msgspec.Meta(min_length=2)]
    mfcc: MfccConfig
    window_frames: Annotated[int, msgspec.Meta(ge=1)]
    normalisation: Normalisation
    temperature: Annotated[float, msgspec.Meta(gt=0.0)]
    abstain_below: Probability
    trained_on: tuple[str, ...]
    opens_for: OpensFor = "speech"
    sha256: str = ""

    def __post_init__(self) -> None:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label occurs twice")
        for name in ("mean", "std"):
            numbers = getattr(self.normalisation, name)
            if len(numbers) != self.mfcc.n_mfcc:
                raise ValueError(
                    f"normalisation.{name} has {len(numbers)} numbers "
                    f"for {self.mfcc.n_mfcc} coefficients"
                )
        if min(self.normalisation.std) <= 0.0:
            raise ValueError("normalisation.std has a number that is not positive")

    @property
    def reported(self) -> tuple[str, ...]:
        """The labels that a record may name: all but :data:`NO_SPEECH`."""
        return tuple(label for label in self.labels if label != NO_SPEECH)

    @property
    def sample_rate(self) -> int:
        """Sample rate of the sound that the features are computed from (Hz)."""
        return self.mfcc.sample_rate

    @property
    def window_samples(self) -> int:
        """Samples that the frames of one window span."""
        return self.mfcc.samples(self.window_frames)

    @property
    def window_seconds(self) -> float:
        """Length of one window (s)."""
        return self.window_samples / self.sample_rate

    @property
    def short_hash(self) -> str:
        """The first eight digits of the hash: the model's name in records."""
        return self.sha256[:8]
