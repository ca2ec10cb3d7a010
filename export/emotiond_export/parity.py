"""The parity check: the exported files must say what the Keras model says."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from emotiond.errors import EmotiondError
from emotiond.model.runtime import load_quietly, softmax
from emotiond_export.training_run import Run

ALLOWED: Final = {"float32": 0.01, "int8": 0.03}
"""Largest share of clips whose label may differ from the Keras model's."""


def keras_labels(run: Run) -> Any:
    """Return the Keras model's label number of each parity clip [shape=(clips,)]."""
    clips, windows, *shape = run.parity.shape
    features = run.description.normalisation(run.parity.reshape(-1, *shape))
    said = run.model.predict(features, verbose=0)
    return said.reshape(clips, windows, -1).mean(axis=1).argmax(axis=1)


def file_labels(path: Path, run: Run) -> Any:
    """Return a model file's label numbers, run as the daemon runs it."""
    classifier = load_quietly(path)
    # Without the temperature, which the Keras model does not have.
    said = [[softmax(classifier.logits(frames)) for frames in clip] for clip in run.parity]
    return np.mean(said, axis=1).argmax(axis=1)


def check_parity(kind: str, expected: Any, actual: Any) -> float:
    """Compare a model file's labels with the Keras model's.

    Parameters
    ----------
    kind : {"float32", "int8"}
        Which file.
    expected, actual : np.ndarray [shape=(windows,)]
        Label numbers of the Keras model and of the file.

    Returns
    -------
    float
        Share that differs, 0 to 1.

    Raises
    ------
    EmotiondError
        If it is larger than allowed.
    """
    share = float(np.mean(expected != actual))
    if share > ALLOWED[kind]:
        raise EmotiondError(
            f"export failed: the {kind} file disagrees with the Keras model on {share:.1%} of "
            f"{len(expected)} clips, more than the {ALLOWED[kind]:.0%} allowed"
        )
    return share
