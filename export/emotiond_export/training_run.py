"""A finished training run: the model, its description and some windows, but no recordings."""

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

Quantisation = Literal["int8", "dynamic"]
"""How the small file of a run is quantised: int8 throughout, or int8 weights and float32 values."""
EMBEDDING: Final = "embedding"
"""Name of the layer whose output is the embedding [shape=(batch, size)], if a model has one."""

Features = NDArray[np.float32]
"""MFCCs (dB) or normalised MFCCs, [shape=(..., frames, n_mfcc)]."""


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Content of ``run.json``: the fields of the contract, and the origin of the parity clips.

    Parameters
    ----------
    labels : tuple of str
        Labels in the order of the network's outputs.
    mfcc : MfccConfig
        Parameters of the features.
    window_frames : int
        Frames of one window, the input of the network.
    normalisation : Normalisation
        Normalisation of the features, from the training windows.
    temperature : float
        Calibration: the logits are divided by it before the softmax; above 0.
    abstain_below : float
        Threshold: a result with a lower confidence is ``uncertain``; 0 to 1.
    trained_on : tuple of str
        Names of the corpora.
    opens_for : {"speech", "sound"}
        What opens the daemon's gate: a voice, or any sound that stands out of the room's noise.
    parity_on : {"held-out", "training"}
        Whether the parity clips were held out or trained on.
    quantisation : {"int8", "dynamic"}
        Kind of the file beside the float32 one: int8 throughout, or dynamic-range: int8 weights,
        float32 input, outputs and activations, which needs LiteRT.
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
    quantisation: Quantisation = "int8"


class Run(NamedTuple):
    """A finished training run.

    Parameters
    ----------
    model : keras.Model
        Input: normalised features. Output: probabilities; the output of its layer "embedding", if
        it has one, is the embedding.
    description : Description
        Description of the model.
    representative : np.ndarray [shape=(windows, window_frames, n_mfcc), dtype=float32]
        MFCCs (dB) of training windows, on which the ranges of int8 are found.
    parity : np.ndarray [shape=(clips, windows, window_frames, n_mfcc), dtype=float32]
        MFCCs (dB) of windows of some clips, for the parity check of the exported files.
    """

    model: Any
    description: Description
    representative: Features
    parity: Features


def has_embedding(model: Any) -> bool:
    """Return whether a Keras model has a layer whose output is the embedding."""
    return any(layer.name == EMBEDDING for layer in model.layers)


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
        If a file of the run is missing or damaged.
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
        raise InputError(f"{folder / MODEL}: damaged, or not a Keras model") from error
    return Run(model, description, representative, parity)
