"""Fitting: training windows in, a network out; the same seed gives the same network."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import numpy as np

from emotiond.model.contract import Normalisation
from emotiond_export.training_run import Description, Run
from emotiond_training.augmentation.mixture import Mixture
from emotiond_training.corpora.clips import Clip, opens_for
from emotiond_training.fitting.descent import Batch, History, descend, descend_on_batches, seeded
from emotiond_training.fitting.frozen import fit_classifier
from emotiond_training.fitting.materials import Materials
from emotiond_training.fitting.prepare import Prepared
from emotiond_training.fitting.statistics import trunk_of
from emotiond_training.fitting.windows import Windows, normalisation_of
from emotiond_training.networks import build
from emotiond_training.networks.perceptron import Perceptron, with_classifier
from emotiond_training.networks.whisper import NORMALISATION, Whisper
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe

REPRESENTATIVE_WINDOWS: Final = 500
"""Most training windows that a run keeps; the ranges of int8 are found on them."""
PARITY_CLIPS: Final = 1000
"""Most clips on which the exported files are compared with the Keras model."""
PARITY_WINDOWS: Final = 2
"""Most windows of each of those clips; a single one may contain little speech."""


class Fitted(NamedTuple):
    """A trained network.

    Parameters
    ----------
    model : keras.Model
        Input: normalised features. Output: probabilities.
    normalisation : Normalisation
        Normalisation of the features, from the training windows.
    history : dict of str to list of float
        ``loss`` and ``accuracy`` of each epoch; of held-out windows, ``val_loss`` and
        ``val_accuracy``. Of the network ``whisper``, those of its classifier.
    classifier : Perceptron or None
        Classifier of the network ``whisper``; None for other networks.
    """

    model: Any
    normalisation: Normalisation
    history: History
    classifier: Perceptron | None = None


def fit(recipe: Recipe, prepared: Prepared, materials: Materials, reporter: Reporter) -> Fitted:
    """Train a recipe's network; of the network ``whisper``, the classifier behind a fixed trunk.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    prepared : Prepared
        Training data and held-out windows.
    materials : Materials
        Weights of the trunk, for the network ``whisper``.
    reporter : Reporter
        Shows each epoch.

    Raises
    ------
    EmotiondError
        If training diverges.
    """
    import keras

    labels, windows, held_out, mixture, examples = prepared
    network = recipe.network
    if isinstance(network, Whisper):
        if examples is None:
            raise TypeError("no examples were prepared for the network whisper")
        reporter.say(f"fitting the classifier on {len(examples.labels)} windows")
        classifier, history = fit_classifier(examples, recipe, reporter)
        model = with_classifier(trunk_of(recipe, materials), classifier)
        return Fitted(model, NORMALISATION, history, classifier)

    def batch_of(each: Windows) -> Batch:
        return normalisation(each.features), keras.utils.to_categorical(each.labels, len(labels))

    if mixture is None:
        features = windows.features
    else:
        features, _ = mixture.batch(REPRESENTATIVE_WINDOWS)
    normalisation = normalisation_of(features, recipe.features)
    frames = windows.features.shape[1]
    model = seeded(recipe, lambda: build(network, frames, normalisation, len(labels)))
    validation = None if held_out is None else batch_of(held_out)
    if mixture is None:
        history = descend(model, recipe, batch_of(windows), reporter, validation=validation)
    else:
        batches = _batches(mixture, normalisation, recipe)
        history = descend_on_batches(model, recipe, batches, reporter, validation)
    return Fitted(model, normalisation, history)


def _batches(mixture: Mixture, normalisation: Normalisation, recipe: Recipe) -> Iterator[Batch]:
    """Yield batches in a fixed order; each is drawn in a thread while the last one trains."""

    def draw() -> Batch:
        features, shares = mixture.batch(recipe.batch)
        return normalisation(features), shares

    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(draw)
        while True:
            batch = coming.result()
            coming = thread.submit(draw)
            yield batch


def run_of(recipe: Recipe, prepared: Prepared, fitted: Fitted, clips: Sequence[Clip]) -> Run:
    """Return a finished run: all that export needs.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    prepared : Prepared
        The training data. The ranges of int8 come from a sample of the training windows. The
        parity check uses held-out windows; without any, training windows.
    fitted : Fitted
        The trained network.
    clips : sequence of Clip
        Recordings of all corpora that it was trained on. The model waits for voices if all are.
    """
    labels, windows, held_out = prepared[:3]
    parity = windows if held_out is None else held_out
    random = np.random.default_rng(recipe.seed)
    count = min(REPRESENTATIVE_WINDOWS, len(windows.labels))
    chosen = random.choice(len(windows.labels), count, replace=False)
    shuffled = random.permutation(len(parity.clips))
    by_clip = shuffled[np.argsort(parity.clips[shuffled], kind="stable")]
    _, first, counts = np.unique(parity.clips[by_clip], return_index=True, return_counts=True)
    some_each = by_clip[first[:, None] + np.arange(min(PARITY_WINDOWS, int(counts.min())))]
    return Run(
        model=fitted.model,
        description=Description(
            labels=labels,
            mfcc=recipe.features.mfcc,
            window_frames=recipe.features.window_frames,
            normalisation=fitted.normalisation,
            # A calibration on speakers outside the training replaces it.
            temperature=1.0,
            abstain_below=recipe.abstain_below,
            trained_on=tuple(sorted({clip.corpus for clip in clips})),
            opens_for=opens_for(clips),
            parity_on="training" if held_out is None else "held-out",
            quantisation=recipe.quantisation,
        ),
        representative=windows.features[np.sort(chosen)],
        parity=parity.features[random.permutation(some_each)[:PARITY_CLIPS]],
    )
