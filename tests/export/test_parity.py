"""Exported files carry the contract and agree with the Keras model, or are not written."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.errors import EmotiondError, InputError
from emotiond.features.mfcc import MfccConfig
from emotiond.model.contract import Normalisation, Outputs
from emotiond.model.file import read_contract
from emotiond.model.output import softmax
from emotiond.model.runtime import Classifier
from emotiond_export import files
from emotiond_export.convert import network_of
from emotiond_export.files import FLOAT32, export_run, quantised_name
from emotiond_export.parity import (
    LEAST_LEAD,
    check_embeddings,
    check_labels,
    file_results,
    keras_results,
)
from emotiond_export.tensorflow import import_tensorflow
from emotiond_export.training_run import Description, Run, read_run, write_run

FRAMES, COEFFICIENTS = 20, 8
LABELS = ("calm", "cross", "silly")
INT8, DYNAMIC = quantised_name("int8"), quantised_name("dynamic")
SIZE = 40
"""Numbers of the embedding."""


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


@pytest.fixture(scope="module")
def with_embedding(run: Run) -> Run:
    """A run whose network has an embedding, a frozen layer and large enough dense layers."""
    import keras

    keras.utils.set_random_seed(2)
    features = keras.Input((FRAMES, COEFFICIENTS))
    rows = keras.layers.Conv1D(64, 3, activation="relu", trainable=False)(features)
    row = keras.layers.GlobalAveragePooling1D()(rows)
    row = keras.layers.Dense(SIZE, activation="tanh", name="embedding")(row)
    row = keras.layers.Dense(48, activation="relu")(row)
    model = keras.Model(features, keras.layers.Dense(len(LABELS), activation="softmax")(row))
    windows, kinds = features_of(np.random.default_rng(1), 300)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(run.description.normalisation(windows), kinds, epochs=20, verbose=0)
    return run._replace(model=model)


def quantised(run: Run, quantisation: str) -> Run:
    """Return a run whose second file is of the other kind."""
    changed = msgspec.structs.replace(run.description, quantisation=quantisation)
    return run._replace(description=changed)


@pytest.fixture(scope="module", params=["int8", "dynamic"])
def embedding_folder(
    with_embedding: Run, request, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Folder with the exported files of a run with an embedding, and the name of the small one."""
    out = tmp_path_factory.mktemp("exported")
    export_run(quantised(with_embedding, request.param), out)
    return out, quantised_name(request.param)


def test_a_run_with_an_embedding_exports_both_outputs_by_their_names(
    with_embedding, embedding_folder
):
    folder, small = embedding_folder
    expected = keras_results(with_embedding)
    assert sorted(path.name for path in folder.iterdir()) == sorted([FLOAT32, small])
    for name in (FLOAT32, small):
        contract = read_contract(folder / name)
        assert contract.outputs == Outputs("logits", "embedding")
        assert contract.embedding_size == SIZE
        found = file_results(folder / name, with_embedding)
        assert np.mean(found.labels == expected.labels) >= 0.97
        assert found.embeddings.shape == expected.embeddings.shape == (200, SIZE)
        assert check_embeddings("float32", expected.embeddings, found.embeddings) >= 0.98
    exact = file_results(folder / FLOAT32, with_embedding).embeddings
    np.testing.assert_allclose(exact, expected.embeddings, atol=1e-4)


def test_a_dynamic_range_file_has_float_tensors_at_its_ends_and_int8_weights(
    with_embedding, tmp_path
):
    from ai_edge_litert.interpreter import Interpreter

    export_run(quantised(with_embedding, "dynamic"), tmp_path)
    interpreter = Interpreter(str(tmp_path / DYNAMIC))
    types = {each["dtype"] for each in interpreter.get_tensor_details()}
    assert np.int8 in types
    ends = interpreter.get_input_details() + interpreter.get_output_details()
    assert {each["dtype"] for each in ends} == {np.float32}
    size, whole = ((tmp_path / name).stat().st_size for name in (DYNAMIC, FLOAT32))
    assert size < whole


def test_a_run_without_an_embedding_exports_only_logits(run, folder):
    contract = read_contract(folder / INT8)
    assert (contract.outputs, contract.embedding_size) == (Outputs("logits"), None)
    assert keras_results(run).embeddings is None
    assert file_results(folder / INT8, run).embeddings is None


def test_an_embedding_that_is_no_row_of_numbers_is_refused():
    import keras

    features = keras.Input((FRAMES, COEFFICIENTS))
    rows = keras.layers.Conv1D(4, 3, name="embedding")(features)
    row = keras.layers.GlobalAveragePooling1D()(rows)
    model = keras.Model(features, keras.layers.Dense(3, activation="softmax")(row))
    with pytest.raises(EmotiondError, match=r"layer embedding gives numbers of shape \[18, 4\]"):
        network_of(model)


def test_embeddings_that_disagree_fail_the_export_and_leave_the_old_files(
    with_embedding, tmp_path, monkeypatch
):
    def turned(path: Path, run: Run) -> Any:
        return keras_results(run)._replace(embeddings=keras_results(run).embeddings[:, ::-1])

    monkeypatch.setattr(files, "file_results", turned)
    (tmp_path / DYNAMIC).write_bytes(b"the old model")
    with pytest.raises(EmotiondError, match="float32 file's embeddings have a mean cosine of"):
        export_run(quantised(with_embedding, "dynamic"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [DYNAMIC]
    assert (tmp_path / DYNAMIC).read_bytes() == b"the old model"


@given(
    seed=st.integers(0, 1000),
    noise=st.sampled_from([0.0, 0.01, 0.1, 1.0]),
    offset=st.sampled_from([0.0, 100.0]),
)
def test_embeddings_are_compared_without_what_all_windows_share(seed, noise, offset):
    random = np.random.default_rng(seed)
    expected = random.normal(0.0, 1.0, (50, 20)) * 10.0 ** random.uniform(-3, 3, 20) + offset
    expected[:, 0] = offset  # a number that never changes
    deviation = expected.std(axis=0)
    actual = expected + noise * deviation * random.normal(0.0, 1.0, expected.shape)
    if noise < 1.0:
        cosine = check_embeddings("dynamic", expected, actual)
        assert cosine == pytest.approx(1.0 / np.sqrt(1.0 + noise**2), abs=0.01)
    else:
        with pytest.raises(EmotiondError, match=r"the dynamic file's .*, less than the 0\.98"):
            check_embeddings("dynamic", expected, actual)


def test_an_embedding_that_is_the_same_for_all_windows_fails_the_export():
    same = np.ones((10, 4))
    with pytest.raises(EmotiondError, match="the same for all parity windows"):
        check_embeddings("float32", same, same)


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
    assert np.mean(file_results(folder / INT8, run).labels == keras_results(run).labels) >= 0.97


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
    network_of(run.model)
    np.testing.assert_array_equal(run.model.predict(windows, verbose=0), before)


def test_a_network_without_a_softmax_is_refused():
    import keras

    model = keras.Sequential([keras.layers.Input((4, 2)), keras.layers.Flatten()])
    with pytest.raises(EmotiondError, match="no softmax"):
        network_of(model)


@pytest.mark.parametrize(
    ("kind", "wrong", "fails"),
    [
        ("float32", 0, False),
        ("float32", 2, False),
        ("float32", 3, True),
        ("int8", 6, False),
        ("int8", 7, True),
        ("dynamic", 6, False),
        ("dynamic", 7, True),
    ],
)
def test_parity_allows_one_percent_of_clips_for_float32_and_three_for_the_others(
    kind, wrong, fails
):
    expected = np.zeros(200, int)
    actual = np.where(np.arange(200) < wrong, 1, 0)
    if fails:
        with pytest.raises(EmotiondError, match=f"the {kind} file disagrees .* {wrong / 200:.1%}"):
            check_labels(kind, expected, actual)
    else:
        assert check_labels(kind, expected, actual) == wrong / 200


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
        results = keras_results(run)
        sure = np.flatnonzero(results.leads >= LEAST_LEAD)[:2]
        results.labels[sure] = (results.labels[sure] + 1) % len(LABELS)
        return results

    monkeypatch.setattr(files, "file_results", swapped)
    with pytest.raises(EmotiondError, match=r"float32 file disagrees .* more than the 1% allowed"):
        export_run(run, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_read_back_from_its_folder_unchanged(run, tmp_path):
    write_run(tmp_path, run)
    again = read_run(tmp_path)
    assert again.description == run.description
    np.testing.assert_array_equal(again.representative, run.representative)
    np.testing.assert_array_equal(keras_results(again).labels, keras_results(run).labels)


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
