"""The model file: a TFLite flatbuffer with its contract, ``emotiond.json``, in a ZIP behind it.

A ZIP appended to the flatbuffer is TFLite's convention for associated files; runtimes ignore it.
The daemon takes every feature setting from the contract, so training and serving can't drift apart.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from emotiond.errors import ModelError, reason
from emotiond.features.mfcc import Frames, MfccConfig

CONTRACT_VERSION: Final = 1
CONTRACT_NAME: Final = "emotiond.json"
FLATBUFFER_IDENTIFIER: Final = b"TFL3"
"""Bytes 4 to 8 of every TFLite file."""

NO_SPEECH: Final = "no_speech"
"""The label by which a model itself says that nobody speaks; never reported as a label."""

OpensFor = Literal["speech", "sound"]
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


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
    def window_seconds(self) -> float:
        """Sound that one inference sees (s)."""
        return self.mfcc.samples(self.window_frames) / self.mfcc.sample_rate

    @property
    def short_hash(self) -> str:
        """The first eight digits of the hash: the model's name in records."""
        return self.sha256[:8]


def write_model(path: Path, flatbuffer: bytes, contract: Contract) -> Contract:
    """Write a model file.

    Parameters
    ----------
    path : Path
        Where to; replaced if it exists.
    flatbuffer : bytes
        A TFLite model.
    contract : Contract
        Its ``sha256`` is set here.

    Returns
    -------
    Contract
        As written.
    """
    contract = msgspec.structs.replace(contract, sha256=hashlib.sha256(flatbuffer).hexdigest())
    tail = io.BytesIO()
    with zipfile.ZipFile(tail, "w") as archive:
        # A fixed date, so that the same model makes the same file.
        entry = zipfile.ZipInfo(CONTRACT_NAME, date_time=(1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, msgspec.json.format(msgspec.json.encode(contract), indent=1))
    # Replaced in one step, so that nobody reads half of it.
    path = path.resolve()
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(flatbuffer + tail.getvalue())
    new.replace(path)
    return contract


def read_contract(path: Path) -> Contract:
    """Read and check the contract of a model file: :func:`read_model` without the network."""
    return read_model(path)[0]


def read_model(path: Path) -> tuple[Contract, bytes]:
    """Read and check a model file.

    Parameters
    ----------
    path : Path
        A file that :func:`write_model` wrote.

    Returns
    -------
    Contract
    bytes
        The flatbuffer.

    Raises
    ------
    ModelError
        If the file is missing, damaged, of another version, or no model of ours.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"model {path}: {reason(error)}") from error
    if content[4:8] != FLATBUFFER_IDENTIFIER:
        raise ModelError(f"model {path}: not a TFLite file")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            text = archive.read(CONTRACT_NAME)
            tail_start = min(entry.header_offset for entry in archive.infolist())
    except (
        zipfile.BadZipFile,
        KeyError,
        # What zipfile makes of a directory with a damaged offset, method or flag.
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
        zlib.error,
    ) as error:
        raise ModelError(
            f"model {path}: no {CONTRACT_NAME} inside (truncated, or not made by emotiond export)"
        ) from error
    contract = _decode(path, text)
    flatbuffer = content[:tail_start]
    if hashlib.sha256(flatbuffer).hexdigest() != contract.sha256:
        raise ModelError(f"model {path}: damaged (its SHA-256 is not the one in its contract)")
    if not _has_root(flatbuffer):
        raise ModelError(f"model {path}: not a TFLite file")
    return contract, flatbuffer


def check_shapes(
    path: Path, contract: Contract, inputs: Sequence[int], outputs: Sequence[int]
) -> None:
    """Raise ModelError if the network's tensor shapes disagree with its contract."""
    expected_input = [1, contract.window_frames, contract.mfcc.n_mfcc]
    expected_output = [1, len(contract.labels)]
    for name, expected, actual in (
        ("input", expected_input, list(inputs)),
        ("output", expected_output, list(outputs)),
    ):
        if expected != actual:
            raise ModelError(
                f"model {path}: its {name} has shape {actual}, its contract says {expected}"
            )


def _has_root(flatbuffer: bytes) -> bool:
    """Say whether a flatbuffer's root table and its vtable lie inside; a runtime may not look."""
    root = int.from_bytes(flatbuffer[:4], "little")
    vtable = root - int.from_bytes(flatbuffer[root : root + 4], "little", signed=True)
    size = int.from_bytes(flatbuffer[vtable : vtable + 2], "little")
    return vtable >= 0 and 4 <= size <= len(flatbuffer) - vtable


def _decode(path: Path, text: bytes) -> Contract:
    """Decode a contract, looking at its version first: other versions have other fields."""
    try:
        version = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("version")
        found = msgspec.json.decode(version) if version else None
        if found != CONTRACT_VERSION:
            raise ModelError(
                f"model {path}: contract version {found}, "
                f"this emotiond reads version {CONTRACT_VERSION}; "
                "use the emotiond that exported it, or export it again"
            )
        return msgspec.json.decode(text, type=Contract)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"model {path}: bad contract: {error}") from error
