"""The classifier: it keeps the contract, on either runtime."""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.errors import EmotiondError, ModelError
from emotiond.model import runtime
from emotiond.model.contract import Contract, Outputs
from emotiond.model.file import write_model
from emotiond.model.output import Output, softmax
from emotiond.model.runtime import Classifier, dequantise, quantise
from emotiond_export.embedding import with_embedding
from tests.networks import without_embedding


@pytest.fixture
def frames(contract: Contract) -> np.ndarray:
    shape = (contract.window_frames, contract.mfcc.n_mfcc)
    return np.random.default_rng(0).normal(0, 20, shape).astype(np.float32)


def tensor(dtype: type, scale: float = 0.0, zero: int = 0) -> dict[str, object]:
    return {"dtype": dtype, "quantization": (scale, zero)}


def test_probabilities_are_a_distribution_and_the_same_at_each_run(
    model_path: Path, frames: np.ndarray
) -> None:
    classifier = Classifier(model_path)
    before = frames.copy()
    output = classifier.run(frames)
    assert output.logits.dtype == np.float32
    first = output.probabilities(classifier.contract.temperature)
    assert first.shape == (len(classifier.contract.labels),)
    assert first.dtype == np.float32
    assert (first >= 0).all()
    assert first.sum() == pytest.approx(1.0, abs=1e-5)
    classifier.run(frames * 0.5)
    np.testing.assert_array_equal(classifier.run(frames).logits, output.logits)
    np.testing.assert_array_equal(Classifier(model_path).run(frames).logits, output.logits)
    np.testing.assert_array_equal(frames, before)


def test_outputs_are_found_by_their_names_whatever_their_order(
    plain_path: Path, embedding_path: Path, frames: np.ndarray
) -> None:
    expected, found = (Classifier(each).run(frames) for each in (plain_path, embedding_path))
    np.testing.assert_array_equal(found.logits, expected.logits)
    assert expected.embedding is None
    assert found.embedding is not None
    assert (found.embedding.shape, found.embedding.dtype) == ((360,), np.float32)
    other = Classifier(embedding_path).run(frames * 0.5)
    assert other.embedding is not None
    assert np.abs(other.embedding - found.embedding).max() > 0.01


@pytest.mark.parametrize(
    ("names", "wanted", "size", "words"),
    [
        (
            ("a", "b"),
            Outputs("a", "logits"),
            360,
            r"[^:]* names an output logits .* \(it has a, b\)",
        ),
        (("a", "b"), Outputs("b", "a"), 360, r"its b has shape \[1, 360\]"),
        (("a", "b"), Outputs("a", "b"), 361, r"its b has shape \[1, 360\], .* \[1, 361\]"),
        (("a", "b"), None, None, "its network has 2 outputs, its contract names none"),
    ],
    ids=["missing", "exchanged", "another size", "no names"],
)
def test_outputs_that_the_contract_does_not_describe_are_refused(
    tmp_path: Path,
    flatbuffer: bytes,
    contract: Contract,
    names: tuple[str, str],
    wanted: Outputs | None,
    size: int | None,
    words: str,
) -> None:
    path = tmp_path / "wrong.tflite"
    described = msgspec.structs.replace(contract, outputs=wanted, embedding_size=size)
    network, _ = with_embedding(without_embedding(flatbuffer), Outputs(*names))
    write_model(path, network, described)
    with pytest.raises(ModelError, match=f"model {re.escape(str(path))}: {words}") as caught:
        Classifier(path)
    assert "\n" not in str(caught.value)


def test_a_name_for_an_output_of_a_network_that_names_none_is_refused(
    plain_path: Path, monkeypatch: pytest.MonkeyPatch, embedding_path: Path
) -> None:
    interpreter = runtime.load_runtime()[1]

    def refuse(self: object) -> None:
        raise ValueError("None is only allowed when the model has 1 SignatureDef")

    monkeypatch.setattr(interpreter, "get_signature_runner", refuse)
    with pytest.raises(ModelError, match=r"an output logits .* \(it names none\)"):
        Classifier(embedding_path)
    Classifier(plain_path)


def test_a_network_for_a_later_runtime_is_said_to_need_litert(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tflite-runtime 2.14 says so of a dynamic-range network."""
    said = (
        "Didn't find op for builtin opcode 'FULLY_CONNECTED' version '12'. An older version of "
        "this builtin might be supported.\nRegistration failed.\n"
    )

    def refuse(**_: object) -> None:
        raise ValueError(said)

    monkeypatch.setattr(runtime, "load_runtime", lambda: ("tflite_runtime", refuse))
    with pytest.raises(ModelError) as caught:
        Classifier(model_path)
    words = "needs ai-edge-litert; tflite_runtime is too old for its network"
    assert str(caught.value) == f"model {model_path}: {words}"
    monkeypatch.setattr(runtime, "load_runtime", lambda: ("ai_edge_litert", refuse))
    with pytest.raises(ModelError, match="ai_edge_litert refuses it: Didn't find op"):
        Classifier(model_path)


def test_temperature_labels_and_normalisation_come_from_the_contract(
    model_path: Path, tmp_path: Path, flatbuffer: bytes, contract: Contract, frames: np.ndarray
) -> None:
    shipped = Classifier(model_path)
    labels = tuple(f"sound {i}" for i in range(len(contract.labels)))
    changed = msgspec.structs.replace(
        contract,
        labels=labels,
        temperature=contract.temperature * 4.0,
        normalisation=msgspec.structs.replace(
            contract.normalisation,
            mean=tuple(2.0 * each for each in contract.normalisation.mean),
            std=tuple(2.0 * each for each in contract.normalisation.std),
        ),
    )
    path = tmp_path / "changed.tflite"
    write_model(path, flatbuffer, changed)
    other = Classifier(path)
    assert other.contract.labels == labels
    logits = shipped.run(frames).logits
    found = other.run(frames * 2.0)  # a factor of 2 is exact
    np.testing.assert_array_equal(found.logits, logits)
    np.testing.assert_allclose(
        found.probabilities(other.contract.temperature),
        softmax(logits / np.float32(contract.temperature * 4.0)),
        rtol=1e-5,
    )


def test_a_loaded_model_ignores_changes_of_its_file(
    tmp_path: Path, model_path: Path, frames: np.ndarray
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(model_path.read_bytes())
    classifier = Classifier(path)
    before = classifier.run(frames).logits
    with path.open("rb+") as file:
        file.write(b"\xff" * 10_000)
        file.truncate(10_000)
    np.testing.assert_array_equal(classifier.run(frames).logits, before)
    path.unlink()
    np.testing.assert_array_equal(classifier.run(frames).logits, before)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: {"window_frames": c.window_frames + 1}, "its input has shape"),
        (lambda c: {"labels": (*c.labels, "one more")}, "its logits has shape"),
        (lambda c: {"labels": c.labels[:-1]}, "its logits has shape"),
    ],
    ids=["window", "a label too many", "a label too few"],
)
def test_a_contract_that_disagrees_with_the_network_is_refused(
    tmp_path: Path, flatbuffer: bytes, contract: Contract, change, words: str
) -> None:
    path = tmp_path / "wrong.tflite"
    write_model(path, flatbuffer, msgspec.structs.replace(contract, **change(contract)))
    with pytest.raises(ModelError, match=f"model {re.escape(str(path))}: {words}"):
        Classifier(path)


@pytest.mark.parametrize("body", [b"", b"\xff" * 2000, b"\x7f" * 2000, bytes(200_000)])
def test_bytes_that_are_no_network_are_refused_without_a_crash(
    tmp_path: Path, flatbuffer: bytes, contract: Contract, body: bytes
) -> None:
    path = tmp_path / "none.tflite"
    write_model(path, flatbuffer[:8] + body, contract)
    # In its own process: a native runtime may crash it.
    ended = subprocess.run(
        [sys.executable, "-m", "emotiond", "model", str(path)],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2, ended
    assert ended.stderr.count(b"\n") == 1
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("broken", [0, 1])
def test_a_network_whose_results_are_not_finite_is_refused(
    embedding_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    run = Classifier.run

    def spoilt(self: Classifier, frames: np.ndarray) -> Output:
        outputs = list(run(self, frames))
        outputs[broken] = np.full_like(outputs[broken], np.nan)
        return Output(*outputs)

    monkeypatch.setattr(Classifier, "run", spoilt)
    with pytest.raises(ModelError, match="not finite"):
        Classifier(embedding_path)


def test_litert_is_preferred_to_tflite_runtime_and_without_both_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in runtime.RUNTIMES:
        module = SimpleNamespace(Interpreter=f"the one of {name}")
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(interpreter=module))
        monkeypatch.setitem(sys.modules, f"{name}.interpreter", module)
    for name in runtime.RUNTIMES:
        assert runtime.load_runtime() == (name, f"the one of {name}")
        monkeypatch.setitem(sys.modules, f"{name}.interpreter", None)
    with pytest.raises(EmotiondError, match="install ai-edge-litert"):
        runtime.load_runtime()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise ImportError('no version GLIBC_2.38\\nneeded by x')", "no version GLIBC_2.38)"),
        ("raise OSError('cannot load library')", "cannot load library"),
        ("raise AttributeError('_ARRAY_API not found')", "_ARRAY_API not found"),
        ("import no_such_package", "No module named 'no_such_package'"),
        ("raise ValueError", "ValueError"),
        ("Interpreter_ = 1", "has no attribute 'Interpreter'"),
    ],
)
def test_an_installed_runtime_that_can_not_be_imported_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    broken, other = names = [f"{name}_{tmp_path.name}" for name in ("broken", "other")]
    monkeypatch.setattr(runtime, "RUNTIMES", names)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / broken).mkdir()
    (tmp_path / broken / "interpreter.py").write_text(source)
    with pytest.raises(EmotiondError) as caught:
        runtime.load_runtime()
    message = str(caught.value)
    assert message.startswith(f"{broken} is installed but can't be imported (")
    assert reason in message
    again = f"pip install --force-reinstall {broken.replace('_', '-')}"
    assert message.endswith(f"install it again: {again}")
    # One that works takes its place.
    (tmp_path / other).mkdir()
    (tmp_path / other / "interpreter.py").write_text("Interpreter = 'works'")
    importlib.invalidate_caches()
    assert runtime.load_runtime() == (other, "works")


@given(
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20),
    scale=st.sampled_from([2.0**-12, 0.013, 0.1, 1.0, 7.5]),
    zero=st.integers(-128, 127),
    dtype=st.sampled_from([np.int8, np.uint8]),
)
def test_quantising_is_exact_to_half_a_step_and_clips_at_the_limits(
    values: list[float], scale: float, zero: int, dtype: type
) -> None:
    limits = np.iinfo(dtype)
    zero = zero - np.iinfo(np.int8).min + limits.min
    given_values = np.array(values, np.float32)
    kind = tensor(dtype, scale, zero)
    quantised = quantise(given_values, kind)
    assert quantised.dtype == dtype
    back = dequantise(quantised, kind)
    assert back.dtype == np.float32
    low, high = ((limit - zero) * scale for limit in (limits.min, limits.max))
    expected = np.clip(given_values.astype(np.float64), low, high)
    np.testing.assert_allclose(back, expected, rtol=1e-5, atol=scale * 0.501)
    np.testing.assert_array_equal(quantise(back, kind), quantised)


def test_float_tensors_leave_values_unchanged() -> None:
    values = np.array([1.5, -2.25], np.float32)
    np.testing.assert_array_equal(quantise(values, tensor(np.float32)), values)
    np.testing.assert_array_equal(dequantise(values, tensor(np.float32)), values)


@given(logits=st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=2, max_size=8))
def test_softmax_is_a_distribution_with_its_maximum_at_the_largest_logit(
    logits: list[float],
) -> None:
    probabilities = softmax(np.array(logits, np.float32))
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-5)
    assert probabilities[int(np.argmax(logits))] == probabilities.max()


def test_softmax_treats_each_row_alone() -> None:
    logits = np.random.default_rng(0).normal(0.0, 3.0, (4, 7)).astype(np.float32)
    together = softmax(logits)
    for row, alone in zip(together, logits, strict=True):
        np.testing.assert_array_equal(row, softmax(alone))
