"""The contract: all that the daemon must know about a model. It is part of the model file."""

from functools import cached_property
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from emotiond.features.mfcc import Frames, MfccConfig
from emotiond.values import OpensFor, Probability

CONTRACT_VERSION: Final = 2
"""The contract version that is written; version 1 is still read."""
NO_SPEECH: Final = "no_speech"
"""The label of windows in which nobody speaks; a model may have it, but no record names it."""
OTHER: Final = "none_of_these"
"""The label of sounds that are none of those taught; a head may have it, but no record names it."""


class Normalisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Normalisation of the features: ``(frames - mean) / std`` for each coefficient.

    Parameters
    ----------
    mean : tuple of float
        Mean of each coefficient (dB).
    std : tuple of float
        Standard deviation of each coefficient (dB), above 0.
    level : {"absolute", "loudest"}
        Reference of the first coefficient, the level: full scale, or the loudest frame of the
        window, so that the gain of a microphone does not matter.
    limit : float or None
        Range of normalised coefficients, above 0: what is outside +-limit is clipped to it, since
        int8 has to hold the range. None: no limit.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    level: Literal["absolute", "loudest"] = "absolute"
    limit: Annotated[float, msgspec.Meta(gt=0.0)] | None = None

    def __call__(self, frames: Frames) -> Frames:
        """Return normalised features, the input of the network.

        Parameters
        ----------
        frames : np.ndarray [shape=(..., frames, n_mfcc)]
            MFCCs (dB); left unchanged.

        Returns
        -------
        np.ndarray [shape=(..., frames, n_mfcc), dtype=float32]
        """
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


class Outputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of the network's outputs, in the signature of its flatbuffer.

    Parameters
    ----------
    logits : str
        Output with the logits [shape=(1, labels)].
    embedding : str or None
        Output with the embedding [shape=(1, embedding_size)]; None if the network has none.
    """

    logits: str
    embedding: str | None = None


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the daemon must know about a model.

    Parameters
    ----------
    version : int
        Version of the contract.
    labels : tuple of str
        Labels in the order of the logits; at least two.
    mfcc : MfccConfig
        Parameters of the features.
    window_frames : int
        Frames of one window, the input of the network; at least 1.
    normalisation : Normalisation
        Normalisation of the features.
    temperature : float
        Calibration: the logits are divided by it before the softmax; above 0.
    abstain_below : float
        Threshold: a result with a lower confidence is ``uncertain``; 0 to 1.
    trained_on : tuple of str
        Names of the corpora.
    opens_for : {"speech", "sound"}
        What opens the gate: a voice, or any sound that stands out of the room's noise.
    outputs : Outputs or None
        Names of the network's outputs; None if its only output is the logits.
    embedding_size : int or None
        Numbers of the embedding, at least 1; None if the network has none.
    sha256 : str
        SHA-256 of the flatbuffer and this contract, in hexadecimal;
        :func:`emotiond.model.file.write_model` sets it.

    Raises
    ------
    ValueError
        If a label occurs twice, if the normalisation does not fit the coefficients, or if an
        embedding has a name and no size, a size and no name, or the name of the logits.
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
    outputs: Outputs | None = None
    embedding_size: Annotated[int, msgspec.Meta(ge=1)] | None = None
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
        embedding = None if self.outputs is None else self.outputs.embedding
        if (embedding is None) != (self.embedding_size is None):
            raise ValueError("outputs.embedding and embedding_size need each other")
        if self.outputs is not None and embedding == self.outputs.logits:
            raise ValueError("logits and embedding have the same name")

    @property
    def reported(self) -> tuple[str, ...]:
        """Labels that a record may name: all but ``no_speech`` and ``none_of_these``."""
        return tuple(label for label in self.labels if label not in (NO_SPEECH, OTHER))

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
        """First eight digits of the hash: the model's name in records."""
        return self.sha256[:8]
