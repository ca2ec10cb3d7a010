"""The Whisper network computes what its weights mean, from either kind of file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotiond.errors import InputError
from emotiond.features.mfcc import dct_matrix
from emotiond_export.tensorflow import import_tensorflow
from emotiond_training.networks.perceptron import Perceptron, silent, with_classifier
from emotiond_training.networks.whisper import LOUDEST_DB, Whisper, trunk
from emotiond_training.networks.whisper_weights import POSITIONS, Weights, read_weights
from tests.training.whisper import FRAMES, SIZE, random_weights

LAYERS = 2


@pytest.fixture(scope="module", autouse=True)
def tensorflow() -> None:
    import_tensorflow()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """Return random weights, written and read."""
    path = tmp_path_factory.mktemp("weights") / "encoder.npz"
    np.savez(path, **random_weights(LAYERS))
    return read_weights(path, LAYERS)


def hugging_face(ours: dict[str, Any]) -> dict[str, Any]:
    """Return weights by the names of Hugging Face's file of the whole recogniser."""
    theirs = {
        "model.encoder.conv1.weight": ours["conv1.weight"],
        "model.encoder.conv1.bias": ours["conv1.bias"],
        "model.encoder.conv2.weight": ours["conv2.weight"],
        "model.encoder.conv2.bias": ours["conv2.bias"],
        "model.encoder.embed_positions.weight": ours[POSITIONS],
        "model.encoder.layer_norm.weight": np.zeros(SIZE, np.float16),
        "model.decoder.layers.0.fc1.weight": np.zeros((4 * SIZE, SIZE), np.float16),
    }
    for number in range(LAYERS):
        mine, layer = f"layer_{number}", f"model.encoder.layers.{number}"
        parts = np.split(ours[f"{mine}.self_attention.linear_0.weight"], 3)
        biases = np.split(ours[f"{mine}.self_attention.linear_0.bias"], 3)
        for name, matrix, bias in zip("qkv", parts, biases, strict=True):
            theirs[f"{layer}.self_attn.{name}_proj.weight"] = matrix
            if name != "k":
                theirs[f"{layer}.self_attn.{name}_proj.bias"] = bias
        for kind in ("weight", "bias"):
            attention, wide = f"{mine}.self_attention", f"{mine}.ffn"
            theirs[f"{layer}.self_attn.out_proj.{kind}"] = ours[f"{attention}.linear_1.{kind}"]
            theirs[f"{layer}.fc1.{kind}"] = ours[f"{wide}.linear_0.{kind}"]
            theirs[f"{layer}.fc2.{kind}"] = ours[f"{wide}.linear_1.{kind}"]
            ours_kind = {"weight": "gamma", "bias": "beta"}[kind]
            theirs[f"{layer}.self_attn_layer_norm.{kind}"] = ours[
                f"{attention}.layer_norm.{ours_kind}"
            ]
            theirs[f"{layer}.final_layer_norm.{kind}"] = ours[f"{wide}.layer_norm.{ours_kind}"]
    return theirs


def gelu(x: Any) -> Any:
    from math import erf

    return x * 0.5 * (1.0 + np.vectorize(erf)(x / 2**0.5))


def reference(log_mel: Any, weights: Weights) -> list[Any]:
    """Return the outputs of the layers for a spectrum (dB), in plain NumPy."""

    def convolved(x: Any, name: str, stride: int) -> Any:
        padded = np.pad(x, ((1, 1), (0, 0)))
        kernel = weights[f"{name}.weight"]
        places = range(0, len(x), stride)
        rows = [np.einsum("oik,ki->o", kernel, padded[at : at + 3]) for at in places]
        return gelu(np.array(rows) + weights[f"{name}.bias"])

    def dense(x: Any, name: str) -> Any:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normal(x: Any, name: str) -> Any:
        centred = x - x.mean(1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
        return scaled * weights[f"{name}.gamma"] + weights[f"{name}.beta"]

    x = convolved(convolved((log_mel / 10 + 4) / 4, "conv1", 1), "conv2", 2)
    x = x + weights[POSITIONS][: len(x)]
    outputs = []
    for number in range(LAYERS):
        name = f"layer_{number}.self_attention"
        mixed = dense(normal(x, f"{name}.layer_norm"), f"{name}.linear_0")
        heads = []
        for head in range(8):
            query, key, value = (
                part[:, 64 * head : 64 * head + 64] for part in np.split(mixed, 3, axis=1)
            )
            scores = np.exp(query @ key.T / 8.0)
            heads.append(scores / scores.sum(1, keepdims=True) @ value)
        x = x + dense(np.hstack(heads), f"{name}.linear_1")
        name = f"layer_{number}.ffn"
        x = x + dense(
            gelu(dense(normal(x, f"{name}.layer_norm"), f"{name}.linear_0")), f"{name}.linear_1"
        )
        outputs.append(x)
    return outputs


def moments(x: Any, weight: Any) -> list[Any]:
    share = weight / weight.sum()
    mean = share @ x
    return [mean, np.sqrt(share @ (x - mean) ** 2)]


def test_the_trunk_equals_whisper_in_plain_numpy(weights: Weights) -> None:
    random = np.random.default_rng(0)
    spectrum = random.normal(-30.0, 15.0, (FRAMES, 80)).astype(np.float32)
    frames = spectrum @ dct_matrix(80).T
    found = trunk(Whisper(layers=LAYERS), FRAMES, weights).predict(frames[None], verbose=0)[0]
    log_mel = spectrum + LOUDEST_DB
    log_mel = np.maximum(log_mel, log_mel.max() - 80.0)
    power = (10 ** (log_mel / 10)).mean(1)
    weight = (power / power.max()) ** 0.25
    share = weight[1:] / weight[1:].sum()
    expected = [*moments(log_mel, weight), share @ np.abs(np.diff(log_mel, axis=0))]
    for output in reference(log_mel, weights):
        expected += moments(output, weight.reshape(-1, 2).mean(1))
    assert np.abs(found - np.concatenate(expected)).max() < 2e-3


def test_both_kinds_of_files_give_the_same_weights(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    ours = random_weights(LAYERS)
    np.savez(tmp_path / "ours.npz", **ours)
    save_file(
        {name: np.ascontiguousarray(each) for name, each in hugging_face(ours).items()},
        tmp_path / "model.safetensors",
    )
    one = read_weights(tmp_path / "ours.npz", LAYERS)
    other = read_weights(tmp_path / "model.safetensors", LAYERS)
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_the_classifier_sees_standardised_statistics(weights: Weights) -> None:
    base = trunk(Whisper(layers=1), FRAMES, weights)
    random = np.random.default_rng(1)
    size = base.output.shape[-1]
    classifier = Perceptron(
        mean=random.normal(size=size),
        deviation=random.uniform(0.5, 2.0, size),
        hidden_kernel=random.normal(size=(size, 5)) / size**0.5,
        hidden_bias=random.normal(size=5),
        kernel=random.normal(size=(5, 3)),
        bias=random.normal(size=3),
    )
    frames = random.normal(-5.0, 20.0, (2, FRAMES, 80)).astype(np.float32)
    statistics = base.predict(frames, verbose=0)
    standard = (statistics - classifier.mean) / classifier.deviation
    hidden = np.maximum(standard @ classifier.hidden_kernel + classifier.hidden_bias, 0.0)
    logits = hidden @ classifier.kernel + classifier.bias
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    whole = with_classifier(base, classifier)
    assert np.abs(whole.predict(frames, verbose=0) - expected).max() < 1e-4
    assert np.allclose(classifier.logits(statistics), logits, atol=1e-4)


def test_a_silent_classifier_says_nothing_and_leaves_the_statistics(weights: Weights) -> None:
    base = trunk(Whisper(layers=1), FRAMES, weights)
    frames = np.random.default_rng(1).normal(-5.0, 20.0, (2, FRAMES, 80)).astype(np.float32)
    statistics = base.predict(frames, verbose=0)
    classifier = silent(statistics.shape[1], 3)
    assert np.array_equal(classifier.standard(statistics), statistics)
    shares = with_classifier(base, classifier).predict(frames, verbose=0)
    assert shares == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.npz", None, "no such file"),
        ("text.npz", b"hello", "not a safetensors or .npz file"),
        ("text.safetensors", b"hello", "not a safetensors or .npz file"),
        ("model.bin", b"hello", "not a safetensors or .npz file"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_weights(tmp_path / name, 1)


def test_weights_of_another_size_or_too_few_layers_are_refused(tmp_path: Path) -> None:
    weights = random_weights(LAYERS)
    np.savez(tmp_path / "few.npz", **weights)
    with pytest.raises(InputError, match=r"has no layer_2.*whisper-base"):
        read_weights(tmp_path / "few.npz", LAYERS + 1)
    weights["conv1.weight"] = weights["conv1.weight"][:384]
    np.savez(tmp_path / "tiny.npz", **weights)
    with pytest.raises(InputError, match=r"conv1.weight has shape .*whisper-base"):
        read_weights(tmp_path / "tiny.npz", LAYERS)
