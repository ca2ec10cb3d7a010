"""The recipe on Whisper's layers, as a user runs it: trained, exported, evaluated and taught."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotiond.model.file import read_contract
from emotiond_training.recipe import recipe_text
from tests.training.conftest import PITCHES, RATE, tone
from tests.training.whisper import FRAMES, write_weights


def emotiond(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emotiond", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=500, check=False
    )


@pytest.fixture(scope="module")
def flags(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Return flags of a small recipe: one layer of random weights, windows of a quarter second."""
    folder = tmp_path_factory.mktemp("whisper")
    text = recipe_text("whisper").replace("window_frames = 300", f"window_frames = {FRAMES}")
    (folder / "small.toml").write_text(text.replace("layers = 4", "layers = 1"))
    return ["--recipe", folder / "small.toml", "--trunk", write_weights(folder)]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of two corpora of three people; each says each label three times."""
    folder = tmp_path_factory.mktemp("people")
    (folder / "noise").mkdir()
    for number in range(6):  # half of them train
        soundfile.write(folder / "noise" / f"hum{number}.wav", tone(50.0, seed=number), RATE)
    rows = ["path,label,speaker,corpus"]
    for person in range(6):
        for number, (label, pitch) in enumerate(PITCHES.items()):
            for take in range(3):
                name = f"{person}-{label}-{take}.wav"
                sound = tone(pitch * (1 + 0.03 * person), seed=100 * person + 10 * number + take)
                soundfile.write(folder / name, sound, RATE)
                rows.append(f"{name},{label},{person},{'north' if person < 3 else 'south'}")
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
    return folder / "people.csv"


@pytest.mark.slow
def test_categories_are_told_and_an_embedding_is_given(three_labels, flags, tmp_path):
    told = emotiond("train", "--corpus", three_labels, *flags, "--out", "run", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "fitting the classifier on" in told.stderr
    exported = emotiond("export", "run", cwd=tmp_path)
    assert (exported.returncode, exported.stderr) == (0, "")
    assert "emotiond-dynamic.tflite" in exported.stdout
    model = tmp_path / "run" / "emotiond-dynamic.tflite"
    contract = read_contract(model)
    assert contract.labels == ("high", "low", "middle")
    files = sorted(three_labels.glob("*/0[0-2].wav"))
    heard = emotiond("classify", "--json", "--embedding", "--model", model, *files, cwd=tmp_path)
    assert heard.returncode == 0, heard.stderr
    verdicts = [json.loads(line) for line in heard.stdout.splitlines()]
    assert [verdict["label"] for verdict in verdicts] == [file.parent.name for file in files]
    assert {len(verdict["embedding"]) for verdict in verdicts} == {contract.embedding_size}
    assert np.isfinite([verdict["embedding"] for verdict in verdicts]).all()


@pytest.mark.slow
def test_evaluate_teaches_voices_and_goes_on_where_it_was(people, flags, tmp_path):
    command = ["evaluate", "--corpus", f"table={people}", *flags, "--out", "out"]
    # With noise the model knows no_speech, and is asked about any sound.
    command += ["--protocol", "taught", "--noise", people.parent / "noise"]
    told = emotiond(*command, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())
    rows = {(row["protocol"], row["corpus"]): row for row in figures["rows"]}
    assert {corpus for _, corpus in rows} == {"north", "south"}
    assert all(row["float32_uar"] is None for row in rows.values())
    taught = {each["unseen"]: each for each in figures["taught"]}
    assert set(taught) == {"speaker", "corpus"}
    assert {row["count"] for row in taught["corpus"]["rows"]} == {0, 1, 2, 3, 5, 8}
    assert {row["corpus"] for row in taught["corpus"]["households"]} == {"north", "south"}
    card = (tmp_path / "out" / "EVALUATION.md").read_text()
    assert "## Taught voices" in card
    assert "### Corpus never heard" in card
    again = emotiond(*command, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "classifying recordings" not in again.stderr
    assert "fitting the classifier" not in again.stderr
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == figures


def test_the_recipe_says_what_it_needs_before_any_work(three_labels, tmp_path):
    told = emotiond("train", "--corpus", three_labels, "--recipe", "whisper", cwd=tmp_path)
    assert told.returncode == 2
    assert "--trunk FILE" in told.stderr
    assert len(told.stderr.splitlines()[-1]) < 300
    assert "Traceback" not in told.stderr


def test_a_recipe_without_embedding_can_not_be_taught(three_labels, tmp_path):
    told = emotiond("evaluate", "--corpus", three_labels, "--protocol", "taught", cwd=tmp_path)
    assert told.returncode == 2
    assert "needs a model with an embedding" in told.stderr
