"""Networks compute what they promise, within limits of cost."""

from math import prod
from typing import Any

import numpy as np
import pytest

from emotiond.errors import InputError
from emotiond.features.mfcc import dct_matrix
from emotiond.model.contract import Normalisation
from emotiond_export.tensorflow import import_tensorflow
from emotiond_training.networks import build
from emotiond_training.networks.shift import space_to_depth
from emotiond_training.recipe import load_recipe

FOR_STRANGERS = ("strangers", "separable", "residual", "parallel")
LABELS = 8


@pytest.fixture(scope="module", autouse=True)
def tensorflow() -> None:
    import_tensorflow()


def unchanged(coefficients: int) -> Normalisation:
    """Return a normalisation that changes nothing."""
    return Normalisation((0.0,) * coefficients, (1.0,) * coefficients)


def network(recipe: str, normalisation: Normalisation | None = None) -> Any:
    """Build the network of a recipe."""
    features = load_recipe(recipe).features
    normalisation = normalisation or unchanged(features.mfcc.n_mfcc)
    return build(load_recipe(recipe).network, features.window_frames, normalisation, LABELS)


def multiplications(model: Any) -> int:
    """Return the multiply-accumulates of one window, by the kernels of the layers."""
    total = 0
    for layer in model.layers:
        kernels = [each.shape for each in layer.weights if each.path.endswith("/kernel")]
        for kernel in kernels:
            depthwise = type(layer).__name__ == "DepthwiseConv2D"
            places = layer.output.shape[1:3] if depthwise else layer.output.shape[1:-1]
            total += prod(kernel) * prod(places)
    return total


@pytest.mark.parametrize("recipe", FOR_STRANGERS)
def test_a_window_costs_at_most_20_million_multiplications_and_400_kb(recipe: str) -> None:
    model = network(recipe)
    assert 10e6 < multiplications(model) <= 20e6
    # The exported int8 file has one byte for each weight, and some for the graph.
    assert model.count_params() < 380_000


@pytest.mark.parametrize("recipe", ["seed", *FOR_STRANGERS])
def test_the_last_layer_gives_a_probability_for_each_label(recipe: str) -> None:
    model = network(recipe)
    windows = np.random.default_rng(1).normal(size=(3, *model.input_shape[1:]))
    probabilities = model.predict(windows, verbose=0)
    assert probabilities.shape == (3, LABELS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert len(np.unique(probabilities)) > LABELS


@pytest.mark.parametrize("recipe", ["strangers", "separable", "parallel"])
def test_2d_networks_get_the_level_of_each_band_above_the_floor(recipe: str) -> None:
    import keras

    random = np.random.default_rng(2)
    normalisation = Normalisation(
        tuple(random.normal(size=80)), tuple(random.uniform(0.5, 2.0, 80))
    )
    model = network(recipe, normalisation)
    levels = random.uniform(-80.0, 20.0, model.input_shape[1:]).astype(np.float32)
    mfccs = levels @ dct_matrix(80).T
    normalised = (mfccs - np.array(normalisation.mean)) / np.array(normalisation.std)
    spectrum = keras.Model(model.input, model.get_layer("spectrum").output)
    seen = spectrum.predict(normalised[None], verbose=0)[0]
    floor_db = 50.0
    expected = np.maximum(levels + floor_db, 0.0) * 3.0 / floor_db
    np.testing.assert_allclose(seen, expected, atol=1e-3)
    assert not model.get_layer("spectrum").trainable


@pytest.mark.parametrize(("frames", "bands"), [(6, 8), (7, 8), (6, 9), (7, 9)])
def test_blocks_of_two_frames_by_two_bands_become_four_channels(frames: int, bands: int) -> None:
    import keras

    inputs = keras.layers.Input((frames, bands, 1))
    model = keras.Model(inputs, space_to_depth(inputs))
    levels = np.random.default_rng(4).normal(size=(frames, bands)).astype(np.float32)
    paired = model.predict(levels[None, :, :, None], verbose=0)[0]
    even = np.pad(levels, ((0, frames % 2), (0, bands % 2)))
    expected = [even[::2, ::2], even[::2, 1::2], even[1::2, ::2], even[1::2, 1::2]]
    np.testing.assert_array_equal(paired, np.stack(expected, axis=-1))


@pytest.mark.parametrize("recipe", FOR_STRANGERS)
def test_every_layer_learns_but_the_fixed_one(recipe: str) -> None:
    model = network(recipe)
    before = [each.numpy() for each in model.trainable_variables]
    random = np.random.default_rng(3)
    windows = random.normal(size=(8, *model.input_shape[1:]))
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    model.train_on_batch(windows, np.eye(LABELS))
    for variable, old in zip(model.trainable_variables, before, strict=True):
        if variable.shape == (1,):  # a bias before a softmax over time, which ignores it
            continue
        assert not np.array_equal(variable.numpy(), old), variable.path


def test_the_seed_network_has_its_original_layers() -> None:
    model = network("seed")
    assert [type(layer).__name__ for layer in model.layers] == [
        "Conv1D",
        "MaxPooling1D",
        "Conv1D",
        "MaxPooling1D",
        "Flatten",
        "Dense",
        "Dropout",
        "Dense",
    ]
    activations = [layer.activation.__name__ for layer in model.layers if hasattr(layer, "kernel")]
    assert activations == ["relu", "relu", "relu", "softmax"]


def test_a_window_too_short_for_a_network_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="can't be built for windows of 10 frames"):
        build(load_recipe("seed").network, 10, unchanged(40), 7)
