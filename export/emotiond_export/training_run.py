"""A finished training run as export needs it: a model, its description, some windows; no corpus."""

import zipfile
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotiond.errors import InputError
from emotiond.features.mfcc import MfccConfig
from emotiond.model.contract import Normalisation
from emotiond.values import OpensFor
from emotiond_export.tensorflow import import_tensorflow

MODEL: Final = "model.keras"
DESCRIPTION: Final = "run.json"
WINDOWS: Final = "windows.npz"

Features = NDArray[np.float32]


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a contract will say, and where the windows of the parity check come from.

    Parameters
    ----------
    labels : tuple of str
        In the order of the network's outputs.
    mfcc : MfccConfig
        The features.
    window_frames : int
        Frames that one inference sees.
    normalisation : Normalisation
        Of the training windows.
    temperature : float
        Logits are divided by it before the softmax.
    abstain_below : float
        Confidence below which the model is uncertain.
    trained_on : tuple of str
        The corpora.
    opens_for : {"speech", "sound"}
        What there must be before the daemon asks the model.
    parity_on : {"held-out", "training"}
        Which clips the parity windows were cut from.
    """

    labels: tuple[str, ...]
    mfcc: MfccConfig
    window_frames: int
    normalisation: Normalisation
    temperature: float
    abstain_below: float
    trained_on: tuple[str, ...]
    opens_for: OpensFor
    parity_on: Literal["held-out", "training"]


class Run(NamedTuple):
    """A finished training run.

    Parameters
    ----------
    model : keras.Model
        From normalised features to probabilities.
    description : Description
        What it is.
    representative : np.ndarray [shape=(windows, window_frames, n_mfcc), dtype=float32]
        Training features (dB), to find the ranges of int8 by.
    parity : np.ndarray [shape=(clips, windows, window_frames, n_mfcc), dtype=float32]
        Features (dB) of some windows of each of some clips, to compare the exported files on.
    """

    model: Any
    description: Description
    representative: Features
    parity: Features


def write_run(folder: Path, run: Run) -> None:
    """Write a run to a folder, which must exist."""
    run.model.save(folder / MODEL)
    np.savez_compressed(folder / WINDOWS, representative=run.representative, parity=run.parity)
    text = msgspec.json.format(msgspec.json.encode(run.description), indent=1)
    (folder / DESCRIPTION).write_bytes(text)


def read_run(folder: Path) -> Run:
    """Read a run from its folder.

    Raises
    ------
    InputError
        If something is missing or damaged.
    """
    for name in (DESCRIPTION, WINDOWS, MODEL):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: no finished training run (it has no {name})")
    try:
        description = msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=Description)
        with np.load(folder / WINDOWS) as windows:
            representative, parity = windows["representative"], windows["parity"]
    except (msgspec.DecodeError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{folder}: damaged training run: {error}") from error
    import_tensorflow()
    import keras

    try:
        model = keras.saving.load_model(folder / MODEL, compile=False)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{folder / MODEL}: not a Keras model that can be read") from error
    return Run(model, description, representative, parity)
