"""The commands, as a user runs them, on a corpus of three made-up labels."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotiond.model.file import read_contract
from emotiond_training.recipe import recipe_text
from tests.daemon.clusters import cluster_of
from tests.training.conftest import recording


def emotiond(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emotiond", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture(scope="module")
def small_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed recipe, smaller: trains in seconds."""
    path = tmp_path_factory.mktemp("recipe") / "small.toml"
    path.write_text(
        recipe_text("seed").replace("[64, 128]", "[16, 16]").replace("batch = 64", "batch = 16")
    )
    return path


@pytest.fixture(scope="module")
def trained(
    three_labels: Path, small_recipe: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A finished run of the small recipe, and what train said."""
    work = tmp_path_factory.mktemp("work")
    told = emotiond("train", "--corpus", three_labels, "--recipe", small_recipe, cwd=work)
    assert told.returncode == 0, told.stderr
    return work / "runs" / "small", told


def test_custom_categories_train_export_and_are_heard(trained, three_labels, tmp_path):
    run, _ = trained
    exported = emotiond("export", run, "--out", tmp_path / "models", cwd=tmp_path)
    assert (exported.returncode, exported.stderr) == (0, "")
    for name in ("emotiond-float32.tflite", "emotiond-int8.tflite"):
        model = tmp_path / "models" / name
        assert f"{model}: " in exported.stdout
        contract = read_contract(model)
        assert contract.labels == ("high", "low", "middle")
        assert contract.trained_on == ("folders",)
        files = sorted(three_labels.glob("*/0[0-2].wav"))
        heard = emotiond("classify", "--json", "--model", model, *files, cwd=tmp_path)
        assert heard.returncode == 0, heard.stderr
        verdicts = [json.loads(line) for line in heard.stdout.splitlines()]
        assert [verdict["label"] for verdict in verdicts] == [file.parent.name for file in files]
        assert set(verdicts[0]["probabilities"]) == {"high", "low", "middle"}


@pytest.mark.slow
def test_other_sounds_are_claimed_for_no_label_where_recordings_of_such_are_given(
    trained, three_labels, small_recipe, write_tone, tmp_path
):
    for number in range(32):
        folder = tmp_path / ("noise" if number < 24 else "kept") / "higher"
        folder.mkdir(parents=True, exist_ok=True)
        write_tone(folder / f"{number}.wav", 5000.0, number)
    flags = ["--recipe", small_recipe, "--noise", tmp_path / "noise", "--out", tmp_path / "run"]
    told = emotiond("train", "--corpus", three_labels, *flags, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "none_of_these: 24 recordings" in told.stderr

    def labels_of(run: Path, folder: Path) -> list[str | None]:
        models = tmp_path / f"{run.name} exported"
        assert emotiond("export", run, "--out", models, cwd=tmp_path).returncode == 0
        files = sorted(folder.glob("*/0[0-2].wav")) or sorted(folder.glob("*/*.wav"))
        model = models / "emotiond-int8.tflite"
        heard = emotiond("classify", "--json", "--model", model, *files, cwd=tmp_path)
        return [json.loads(line)["label"] for line in heard.stdout.splitlines()]

    alone, _ = trained
    assert labels_of(tmp_path / "run", tmp_path / "kept").count(None) >= 7
    assert labels_of(alone, tmp_path / "kept").count(None) <= 4
    own = [label for label in ("high", "low", "middle") for _ in range(3)]
    assert labels_of(tmp_path / "run", three_labels) == own


RUN_FILES = {
    "confusion.png",
    "history.json",
    "learning-curves.png",
    "model.keras",
    "recipe.toml",
    "run.json",
    "training-metrics.json",
    "windows.npz",
}


def test_train_writes_all_that_it_promises(trained, small_recipe):
    run, _ = trained
    assert {path.name for path in run.iterdir()} == RUN_FILES
    assert (run / "recipe.toml").read_text() == small_recipe.read_text()
    metrics = json.loads((run / "training-metrics.json").read_text())
    assert metrics["measured_on"] == "held-out"
    assert (metrics["train_clips"], metrics["measured_clips"]) == (29, 7)
    assert np.sum(metrics["confusion"]) == 7
    assert metrics["accuracy"] == 1.0
    history = json.loads((run / "history.json").read_text())
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(history["loss"]) == metrics["recipe"]["epochs"]
    for picture in run.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_a_terminal_progress_is_plain_lines_and_no_chatter(trained):
    _, told = trained
    checking, *lines = told.stderr.splitlines()
    assert checking == "checking recordings: 36"
    assert [line.split() for line in lines[:5]] == [
        ["corpus", "label", "recordings", "speakers"],
        ["folders", "high", "12", "unknown"],
        ["folders", "low", "12", "unknown"],
        ["folders", "middle", "12", "unknown"],
        ["all", "36", "unknown"],
    ]
    assert lines[5] == (
        "no recording shows what is none of these labels, so every sound will be claimed for one "
        "of them; give recordings of other sounds: --other DIR"
    )
    assert lines[6] == "reading training clips: 29"
    assert lines[7] == "reading held-out clips: 7"
    epochs = lines[8:]
    assert all(line.startswith("epoch ") for line in epochs)
    assert epochs[-1].startswith(f"epoch {len(epochs)}/{len(epochs)}: ")
    assert "\x1b" not in told.stderr
    assert told.stdout.startswith("Trained on 29 clips; accuracy 100.0%")


def test_train_on_everything_says_that_nothing_was_held_out(three_labels, small_recipe, tmp_path):
    flags = ["--recipe", small_recipe, "--epochs", 1, "--out", tmp_path / "all", "--all"]
    told = emotiond("train", "--corpus", three_labels, *flags, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "36 training clips" in told.stdout
    metrics = json.loads((tmp_path / "all" / "training-metrics.json").read_text())
    assert metrics["split"] == "none: trained on every clip"
    assert metrics["measured_on"] == "training"
    assert json.loads((tmp_path / "all" / "run.json").read_text())["parity_on"] == "training"


@pytest.fixture(scope="module")
def tess(sample: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a made-up TESS of two speakers: speech as it is, duller and brighter, and silence."""
    corpus = tmp_path_factory.mktemp("tess")
    kernels = {"angry": [1.0], "sad": np.full(16, 1 / 16), "ps": [1.0, -1.0]}
    pieces = [sample[start : start + 32_000] for start in range(0, len(sample) - 32_000, 6_000)]
    pieces = sorted(pieces, key=lambda piece: -float(np.square(piece).sum()))[:12]
    for number, piece in enumerate(pieces):
        for emotion, kernel in kernels.items():
            name = f"{'OAF' if number % 2 else 'YAF'}_word{number}_{emotion}.wav"
            soundfile.write(corpus / name, np.convolve(piece, kernel, "same"), 16_000)
    soundfile.write(corpus / "OAF_silence_sad.wav", np.zeros(16_000), 16_000)
    return corpus


@pytest.mark.slow
def test_evaluate_goes_through_the_int8_file_and_the_engine(tess, small_recipe, tmp_path):
    out = tmp_path / "card"
    protocols = ["--protocol", "tess-words", "--protocol", "tess-speakers"]
    flags = ["--recipe", small_recipe, "--out", out, "--jobs", 2, "--epochs", 6]
    command = ["evaluate", *protocols, "--corpus", f"tess={tess}", *flags]
    told = emotiond(*command, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "tess-speakers" in told.stdout
    rows = json.loads((out / "metrics.json").read_text())["rows"]
    words, speakers = sorted(rows, key=lambda row: row["protocol"], reverse=True)
    assert (words["protocol"], words["corpus"]) == ("tess-words", "tess")
    assert words["interval_over"] == "clips"
    assert speakers["interval_over"] == "speakers"
    assert speakers["clips"] == 37
    assert len(speakers["fold_accuracy"]) == 2
    # The silent clip is in one of the two folds, and wrong.
    assert 1 <= speakers["no_speech"] <= 6
    assert speakers["accuracy"] > 0.6
    # A training in the same folder would overwrite nothing.
    assert not RUN_FILES & {path.name for path in out.iterdir()}
    card = (out / "EVALUATION.md").read_text()
    assert "| `tess-words` | tess |" in card
    for name in ("confusion-tess-words-tess", "reliability-tess-speakers"):
        assert (out / "evaluation" / f"{name}.png").is_file()
        assert f"![{name}](evaluation/{name}.png)" in card
    # What is finished is not done again.
    again = emotiond(*command, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "epoch" not in again.stderr
    assert (out / "EVALUATION.md").read_text() == card


@pytest.mark.slow
def test_evaluate_on_a_cluster_writes_what_it_writes_here(tess, small_recipe, tmp_path):
    pytest.importorskip("distributed", reason="needs the extra cluster")
    command = ["evaluate", "--protocol", "tess-speakers", "--corpus", f"tess={tess}"]
    command += ["--recipe", small_recipe, "--epochs", 6]
    with cluster_of(2) as cluster:
        # Each of two rounds has one thread, here and there.
        for flags in (
            ("--jobs", 2, "--out", "here"),
            ("--cluster", cluster.address, "--out", "there"),
        ):
            told = emotiond(*command, *flags, cwd=tmp_path)
            assert told.returncode == 0, told.stderr
    for name in ("metrics.json", "EVALUATION.md"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    assert len([*(tmp_path / "there" / "rounds").glob("*/heard.json")]) == 2


def test_train_takes_temperature_and_threshold_from_an_evaluation_or_the_command_line(
    three_labels, small_recipe, tmp_path
):
    shipping = {"shipping": {"temperature": 1.7, "abstain_below": 0.4}}
    (tmp_path / "metrics.json").write_text(json.dumps(shipping))
    flags = ["--evaluation", "metrics.json", "--abstain", "0.6", "--epochs", 1, "--all"]
    command = ["train", "--corpus", three_labels, "--recipe", small_recipe, "--out", "run", *flags]
    told = emotiond(*command, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    description = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (description["temperature"], description["abstain_below"]) == (1.7, 0.6)


ACTED = ("evaluate", "--corpus", "tess=acted", "--protocol", "tess-random", "--protocol")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--corpus", "tess=missing"], "missing: no such folder"),
        (["train", "--corpus", "mess=."], "unknown corpus 'mess'"),
        (["train", "--corpus", ".", "--recipe", "none"], "unknown recipe 'none'"),
        (["train", "--corpus", "broken"], "broken/a/0.wav: is text, not a sound file"),
        (["train", "--corpus", "broken"], "6 of 6 recordings can't be read"),
        (["train", "--corpus", "broken", "--skip-broken"], "'a': all its recordings are empty or"),
        (["train", "--corpus", "broken", "--out", "file"], "file: file exists"),
        (
            ["train", "--corpus", ".", "--epochs", "0"],
            "--epochs must be a whole number of at least",
        ),
        (["train", "--corpus", ".", "--temperature", "0"], "must be over 0"),
        (["train", "--corpus", ".", "--abstain", "2"], "must be from 0 to 1"),
        (["train", "--corpus", ".", "--evaluation", "missing"], "missing: no such file"),
        (["train", "--corpus", ".", "--evaluation", "file"], "file: not the metrics.json"),
        (["evaluate", "--corpus", "broken"], "broken/b/2.wav: is text, not a sound file"),
        (["evaluate", "--corpus", "mine"], "allow no protocol"),
        (["evaluate", "--protocol", "tess-random", "--corpus", "mine"], "needs the corpus tess"),
        ([*ACTED, "streaming"], "protocol streaming needs speakers that were not in training"),
        ([*ACTED, "non-speech", "--speech", "missing"], "missing: no such folder"),
        ([*ACTED, "non-speech", "--model", "file"], "model file: not a TFLite file"),
        (["evaluate", "--protocol", "none", "--corpus", "."], "invalid choice: 'none'"),
        (["export", "missing"], "missing: no finished training run (it has no run.json)"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(tmp_path, write_tone, arguments, message):
    for label in "ab":
        (tmp_path / "broken" / label).mkdir(parents=True)
        for take in range(3):
            (tmp_path / "broken" / label / f"{take}.wav").write_text(f"no sound {label} {take}")
        (tmp_path / "mine" / label).mkdir(parents=True)
        write_tone(tmp_path / "mine" / label / "0.wav", 200.0, ord(label))
    (tmp_path / "acted").mkdir()
    for word in range(6):
        for emotion in ("angry", "sad"):
            path = tmp_path / "acted" / f"OAF_word{word}_{emotion}.wav"
            write_tone(path, 200.0, 2 * word + (emotion == "sad"))
    (tmp_path / "file").touch()
    told = emotiond(*arguments, cwd=tmp_path)
    assert told.returncode == 2
    assert message in told.stderr
    assert "Traceback" not in told.stderr


def test_help_of_the_training_commands_imports_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom emotiond.cli import main\n"
        "for command in ('train', 'evaluate', 'export'):\n"
        "    try: main([command, '--help'])\n"
        "    except SystemExit: pass\n"
        "    if command == 'train': assert not {'numpy', 'soundfile'} & set(sys.modules)\n"
        "assert not {'tensorflow', 'keras', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "--protocol" in told.stdout


def test_evaluate_refuses_recordings_that_its_files_cannot_name(tmp_path):
    """The files of a round are JSON; those of a training name no recording."""
    for label in "ab":
        (tmp_path / "mine" / label).mkdir(parents=True)
        (tmp_path / "mine" / label / os.fsdecode(b"caf\xe9.wav")).write_bytes(recording(label))
    told = emotiond("evaluate", "--corpus", "mine", cwd=tmp_path)
    assert told.returncode == 2
    assert told.stderr.endswith("caf\\xe9.wav: its name is not UTF-8; rename it\n")
