"""Weights of Whisper's encoder, from a file of Hugging Face's or of NumPy's kind."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotiond.errors import InputError, reason

Weights = Mapping[str, NDArray[np.float32]]
"""Weights by name; matrices are [shape=(outputs, inputs)], kernels (outputs, inputs, width)."""

SIZE: Final = 512
"""Numbers of a frame in Whisper base."""
BANDS: Final = 80
"""Mel bands of its input."""
POSITIONS: Final = "position_encodings.encodings"
PREFIX: Final = re.compile(r"(model\.)?encoder\.")
LAYER: Final = re.compile(r"layers\.(\d+)\.(.+)")
NAMES: Final = {
    "self_attn_layer_norm.weight": "self_attention.layer_norm.gamma",
    "self_attn_layer_norm.bias": "self_attention.layer_norm.beta",
    "self_attn.out_proj.weight": "self_attention.linear_1.weight",
    "self_attn.out_proj.bias": "self_attention.linear_1.bias",
    "final_layer_norm.weight": "ffn.layer_norm.gamma",
    "final_layer_norm.bias": "ffn.layer_norm.beta",
    "fc1.weight": "ffn.linear_0.weight",
    "fc1.bias": "ffn.linear_0.bias",
    "fc2.weight": "ffn.linear_1.weight",
    "fc2.bias": "ffn.linear_1.bias",
}
"""Hugging Face's name within a layer -> our name; query, key and value are joined below."""


def read_weights(path: Path, layers: int) -> Weights:
    """Read the stem and the first layers of Whisper base's encoder.

    Parameters
    ----------
    path : Path
        ``model.safetensors`` of ``openai/whisper-base``, or an ``.npz`` file with the names below.
    layers : int
        Number of layers that are needed, at least 1.

    Returns
    -------
    dict of str to np.ndarray [dtype=float32]
        ``conv1`` and ``conv2`` (``.weight``, ``.bias``), :data:`POSITIONS`, and for each layer
        ``layer_N.self_attention`` and ``layer_N.ffn`` with ``layer_norm`` (``.gamma``, ``.beta``),
        ``linear_0`` (query, key and value in this order, or the wide layer) and ``linear_1``.

    Raises
    ------
    InputError
        If the file can't be read, lacks a weight, or has weights of another size.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path) as file:
                found: dict[str, Any] = dict(file)
        else:
            from safetensors.numpy import load_file

            found = _renamed(load_file(path))
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error
    except Exception as error:  # safetensors and zipfile have errors of their own
        raise InputError(f"{path}: not a safetensors or .npz file: {error}") from error
    wanted = _shapes(layers)
    for name, shape in wanted.items():
        if name not in found:
            raise InputError(f"{path}: has no {name}; give model.safetensors of whisper-base")
        if found[name].shape != shape:
            raise InputError(
                f"{path}: {name} has shape {found[name].shape}, not {shape}; "
                "give model.safetensors of whisper-base"
            )
    return {name: np.asarray(found[name], np.float32) for name in wanted}


def _shapes(layers: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every weight that is needed."""
    shapes: dict[str, tuple[int, ...]] = {
        "conv1.weight": (SIZE, BANDS, 3),
        "conv1.bias": (SIZE,),
        "conv2.weight": (SIZE, SIZE, 3),
        "conv2.bias": (SIZE,),
        POSITIONS: (1500, SIZE),
    }
    for number in range(layers):
        for part, width, back in (("self_attention", 3, 1), ("ffn", 4, 4)):
            name = f"layer_{number}.{part}"
            shapes[f"{name}.layer_norm.gamma"] = shapes[f"{name}.layer_norm.beta"] = (SIZE,)
            shapes[f"{name}.linear_0.weight"] = (width * SIZE, SIZE)
            shapes[f"{name}.linear_0.bias"] = (width * SIZE,)
            shapes[f"{name}.linear_1.weight"] = (SIZE, back * SIZE)
            shapes[f"{name}.linear_1.bias"] = (SIZE,)
    return shapes


def _renamed(file: Weights) -> dict[str, NDArray[np.float32]]:
    """Return the weights of Hugging Face's file by our names."""
    weights: dict[str, NDArray[np.float32]] = {}
    inside = {PREFIX.sub("", name): each for name, each in file.items() if PREFIX.match(name)}
    for name, each in inside.items():
        match = LAYER.fullmatch(name)
        if match is None:
            weights[POSITIONS if name == "embed_positions.weight" else name] = each
        elif match[2] in NAMES:
            weights[f"layer_{match[1]}.{NAMES[match[2]]}"] = each
        elif match[2] == "self_attn.q_proj.weight":
            layer = f"layers.{match[1]}.self_attn"
            query, value = inside[f"{layer}.q_proj.bias"], inside[f"{layer}.v_proj.bias"]
            joined = f"layer_{match[1]}.self_attention.linear_0"
            weights[f"{joined}.weight"] = np.concatenate(
                [inside[f"{layer}.{part}_proj.weight"] for part in "qkv"]
            )
            # The key has no bias: it would move all scores of a query alike.
            weights[f"{joined}.bias"] = np.concatenate([query, np.zeros_like(query), value])
    return weights
