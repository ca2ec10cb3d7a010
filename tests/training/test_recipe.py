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
        (
            "learning_rate = 0.001",
            "learning_rate = 0",
            r"> 0.0 - at `\$\.optimiser\.learning_rate`",
        ),
        ("learning_rate = 0.001", "learning_rate = -0.1", r"at `\$\.optimiser\.learning_rate`"),
        ("learning_rate = 0.001", "learning_rate = inf", r"finite number, got inf - at `\$\.opt"),
        ("fmax = 8000.0", "fmax = nan", r"finite number, got nan - at `\$\.features\.mfcc\.fmax`"),
        ("[-80.0, -50.0]", "[-inf, -50.0]", r"got -inf - at `\$\.windows\.noise_db\[0\]`"),
        ("[-80.0, -50.0]", "[-80.0, 500.0]", r"<= 200.0 - at `\$\.windows\.noise_db"),
        ("batch = 64", "batch = 0", r">= 1 - at `\$\.batch`"),
        ("epochs = 12", "epochs = 0", r">= 1 - at `\$\.epochs`"),
        ("seed = 1", "seed = 4294967296", r"<= 4294967295 - at `\$\.seed`"),
        ("window_frames = 95", "window_frames = 0", r">= 1 - at `\$\.features\.window_frames`"),
        ("window_frames = 95", "window_frames = 9500", "windows of 304 s; at most 60 s"),
        ("sample_rate = 16000", "sample_rate = 200000", "from 1000 to 192000 Hz"),
        ("n_mels = 64", "n_mels = 1001", "n_mels must be at most 1000"),
        ("copies = 2 ", "copies = 1001 ", r"<= 1000 - at `\$\.windows\.copies`"),
        ("[64, 128]", "[64, 5000]", r"<= 4096 - at `\$\.network\.filters"),
        table("mixture", "weights = {}\ncopies = { tess = 0 }", r"at `\$\.mixture\.copies"),
        table("mixture", "weights = {}\ncopies = {}\nmixup = -0.1", r"at `\$\.mixture\.mixup`"),
        table("augmentation", "pitch_semitones = 25.0", r"at `\$\.augmentation\.pitch_semitones`"),
        table("augmentation", "equaliser_db = -1.0", r"at `\$\.augmentation\.equaliser_db`"),
        ("[features]", "[features", "recipe"),
        ("[network]", "[mixture]\nweights = {}\ncopies = {}\n[network]", "n_mfcc must be n_mels"),
        ("holdout = ", "# holdout = ", "missing required field `holdout`"),
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
    ("old", "new", "message"),
    [
        ('level = "loudest"', 'level = "absolute"', r'level = "loudest" in \[features\], or mixup'),
        ("window_frames = 92", "window_frames = 1", "at least 2 frames in a window"),
        ("n_mels = 80", "n_mels = 1", "n_mfcc must be between 1 and n_mels"),
    ],
)
def test_a_mixture_needs_features_that_it_can_blend(tmp_path: Path, old, new, message):
    path = tmp_path / "wrong.toml"
    path.write_text(recipe_text("strangers").replace(old, new))
    with pytest.raises(InputError, match=message):
        load_recipe(str(path))
    path.write_text(
        recipe_text("strangers")
        .replace('level = "loudest"', 'level = "absolute"')
        .replace("[mixture]", "[mixture]\nmixup = 0.0")
    )
    assert load_recipe(str(path)).features.level == "absolute"


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
def test_a_missing_recipe_is_reported_with_the_known_ones(name, message):
    with pytest.raises(InputError, match=message):
        load_recipe(name)


def test_a_recipe_that_is_not_text_is_refused(tmp_path: Path):
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
def test_a_recipe_may_only_be_like_a_known_recipe_that_is_whole(
    tmp_path: Path, like: str, message: str
):
    path = tmp_path / "mine.toml"
    path.write_text(f"like = {like}")
    with pytest.raises(InputError, match=message):
        load_recipe(str(path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hop_length = 160", "hop_length = 200", "needs Whisper's spectrum"),
        ("n_mfcc = 80", "n_mfcc = 40", "needs Whisper's spectrum"),
        ('level = "loudest"', 'level = "absolute"', "needs Whisper's spectrum"),
        ("window_frames = 300", "window_frames = 301", "an even window_frames, 2 to 3000"),
        ("layers = 4", "layers = 5", r"<= 4 - at `\$\.network\.layers`"),
        ("hidden = 128", "hidden = 0", r">= 1 - at `\$\.classifier\.hidden`"),
        ("\ndropout = 0.3", "\ndropout = 1.0", r"< 1.0 - at `\$\.classifier\.dropout`"),
        table("mixture", "weights = {}\ncopies = {}", "scenes, not on a mixture"),
        ("other_copies = 2", "noise_snr_db = [40.0, 3.0]", r"noise_snr_db must be \[least, most\]"),
    ],
)
def test_a_recipe_on_whisper_that_does_not_fit_it_says_what_it_needs(tmp_path, old, new, message):
    text = recipe_text("whisper")
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        load_recipe(str(path))
