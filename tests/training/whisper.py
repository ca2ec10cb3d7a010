"""A small network on Whisper's layers for tests: random weights, one layer, short windows."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from emotiond_training.networks.whisper import Whisper
from emotiond_training.networks.whisper_weights import POSITIONS
from emotiond_training.recipe import Recipe, load_recipe

SIZE = 512
FRAMES = 24


def small_recipe(**changes: Any) -> Recipe:
    """Return the recipe ``whisper`` with one layer and windows of a quarter of a second."""
    recipe = load_recipe("whisper")
    features = msgspec.structs.replace(recipe.features, window_frames=FRAMES)
    given: dict[str, Any] = {"features": features, "network": Whisper(layers=1)}
    return msgspec.structs.replace(recipe, **{**given, **changes})


def random_weights(layers: int) -> dict[str, Any]:
    """Return weights of the sizes of Whisper base, small enough that nothing explodes."""
    random = np.random.default_rng(5)

    def some(*shape: int, scale: float = 0.03) -> Any:
        return (scale * random.standard_normal(shape)).astype(np.float16)

    found = {
        "conv1.weight": some(SIZE, 80, 3),
        "conv1.bias": some(SIZE),
        "conv2.weight": some(SIZE, SIZE, 3),
        "conv2.bias": some(SIZE),
        POSITIONS: some(1500, SIZE, scale=0.3),
    }
    for number in range(layers):
        for part, width, inner in (("self_attention", 3 * SIZE, SIZE), ("ffn", 4 * SIZE, 4 * SIZE)):
            name = f"layer_{number}.{part}"
            found[f"{name}.layer_norm.gamma"] = 1 + some(SIZE)
            found[f"{name}.layer_norm.beta"] = some(SIZE)
            found[f"{name}.linear_0.weight"] = some(width, SIZE)
            found[f"{name}.linear_0.bias"] = some(width)
            found[f"{name}.linear_1.weight"] = some(SIZE, inner)
            found[f"{name}.linear_1.bias"] = some(SIZE)
        # The key has no bias.
        found[f"layer_{number}.self_attention.linear_0.bias"][SIZE : 2 * SIZE] = 0
    return found


def write_weights(folder: Path) -> Path:
    """Write weights of one layer to a folder, and return their file."""
    path = folder / "encoder.npz"
    np.savez(path, **random_weights(1))
    return path
