"""Parity check: the exported files must give the same labels as the Keras model."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from emotiond.errors import EmotiondError
from emotiond.model.output import softmax
from emotiond.model.runtime import load_quietly
from emotiond_export.training_run import Run

ALLOWED: Final = {"float32": 0.01, "int8": 0.03}
"""Largest share of clips, 0 to 1, whose label may differ from the Keras model's."""


def keras_labels(run: Run) -> Any:
    """Return the label number that the Keras model gives each parity clip [shape=(clips,)].

    The probabilities of a clip are the mean over its windows.
    """
    clips, windows, *shape = run.parity.shape
    features = run.description.normalisation(run.parity.reshape(-1, *shape))
    probabilities = run.model.predict(features, verbose=0)
    return probabilities.reshape(clips, windows, -1).mean(axis=1).argmax(axis=1)


def file_labels(path: Path, run: Run) -> Any:
    """Return the label number that a model file gives each parity clip [shape=(clips,)].

    The file runs in the same runtime as in the daemon.
    """
    classifier = load_quietly(path)
    # No temperature: the Keras model has none either.
    probabilities = [[softmax(classifier.run(each).logits) for each in clip] for clip in run.parity]
    return np.mean(probabilities, axis=1).argmax(axis=1)


def check_parity(kind: str, expected: Any, actual: Any) -> float:
    """Compare a model file's labels with the Keras model's.

    Parameters
    ----------
    kind : {"float32", "int8"}
        Kind of the file.
    expected : np.ndarray [shape=(clips,)]
        Label numbers from the Keras model.
    actual : np.ndarray [shape=(clips,)]
        Label numbers from the file.

    Returns
    -------
    float
        Share of the clips whose labels differ, 0 to 1.

    Raises
    ------
    EmotiondError
        If that share is larger than :data:`ALLOWED`.
    """
    share = float(np.mean(expected != actual))
    if share > ALLOWED[kind]:
        raise EmotiondError(
            f"export failed: the {kind} file disagrees with the Keras model on {share:.1%} of "
            f"{len(expected)} clips, more than the {ALLOWED[kind]:.0%} allowed"
        )
    return share
