"""Recipes: the built-in one, and what is refused with one sentence."""

from pathlib import Path

import pytest

from emotiond.errors import InputError
from emotiond.modelfile import Normalisation
from emotiond_training.networks import build
from emotiond_training.recipe import load_recipe, recipe_text


def unchanged(coefficients: int) -> Normalisation:
    """Return a normalisation that changes nothing."""
    return Normalisation((0.0,) * coefficients, (1.0,) * coefficients)


def test_seed_recipe_holds_out_a_fifth_and_sees_about_three_seconds():
    recipe = load_recipe("seed")
    seconds = recipe.features.mfcc.samples(recipe.features.window_frames) / 16_000
    assert recipe.holdout == 0.2
    assert 2.5 < seconds < 3.5


def test_seed_network_is_the_one_that_was_promised():
    recipe = load_recipe("seed")
    plain = unchanged(recipe.features.mfcc.n_mfcc)
    model = build(recipe.network, recipe.features.window_frames, plain, 7)
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
    assert model.output_shape == (None, 7)


def test_command_line_overrides_the_recipe():
    recipe = load_recipe("seed", seed=0, epochs=3)
    assert (recipe.seed, recipe.epochs) == (0, 3)


def test_a_recipe_file_is_read_by_its_path(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(recipe_text("seed").replace("epochs = ", "epochs = 1"))
    assert load_recipe(str(path)).epochs == int(f"1{load_recipe('seed').epochs}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs =", "epoch =", "unknown field `epoch`"),
        ("n_mels =", "mels =", r"unknown field `mels` - at `\$\.features\.mfcc`"),
        ("dropout =", "droppout =", r"unknown field `droppout` - at `\$\.network`"),
        ('name = "seed"', 'name = "sead"', r"'sead' - at `\$\.network\.name`"),
        ('name = "adam"', 'name = "adem"', r"'adem' - at `\$\.optimiser\.name`"),
        ("holdout = 0.2", "holdout = 1.5", r"at `\$\.holdout`"),
        ("seed = 1", "seed = -1", r"at `\$\.seed`"),
        ("seed = 1", "seed = 'one'", r"got `str` - at `\$\.seed`"),
        ("fmax = 8000.0", "fmax = 9000.0", "fmin and fmax must satisfy"),
        ("[-80.0, -50.0]", "[-50.0, -80.0]", r"noise_db must be \[least, most\]"),
        ("[features]", "[features", "recipe"),
        ("batch = ", "# batch = ", "missing required field `batch`"),
    ],
)
def test_a_wrong_key_or_value_is_one_sentence_that_says_where(tmp_path, old, new, message):
    text = recipe_text("seed")
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=message) as error:
        load_recipe(str(path))
    assert str(error.value).startswith(f"recipe {path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sead", "unknown recipe 'sead'; known are seed, strangers, or give a .toml file"),
        ("missing.toml", "recipe missing.toml: no such file or directory"),
    ],
)
def test_a_missing_recipe_is_said_with_what_there_is(name, message):
    with pytest.raises(InputError, match=message):
        load_recipe(name)


def test_a_recipe_that_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a text file in UTF-8"):
        load_recipe(str(path))


def test_a_window_too_short_for_the_network_is_one_sentence():
    with pytest.raises(InputError, match="can't be built for windows of 10 frames"):
        build(load_recipe("seed").network, 10, unchanged(40), 7)
