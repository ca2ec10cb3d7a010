"""Gradient descent: a Keras model and training data in, the same model trained."""

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

import numpy as np

from emotiond.errors import EmotiondError
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe

Batch = tuple[Any, Any]
"""Input of a model, and shares [shape=(batch, labels)]."""
History = dict[str, list[float]]
"""``loss`` and ``accuracy`` of each epoch; of held-out windows the same with ``val_`` before."""

MIXTURE_STEPS: Final = 250
"""Batches of one epoch of a mixture."""
DIVERGED: Final = "training diverged; lower learning_rate or weight_decay in [optimiser]"


def seeded(recipe: Recipe, build: Callable[[], Any]) -> Any:
    """Return what ``build`` returns, with the recipe's seed for all that is random in Keras."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    with _seeds_of_layers(recipe.seed):
        return build()


def descend(
    model: Any,
    recipe: Recipe,
    batch: Batch,
    reporter: Reporter,
    *,
    weights: Any = None,
    validation: Batch | None = None,
) -> History:
    """Train a model on windows, each once an epoch.

    Parameters
    ----------
    model : keras.Model
        The model; changed.
    recipe : Recipe
        Its epochs, batch and optimiser count.
    batch : Batch
        All windows.
    reporter : Reporter
        Shows each epoch.
    weights : np.ndarray [shape=(windows,)], optional
        Weight of each window; default 1.
    validation : Batch, optional
        Held-out windows.

    Raises
    ------
    EmotiondError
        If training diverges.
    """
    steps = math.ceil(len(batch[1]) / recipe.batch)
    with _training(model, recipe, steps, reporter) as callbacks:
        history = model.fit(
            *batch,
            sample_weight=weights,
            batch_size=recipe.batch,
            epochs=recipe.epochs,
            validation_data=validation,
            callbacks=callbacks,
            verbose=0,
        ).history
    return _checked(model, history)


def descend_on_batches(
    model: Any,
    recipe: Recipe,
    batches: Iterator[Batch],
    reporter: Reporter,
    validation: Batch | None = None,
) -> History:
    """Train a model on batches as they are drawn, :data:`MIXTURE_STEPS` an epoch.

    Keras's own loop needs twice the processor time for a step if a generator feeds it. BLAS is
    limited to one thread: with more it spins between batches on cores that TensorFlow needs.

    Parameters
    ----------
    model, recipe, reporter, validation
        As of :func:`descend`.
    batches : iterator of Batch
        The batches, without an end.

    Raises
    ------
    EmotiondError
        If training diverges.
    """
    import keras
    from threadpoolctl import threadpool_limits

    with _training(model, recipe, MIXTURE_STEPS, reporter) as callbacks:
        told = keras.callbacks.CallbackList(
            callbacks, add_history=True, model=model, epochs=recipe.epochs, steps=MIXTURE_STEPS
        )
        told.on_train_begin()
        for epoch in range(recipe.epochs):
            told.on_epoch_begin(epoch)
            logs: dict[str, float] = defaultdict(float)
            with threadpool_limits(1, "blas"):
                for step, (features, shares) in enumerate(islice(batches, MIXTURE_STEPS)):
                    model.reset_metrics()
                    for key, value in model.train_on_batch(
                        features, shares, return_dict=True
                    ).items():
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
    return _checked(model, model.history.history)


@contextmanager
def _training(model: Any, recipe: Recipe, steps: int, reporter: Reporter) -> Iterator[list[Any]]:
    """Compile a model; the context's callbacks show its training, and end one that diverges."""
    import keras

    smoothing = recipe.optimiser.label_smoothing
    model.compile(
        optimizer=_optimiser(recipe, steps, model),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=smoothing),
        metrics=["accuracy"],
    )
    with reporter.training(recipe.epochs) as callback:
        yield [callback, keras.callbacks.LambdaCallback(on_epoch_end=_refuse_divergence)]


def _checked(model: Any, history: dict[str, list[Any]]) -> History:
    """Return a history as plain numbers; refuse a model with weights that are not finite."""
    if not all(np.isfinite(each).all() for each in model.get_weights()):
        raise EmotiondError(DIVERGED)
    return {key: [float(value) for value in row] for key, row in history.items()}


def _refuse_divergence(_: int, logs: dict[str, float]) -> None:
    """Stop a training whose loss is no longer a number."""
    if not all(map(math.isfinite, logs.values())):
        raise EmotiondError(DIVERGED)


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
