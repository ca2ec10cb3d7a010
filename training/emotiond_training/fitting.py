"""Fitting: from training windows to a network, the same one each time for the same seed."""

import math
from typing import Any, Final, NamedTuple

import numpy as np

from emotiond.modelfile import Normalisation
from emotiond_export.run import Description, Run
from emotiond_training.networks import build
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.windows import Windows, normalisation_of

REPRESENTATIVE: Final = 500
"""Most training windows that are kept to find the ranges of int8 by."""
PARITY: Final = 1000
"""Most clips that the exported files are compared on."""


class Fitted(NamedTuple):
    """A trained network.

    Parameters
    ----------
    model : keras.Model
        From normalised features to probabilities.
    normalisation : Normalisation
        Of the training windows.
    history : dict of str to list of float
        Loss and accuracy of each epoch; ``val_`` for the held-out windows.
    """

    model: Any
    normalisation: Normalisation
    history: dict[str, list[float]]


def fit(
    recipe: Recipe, labels: int, windows: Windows, held_out: Windows | None, reporter: Reporter
) -> Fitted:
    """Train a recipe's network.

    Parameters
    ----------
    recipe : Recipe
        What to train, and how.
    labels : int
        How many there are.
    windows : Windows
        To train on; nothing else decides a weight.
    held_out : Windows or None
        To draw learning curves of.
    reporter : Reporter
        Told of each epoch.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    _, frames, coefficients = windows.features.shape
    model = build(recipe.network, frames, coefficients, labels)
    model.compile(
        optimizer=keras.optimizers.Adam(_learning_rate(recipe, len(windows.labels))),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    normalisation = normalisation_of(windows.features)

    def pair(of: Windows) -> tuple[Any, Any]:
        return normalisation(of.features), keras.utils.to_categorical(of.labels, labels)

    features, one_hot = pair(windows)
    with reporter.training(recipe.epochs) as callback:
        fitted = model.fit(
            features,
            one_hot,
            batch_size=recipe.batch,
            epochs=recipe.epochs,
            validation_data=None if held_out is None else pair(held_out),
            callbacks=[callback],
            verbose=0,
        )
    history = {key: [float(value) for value in row] for key, row in fitted.history.items()}
    return Fitted(model, normalisation, history)


def _learning_rate(recipe: Recipe, windows: int) -> Any:
    """Return the learning rate, or its Keras schedule over all steps of a training."""
    import keras

    rate = recipe.optimiser.learning_rate
    if recipe.optimiser.schedule == "constant":
        return rate
    steps = recipe.epochs * math.ceil(windows / recipe.batch)
    return keras.optimizers.schedules.CosineDecay(rate, steps)


def run_of(
    recipe: Recipe,
    labels: tuple[str, ...],
    trained_on: tuple[str, ...],
    fitted: Fitted,
    windows: Windows,
    held_out: Windows | None,
) -> Run:
    """Put together what export needs.

    Parameters
    ----------
    recipe : Recipe
        As trained.
    labels : tuple of str
        In the order of the network's outputs.
    trained_on : tuple of str
        The corpora.
    fitted : Fitted
        The network.
    windows : Windows
        It was trained on; ranges of int8 come from a sample of them.
    held_out : Windows or None
        For the parity check: one window of each clip. Training windows where there are none.
    """
    parity = windows if held_out is None else held_out
    random = np.random.default_rng(recipe.seed)
    count = min(REPRESENTATIVE, len(windows.labels))
    chosen = random.choice(len(windows.labels), count, replace=False)
    shuffled = random.permutation(len(parity.clips))
    _, first = np.unique(parity.clips[shuffled], return_index=True)
    one_each = random.permutation(shuffled[first])[:PARITY]
    return Run(
        model=fitted.model,
        description=Description(
            labels=labels,
            mfcc=recipe.features.mfcc,
            window_frames=recipe.features.window_frames,
            normalisation=fitted.normalisation,
            # Until it is fitted on speakers that training has not seen.
            temperature=1.0,
            abstain_below=recipe.abstain_below,
            trained_on=trained_on,
            parity_on="training" if held_out is None else "held-out",
        ),
        representative=windows.features[np.sort(chosen)],
        parity=parity.features[one_each],
    )
