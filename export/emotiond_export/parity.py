"""Parity check: the exported files must give what the Keras model gives, labels and embeddings."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from emotiond.errors import EmotiondError
from emotiond.model.output import softmax
from emotiond.model.runtime import load_quietly
from emotiond_export.training_run import EMBEDDING, Run, has_embedding

ALLOWED: Final = {"float32": 0.01, "int8": 0.03, "dynamic": 0.03}
"""Largest share of clips, 0 to 1, whose label may differ from the Keras model's."""
LEAST_LEAD: Final = 0.05
"""Lead (probability) of the Keras model's label from which on it must be the file's label, too.

Between two labels that are as good as equal, rounding decides.
"""
LEAST_COSINE: Final = 0.98
"""Least mean cosine between a file's standardised embeddings and the Keras model's."""


class Results(NamedTuple):
    """Results of a model for the parity clips.

    Parameters
    ----------
    labels : np.ndarray [shape=(clips,)]
        Label number of each clip, by the mean of the probabilities of its windows.
    leads : np.ndarray [shape=(clips,)]
        Lead of each clip's label before the next one, 0 to 1.
    embeddings : np.ndarray [shape=(windows, size)] or None
        Embedding of each window of all clips; None if the network has none.
    """

    labels: Any
    leads: Any
    embeddings: Any


def keras_results(run: Run) -> Results:
    """Return what the Keras model gives for the parity clips."""
    import keras

    outputs = {"probabilities": run.model.outputs[0]}
    if has_embedding(run.model):
        outputs[EMBEDDING] = run.model.get_layer(EMBEDDING).output
    clips, windows, *shape = run.parity.shape
    features = run.description.normalisation(run.parity.reshape(-1, *shape))
    found = keras.Model(run.model.inputs, outputs).predict(features, verbose=0)
    probabilities = found["probabilities"].reshape(clips, windows, -1)
    return _results(probabilities, found.get(EMBEDDING))


def file_results(path: Path, run: Run) -> Results:
    """Return what a model file gives for the parity clips, in the same runtime as in the daemon."""
    classifier = load_quietly(path)
    outputs = [[classifier.run(each) for each in clip] for clip in run.parity]
    # No temperature: the Keras model has none either.
    probabilities = softmax(np.array([[each.logits for each in clip] for clip in outputs]))
    embeddings = None
    if classifier.contract.embedding_size is not None:
        embeddings = np.array([each.embedding for clip in outputs for each in clip])
    return _results(probabilities, embeddings)


def _results(probabilities: Any, embeddings: Any) -> Results:
    """Return the results for probabilities of windows [shape=(clips, windows, labels)]."""
    means = probabilities.mean(axis=1)
    *_, second, first = np.sort(means, axis=1).T
    return Results(means.argmax(axis=1), first - second, embeddings)


def check_labels(kind: str, expected: Any, actual: Any) -> float:
    """Compare a model file's labels with the Keras model's.

    Parameters
    ----------
    kind : {"float32", "int8", "dynamic"}
        Kind of the file.
    expected : np.ndarray [shape=(clips,)]
        Label numbers from the Keras model, of clips with a lead.
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
    share = float(np.mean(expected != actual)) if len(expected) else 0.0
    if share > ALLOWED[kind]:
        raise EmotiondError(
            f"export failed: the {kind} file disagrees with the Keras model on {share:.1%} of "
            f"{len(expected)} clips, more than the {ALLOWED[kind]:.0%} allowed"
        )
    return share


def check_embeddings(kind: str, expected: Any, actual: Any) -> float:
    """Compare a model file's embeddings with the Keras model's.

    Both are standardised: less the Keras model's mean over the windows, divided by its deviation.
    What all windows share would otherwise hide what tells them apart.

    Parameters
    ----------
    kind : {"float32", "int8", "dynamic"}
        Kind of the file.
    expected : np.ndarray [shape=(windows, size)]
        Embeddings from the Keras model.
    actual : np.ndarray [shape=(windows, size)]
        Embeddings from the file.

    Returns
    -------
    float
        Mean cosine over the windows, -1 to 1.

    Raises
    ------
    EmotiondError
        If it is less than :data:`LEAST_COSINE`.
    """
    deviation = expected.std(axis=0)
    varied = deviation > 0.0  # a number that is the same for all windows tells nothing apart
    if not varied.any():
        raise EmotiondError("export failed: the embedding is the same for all parity windows")
    one, other = (
        (each[:, varied] - expected[:, varied].mean(axis=0)) / deviation[varied]
        for each in (expected, actual)
    )
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosine = float(np.mean((one * other).sum(axis=1) / np.maximum(lengths, 1e-12)))
    if cosine < LEAST_COSINE:
        raise EmotiondError(
            f"export failed: the {kind} file's embeddings have a mean cosine of {cosine:.3f} with "
            f"the Keras model's, less than the {LEAST_COSINE} required"
        )
    return cosine
