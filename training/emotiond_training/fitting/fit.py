"""Fitting: training windows in, a network out; the same seed gives the same network."""

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np

from emotiond.errors import EmotiondError
from emotiond.model.contract import Normalisation
from emotiond_export.training_run import Description, Run
from emotiond_training.augmentation.mixture import Mixture
from emotiond_training.corpora.clips import Clip, opens_for
from emotiond_training.fitting.frozen import Regression, regression
from emotiond_training.fitting.materials import Materials
from emotiond_training.fitting.prepare import Prepared
from emotiond_training.fitting.statistics import trunk_of
from emotiond_training.fitting.windows import Windows, normalisation_of
from emotiond_training.networks import build
from emotiond_training.networks.classifier import with_classifier
from emotiond_training.networks.whisper import NORMALISATION, Whisper
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe

Batch = tuple[Any, Any]
"""Normalised features [shape=(batch, frames, n_mfcc)] and shares [shape=(batch, labels)]."""

REPRESENTATIVE_WINDOWS: Final = 500
"""Most training windows that a run keeps; the ranges of int8 are found on them."""
MIXTURE_STEPS: Final = 250
"""Batches of one epoch of a mixture."""
PARITY_CLIPS: Final = 1000
"""Most clips on which the exported files are compared with the Keras model."""
PARITY_WINDOWS: Final = 2
"""Most windows of each of those clips; a single one may contain little speech."""

DIVERGED: Final = "training diverged; lower learning_rate or weight_decay in [optimiser]"


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
        ``val_accuracy``. Empty for the network ``whisper``, which has no epochs.
    classifier : Regression or None
        Classifier of the network ``whisper``; None for other networks.
    """

    model: Any
    normalisation: Normalisation
    history: dict[str, list[float]]
    classifier: Regression | None = None


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
    import tensorflow as tf

    labels, windows, held_out, mixture, examples = prepared
    network = recipe.network
    if isinstance(network, Whisper):
        if examples is None:
            raise TypeError("no examples were prepared for the network whisper")
        reporter.say(f"fitting the classifier on {len(examples.labels)} windows")
        fitted = regression(examples, network.ridge)
        model = with_classifier(trunk_of(recipe, materials), *fitted)
        return Fitted(model, NORMALISATION, {}, fitted)
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()

    def batch_of(each: Windows) -> Batch:
        return normalisation(each.features), keras.utils.to_categorical(each.labels, len(labels))

    if mixture is None:
        normalisation = normalisation_of(windows.features, recipe.features)
        steps = math.ceil(len(windows.labels) / recipe.batch)
    else:
        drawn, _ = mixture.batch(REPRESENTATIVE_WINDOWS)
        normalisation = normalisation_of(drawn, recipe.features)
        steps = MIXTURE_STEPS
    with _seeds_of_layers(recipe.seed):
        model = build(network, windows.features.shape[1], normalisation, len(labels))
    smoothing = recipe.optimiser.label_smoothing
    model.compile(
        optimizer=_optimiser(recipe, steps, model),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=smoothing),
        metrics=["accuracy"],
    )
    validation = None if held_out is None else batch_of(held_out)
    diverged = keras.callbacks.LambdaCallback(on_epoch_end=_refuse_divergence)
    with reporter.training(recipe.epochs) as callback:
        if mixture is None:
            features, shares = batch_of(windows)
            recorded = model.fit(
                features,
                shares,
                batch_size=recipe.batch,
                epochs=recipe.epochs,
                validation_data=validation,
                callbacks=[callback, diverged],
                verbose=0,
            ).history
        else:
            recorded = _fit_batches(
                model,
                _batches(mixture, normalisation, recipe),
                recipe,
                validation,
                [callback, diverged],
            )
    if not all(np.isfinite(each).all() for each in model.get_weights()):
        raise EmotiondError(DIVERGED)
    history = {key: [float(value) for value in row] for key, row in recorded.items()}
    return Fitted(model, normalisation, history)


@contextmanager
def _seeds_of_layers(seed: int) -> Iterator[None]:
    """Let layers draw their seeds from a generator of their own.

    Keras draws them from that of the whole process. In a cluster's worker other threads draw from
    it, too, so a network would not always begin with the same weights.
    """
    before, random.randint = random.randint, random.Random(seed).randint  # noqa: S311
    try:
        yield
    finally:
        random.randint = before


def _fit_batches(
    model: Any,
    batches: Iterator[Batch],
    recipe: Recipe,
    validation: Batch | None,
    callbacks: Sequence[Any],
) -> dict[str, list[Any]]:
    """Train on batches as they are drawn, and return the history.

    Keras's own loop needs twice the processor time for a step if a generator feeds it. BLAS is
    limited to one thread: with more it spins between batches on cores that TensorFlow needs.
    """
    import keras
    from threadpoolctl import threadpool_limits

    told = keras.callbacks.CallbackList(
        [*callbacks], add_history=True, model=model, epochs=recipe.epochs, steps=MIXTURE_STEPS
    )
    told.on_train_begin()
    for epoch in range(recipe.epochs):
        told.on_epoch_begin(epoch)
        logs: dict[str, float] = defaultdict(float)
        with threadpool_limits(1, "blas"):
            for step, (features, shares) in enumerate(islice(batches, MIXTURE_STEPS)):
                model.reset_metrics()
                for key, value in model.train_on_batch(features, shares, return_dict=True).items():
                    logs[key] += float(value) / MIXTURE_STEPS
                told.on_train_batch_end(step)
        if validation is not None:
            held_out = model.evaluate(
                *validation, batch_size=recipe.batch, verbose=0, return_dict=True
            )
            logs |= {f"val_{key}": value for key, value in held_out.items()}
        told.on_epoch_end(epoch, logs)
    # Replace the weights by their moving average, if the recipe asks for one.
    model.optimizer.finalize_variable_values(model.trainable_variables)
    history: dict[str, list[Any]] = model.history.history
    return history


def _refuse_divergence(_: int, logs: dict[str, float]) -> None:
    """Stop a training whose loss is no longer a number."""
    if not all(map(math.isfinite, logs.values())):
        raise EmotiondError(DIVERGED)


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


def _optimiser(recipe: Recipe, steps: int, model: Any) -> Any:
    """Return a recipe's optimiser for a model; ``steps`` is the number of batches an epoch."""
    import keras

    settings = recipe.optimiser
    rate = settings.learning_rate
    if settings.schedule == "cosine":
        total = recipe.epochs * steps
        warmup = min(settings.warmup, total // 10)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate, total - warmup, warmup_target=rate, warmup_steps=warmup
        )
    average = {"use_ema": True, "ema_momentum": settings.average} if settings.average else {}
    if settings.name == "adam":
        return keras.optimizers.Adam(rate, **average)
    optimiser = keras.optimizers.AdamW(
        rate, weight_decay=settings.weight_decay, global_clipnorm=5.0, **average
    )
    undecayed = [each for each in model.trainable_variables if len(each.shape) < 2]
    optimiser.exclude_from_weight_decay(var_list=undecayed)
    return optimiser


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
