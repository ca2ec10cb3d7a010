"""Fitting is reproducible, and held-out windows do not change it."""

import random
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rich.console import Console

from emotiond.errors import EmotiondError
from emotiond.model.contract import Normalisation
from emotiond_export.tensorflow import import_tensorflow
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.folders import read_folders
from emotiond_training.fitting.fit import Fitted, fit, run_of
from emotiond_training.fitting.materials import Materials
from emotiond_training.fitting.prepare import Prepared
from emotiond_training.fitting.windows import Windows, cut_windows, normalisation_of
from emotiond_training.networks import Seed, build
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe, load_recipe

LABELS = ("high", "low", "middle")
QUIET = Reporter(Console(quiet=True))
NETWORK = Seed(filters=(8, 8), kernel=3, pool=4, dense=8, dropout=0.3)
NOTHING = Materials([], (), Path())
SMALL = msgspec.structs.replace(load_recipe("seed", epochs=1), network=NETWORK)


@pytest.fixture(scope="module")
def windows(three_labels: Path) -> Windows:
    import_tensorflow()
    return cut_windows(read_folders(three_labels), range(0, 36, 2), LABELS, SMALL)


def weights(recipe: Recipe, windows: Windows, held_out: Windows | None) -> list[np.ndarray]:
    """Fit a recipe's network and return its weights."""
    fitted = fit(recipe, Prepared(LABELS, windows, held_out), NOTHING, QUIET)
    arrays: list[np.ndarray] = fitted.model.get_weights()
    return arrays


def test_weights_depend_on_the_seed_alone(windows):
    first = weights(SMALL, windows, None)
    for one, again in zip(first, weights(SMALL, windows, None), strict=True):
        np.testing.assert_array_equal(one, again)
    other = weights(msgspec.structs.replace(SMALL, seed=9), windows, None)
    assert not np.array_equal(first[0], other[0])


def test_threads_that_draw_random_numbers_change_no_weight(windows):
    first = weights(SMALL, windows, None)
    ended = threading.Event()

    def draw() -> None:
        while not ended.is_set():
            random.random()  # noqa: S311

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        disturbed = weights(SMALL, windows, None)
    finally:
        ended.set()
        thread.join()
    for one, again in zip(first, disturbed, strict=True):
        np.testing.assert_array_equal(one, again)


def test_held_out_windows_change_no_weight(windows):
    held_out = Windows(windows.features + 50.0, windows.labels, windows.clips)
    for one, other in zip(
        weights(SMALL, windows, None), weights(SMALL, windows, held_out), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("mixed", [False, True])
def test_a_training_that_diverges_is_one_sentence(
    windows: Windows, monkeypatch: pytest.MonkeyPatch, mixed: bool
) -> None:
    monkeypatch.setattr("emotiond_training.fitting.descent.MIXTURE_STEPS", 4)
    optimiser = msgspec.structs.replace(SMALL.optimiser, learning_rate=1e30)
    recipe = msgspec.structs.replace(SMALL, optimiser=optimiser)
    prepared = Prepared(LABELS, windows, None, NoiseMixture(windows) if mixed else None)
    with pytest.raises(EmotiondError, match="training diverged; lower learning_rate"):
        fit(recipe, prepared, NOTHING, QUIET)


class NoiseMixture:
    """A mixture whose windows are noise with random labels, always the same."""

    def __init__(self, windows: Windows) -> None:
        self._frames = windows.features.shape[1:]
        self._random = np.random.default_rng(3)

    def batch(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        shares = np.eye(len(LABELS), dtype=np.float32)[self._random.integers(0, 3, size)]
        return self._random.normal(size=(size, *self._frames)).astype(np.float32), shares


def test_a_mixture_gives_the_same_weights_each_time_and_the_mean_loss_of_each_epoch(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotiond_training.fitting.descent.MIXTURE_STEPS", 4)
    recipe = msgspec.structs.replace(SMALL, epochs=2)
    one, again = (
        fit(recipe, Prepared(LABELS, windows, windows, NoiseMixture(windows)), NOTHING, QUIET)
        for _ in range(2)
    )
    assert one.history == again.history
    assert {len(row) for row in one.history.values()} == {2}
    assert one.history.keys() == {"accuracy", "loss", "val_accuracy", "val_loss"}
    # Nothing can be learnt from noise: the loss stays near that of guessing among three labels.
    assert one.history["loss"] == pytest.approx([np.log(3.0)] * 2, abs=0.7)
    for first, second in zip(one.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_training_on_a_mixture_keeps_the_averaged_weights(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotiond_training.fitting.descent.MIXTURE_STEPS", 20)
    optimiser = msgspec.structs.replace(SMALL.optimiser, average=0.999)
    averaged = msgspec.structs.replace(SMALL, optimiser=optimiser)
    last, mean = (
        fit(
            recipe, Prepared(LABELS, windows, None, NoiseMixture(windows)), NOTHING, QUIET
        ).model.get_weights()
        for recipe in (SMALL, averaged)
    )
    start = first_weights(averaged, windows)
    # The average starts at the first weights; with momentum 0.999, 20 steps hardly move it.
    assert np.abs(mean[0] - start).mean() < 0.5 * np.abs(last[0] - start).mean()


def first_weights(recipe: Recipe, windows: Windows) -> np.ndarray:
    """Return the weights of the first layer of a recipe's network before it is trained."""
    import keras

    keras.utils.set_random_seed(recipe.seed)
    normalisation = normalisation_of(windows.features, recipe.features)
    model = build(recipe.network, windows.features.shape[1], normalisation, len(LABELS))
    weights: np.ndarray = model.get_weights()[0]
    return weights


def test_a_run_has_training_windows_for_int8_and_two_of_each_held_out_clip_for_parity(windows):
    held_out = Windows(windows.features + 1000.0, windows.labels, windows.clips)
    prepared = Prepared(LABELS, windows, held_out)
    fitted = fit(SMALL, prepared, NOTHING, QUIET)
    assert fitted.normalisation == normalisation_of(windows.features, SMALL.features)
    run = run_of(SMALL, prepared, fitted, [])
    assert run.description.parity_on == "held-out"
    clips = {frames.tobytes(): clip for frames, clip in zip(*held_out[::2], strict=True)}
    sources = [{clips[frames.tobytes()] for frames in each} for each in run.parity]
    assert sorted(sources, key=min) == [{clip} for clip in sorted(set(windows.clips.tolist()))]
    assert run.parity.shape[1] == 2
    for kept, source in ((run.representative, windows), (np.concatenate(run.parity), held_out)):
        known = {frames.tobytes() for frames in source.features}
        assert {frames.tobytes() for frames in kept} <= known


@pytest.mark.parametrize(
    ("corpora", "opens_for"),
    [
        ({"tess": True, "es": True}, "speech"),
        ({"tess": True, "folders": False}, "sound"),
        ({"folders": True}, "speech"),
    ],
)
def test_a_model_waits_for_voices_if_all_its_recordings_are_of_voices(
    windows: Windows, corpora: dict[str, bool], opens_for: str
) -> None:
    clips = [Clip(Path("a"), "x", None, None, name, voice) for name, voice in corpora.items()]
    ones = (1.0,) * windows.features.shape[2]
    fitted = Fitted(None, Normalisation(ones, ones), {})
    run = run_of(SMALL, Prepared(LABELS, windows), fitted, clips)
    assert run.description.opens_for == opens_for
    assert run.description.trained_on == tuple(sorted(corpora))
