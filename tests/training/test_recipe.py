"""Recipes: the built-in one, and what is refused with one sentence."""

from pathlib import Path

import msgspec
import pytest

from emotiond.errors import InputError
from emotiond_training.networks import Residual
from emotiond_training.recipe import load_recipe, recipe_text


def test_seed_recipe_holds_out_a_fifth_and_sees_about_three_seconds():
    recipe = load_recipe("seed")
    seconds = recipe.features.mfcc.samples(recipe.features.window_frames) / 16_000
    assert recipe.holdout == 0.2
    assert 2.5 < seconds < 3.5


def test_command_line_overrides_the_recipe():
    recipe = load_recipe("seed", seed=0, epochs=3)
    assert (recipe.seed, recipe.epochs) == (0, 3)


def test_a_recipe_file_is_read_by_its_path(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(recipe_text("seed").replace("epochs = ", "epochs = 1"))
    assert load_recipe(str(path)).epochs == int(f"1{load_recipe('seed').epochs}")


def table(name: str, keys: str, message: str) -> tuple[str, str, str]:
    """Return how a recipe gets one more table, and what is said of it."""
    return "[network]", f"[{name}]\n{keys}\n[network]", message


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
        table("augmentation", "rounding_bits = [11, 5]", r"rounding_bits must be \[least, most\]"),
        table("augmentation", "rounding_bits = [0, 5]", r"at `\$\.augmentation\.rounding_bits"),
        table("augmentation", "speed = [1.2, 0.8]", r"speed must be \[least, most\]"),
        table("augmentation", "speed = [0.0, 1.0]", r"at `\$\.augmentation\.speed"),
        table(
            "mixture",
            "weights = {}\ncopies = {}\nnoise_snr_db = [45.0, 2.0]",
            r"noise_snr_db must be \[least, most\]",
        ),
        ("[features]", "[features", "recipe"),
        ("[network]", "[mixture]\nweights = {}\ncopies = {}\n[network]", "n_mfcc must be n_mels"),
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
        (
            "sead",
            "unknown recipe 'sead'; known are parallel, residual, seed, separable, strangers,",
        ),
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


def test_a_recipe_like_another_has_its_own_tables_and_the_rest_of_that_one(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(
        """
        like = "strangers"
        batch = 16
        [network]
        name = "residual"
        filters = 8
        dilations = [1]
        dropout = 0.1
        """
    )
    mine, base = load_recipe(str(path)), load_recipe("strangers")
    assert (mine.batch, mine.network) == (16, Residual(filters=8, dilations=(1,), dropout=0.1))
    assert msgspec.structs.replace(mine, batch=base.batch, network=base.network) == base


@pytest.mark.parametrize(
    ("like", "message"),
    [
        ("'sead'", "unknown recipe 'sead'"),
        ("3", "unknown recipe '3'"),
        ("'residual'", r"recipe .*: .*unknown field `like`"),
    ],
)
def test_a_recipe_is_like_one_known_recipe_that_is_whole(tmp_path: Path, like: str, message: str):
    path = tmp_path / "mine.toml"
    path.write_text(f"like = {like}")
    with pytest.raises(InputError, match=message):
        load_recipe(str(path))
