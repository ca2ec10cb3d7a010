"""Exported files carry the contract and agree with the Keras model, or are not written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotiond.errors import EmotiondError, InputError
from emotiond.features.mfcc import MfccConfig
from emotiond.model.contract import Normalisation
from emotiond.model.file import read_contract
from emotiond.model.output import softmax
from emotiond.model.runtime import Classifier
from emotiond_export import files
from emotiond_export.convert import logits_model
from emotiond_export.files import FLOAT32, INT8, export_run
from emotiond_export.parity import check_parity, file_labels, keras_labels
from emotiond_export.tensorflow import import_tensorflow
from emotiond_export.training_run import Description, Run, read_run, write_run

FRAMES, COEFFICIENTS = 20, 8
LABELS = ("calm", "cross", "silly")


def features_of(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windows of three classes that are easy to separate, and the class of each."""
    kinds = np.arange(count) % len(LABELS)
    features = 5.0 + 3.0 * random.standard_normal((count, FRAMES, COEFFICIENTS))
    features[np.arange(count), :, kinds] += 12.0
    return features.astype(np.float32), kinds


@pytest.fixture(scope="module")
def run() -> Run:
    """A run with a small network."""
    import_tensorflow()
    import keras

    keras.utils.set_random_seed(1)
    features, kinds = features_of(np.random.default_rng(1), 300)
    normalisation = Normalisation((6.0,) * COEFFICIENTS, (4.0,) * COEFFICIENTS)
    model = keras.Sequential(
        [
            keras.layers.Input((FRAMES, COEFFICIENTS)),
            keras.layers.Conv1D(8, 3, activation="relu"),
            keras.layers.MaxPooling1D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(len(LABELS), activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(normalisation(features), kinds, epochs=10, verbose=0)
    description = Description(
        labels=LABELS,
        mfcc=MfccConfig(n_mels=16, n_mfcc=COEFFICIENTS),
        window_frames=FRAMES,
        normalisation=normalisation,
        temperature=1.5,
        abstain_below=0.4,
        trained_on=("folders", "tess"),
        opens_for="sound",
        parity_on="held-out",
    )
    parity, _ = features_of(np.random.default_rng(2), 200)
    return Run(model, description, features[:100], parity.reshape(100, 2, FRAMES, COEFFICIENTS))


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the exported files of that run."""
    out = tmp_path_factory.mktemp("exported") / "new"
    export_run(run, out)
    return out


@pytest.mark.parametrize("name", [FLOAT32, INT8])
def test_the_contract_holds_the_description_of_the_run(run, folder, name):
    contract = read_contract(folder / name)
    described = run.description
    assert contract.labels == described.labels
    assert contract.mfcc == described.mfcc
    assert contract.window_frames == described.window_frames
    assert contract.normalisation == described.normalisation
    assert contract.temperature == described.temperature
    assert contract.abstain_below == described.abstain_below
    assert contract.trained_on == described.trained_on
    assert contract.opens_for == described.opens_for


def test_the_float32_file_gives_the_logits_of_the_keras_model(run, folder):
    classifier = Classifier(folder / FLOAT32)
    windows = np.concatenate(run.parity)
    logits = np.array([classifier.run(frames).logits for frames in windows])
    probabilities = run.model.predict(run.description.normalisation(windows), verbose=0)
    np.testing.assert_allclose(softmax(logits), probabilities, atol=1e-4)
    assert logits.min() < 0.0, "the file still has a softmax"


def test_the_int8_file_is_int8_from_input_to_output_and_agrees_with_keras(run, folder):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(folder / INT8))
    types = {each["dtype"] for each in interpreter.get_tensor_details()}
    assert types <= {np.int8, np.int32}, (
        "weights and activations must be int8, biases and shapes int32"
    )
    assert interpreter.get_input_details()[0]["dtype"] == np.int8
    assert interpreter.get_output_details()[0]["dtype"] == np.int8
    assert np.mean(file_labels(folder / INT8, run) == keras_labels(run)) >= 0.97


@pytest.mark.parametrize("name", [FLOAT32, INT8])
def test_exported_files_run_on_the_last_tflite_runtime(folder, name):
    from ai_edge_litert import schema_py_generated as schema

    content = (folder / name).read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    [needs] = [each for each in model.metadata if each.name == b"min_runtime_version"]
    text = bytes(model.buffers[needs.buffer].data).rstrip(b"\0").decode()
    assert tuple(map(int, text.split(".")[:2])) <= (2, 14)
    dense = schema.BuiltinOperator.FULLY_CONNECTED
    assert all(code.version < 12 for code in model.operatorCodes if code.builtinCode == dense)


def test_exporting_twice_gives_the_same_bytes(run, folder, tmp_path):
    export_run(run, tmp_path)
    for name in (FLOAT32, INT8):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_export_does_not_change_the_keras_model(run):
    windows = np.concatenate(run.parity)
    before = run.model.predict(windows, verbose=0)
    logits_model(run.model)
    np.testing.assert_array_equal(run.model.predict(windows, verbose=0), before)


def test_a_network_without_a_softmax_is_refused():
    import keras

    model = keras.Sequential([keras.layers.Input((4, 2)), keras.layers.Flatten()])
    with pytest.raises(EmotiondError, match="no softmax"):
        logits_model(model)


@pytest.mark.parametrize(
    ("kind", "wrong", "fails"),
    [
        ("float32", 0, False),
        ("float32", 2, False),
        ("float32", 3, True),
        ("int8", 6, False),
        ("int8", 7, True),
    ],
)
def test_parity_allows_one_percent_of_clips_for_float32_and_three_for_int8(kind, wrong, fails):
    expected = np.zeros(200, int)
    actual = np.where(np.arange(200) < wrong, 1, 0)
    if fails:
        with pytest.raises(EmotiondError, match=f"the {kind} file disagrees .* {wrong / 200:.1%}"):
            check_parity(kind, expected, actual)
    else:
        assert check_parity(kind, expected, actual) == wrong / 200


def test_a_disagreeing_file_fails_the_export_and_leaves_the_old_files(run, tmp_path, monkeypatch):
    """Ranges of int8 from constant windows clip everything else: a real disagreement."""
    silent = run._replace(representative=np.full_like(run.representative, 6.0))
    (tmp_path / INT8).write_bytes(b"the old model")
    with pytest.raises(EmotiondError, match=r"export failed: the int8 file disagrees") as error:
        export_run(silent, tmp_path)
    assert error.value.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == [INT8]
    assert (tmp_path / INT8).read_bytes() == b"the old model"


def test_a_disagreeing_float32_file_fails_the_export(run, tmp_path, monkeypatch):
    def swapped(path: Path, run: Run) -> Any:
        labels = keras_labels(run)
        labels[:2] = (labels[:2] + 1) % len(LABELS)
        return labels

    monkeypatch.setattr(files, "file_labels", swapped)
    with pytest.raises(EmotiondError, match=r"float32 file disagrees .* on 2\.0% of 100 clips"):
        export_run(run, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_read_back_from_its_folder_unchanged(run, tmp_path):
    write_run(tmp_path, run)
    again = read_run(tmp_path)
    assert again.description == run.description
    np.testing.assert_array_equal(again.representative, run.representative)
    np.testing.assert_array_equal(keras_labels(again), keras_labels(run))


@pytest.mark.parametrize("name", ["run.json", "windows.npz", "model.keras"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "garbage"])
def test_a_damaged_run_is_refused_in_one_sentence(run, tmp_path, name, damage):
    write_run(tmp_path, run)
    path = tmp_path / name
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:100])
    else:
        path.write_bytes(b"garbage")
    with pytest.raises(InputError, match=str(tmp_path)):
        read_run(tmp_path)
