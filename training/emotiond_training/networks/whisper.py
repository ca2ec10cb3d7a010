"""Whisper network: the first encoder layers of a speech recogniser, and statistics over time.

The layers were trained on 680,000 hours of speech in 97 languages, so what they tell about a voice
holds for voices that no corpus of emotions has. They stay as they are; only the classifier behind
their statistics is trained. Source: A. Radford et al., "Robust Speech Recognition via Large-Scale
Weak Supervision", ICML 2023, https://arxiv.org/abs/2212.04356.
"""

import math
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from emotiond.features.mfcc import MfccConfig, dct_matrix
from emotiond.model.contract import Normalisation
from emotiond_training.networks.whisper_weights import BANDS, POSITIONS, Weights

HEADS: Final = 8
"""Attention heads of a layer in Whisper base."""
LOUDEST_DB: Final = -20.0
"""Mean level of the bands of the loudest frame that every window is brought to (dB).

Recordings with a peak at half of full scale have -29 to -17 dB.
"""
DEPTH_DB: Final = 80.0
"""Depth of the spectrum below its largest value (dB), as Whisper cuts it."""
WHISPER: Final = MfccConfig(
    sample_rate=16_000, frame_length=400, hop_length=160, n_mels=BANDS, n_mfcc=BANDS
)
"""Features whose cosine transform is undone give Whisper's spectrum."""
LONGEST: Final = 3000
"""Most frames of a window: there are positions for 30 s."""
NORMALISATION: Final = Normalisation((0.0,) * BANDS, (1.0,) * BANDS, "loudest")
"""Normalisation of the MFCCs: only the gain of the microphone is taken out."""
LEAST_VARIANCE: Final = 1e-6
"""Added to a variance, so that its root has a slope everywhere."""


class Whisper(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="whisper"
):
    """Settings of :func:`trunk`.

    Parameters
    ----------
    layers : int
        Number of encoder layers, 1 to 4.
    """

    layers: Annotated[int, msgspec.Meta(ge=1, le=4)] = 4


def trunk(settings: Whisper, frames: int, weights: Weights) -> Any:
    """Build the network without its classifier.

    Parameters
    ----------
    settings : Whisper
        Settings.
    frames : int
        Frames of a window; even.
    weights : dict of str to np.ndarray
        As :func:`~emotiond_training.networks.whisper_weights.read_weights` returns them.

    Returns
    -------
    keras.Model
        Input: MFCCs by :data:`NORMALISATION` [shape=(batch, frames, 80)]. Output: statistics over
        time [shape=(batch, 240 + 1024 * layers)]: of the mel bands mean, deviation and mean change
        from frame to frame; of each layer mean and deviation. All are weighted by the energy of
        the frames, since the pauses of a window tell nothing.
    """
    import keras

    layers = keras.layers
    inputs = layers.Input((frames, BANDS))
    undone = _fixed(layers.Dense(BANDS), inputs, [dct_matrix(BANDS), np.full(BANDS, LOUDEST_DB)])
    deepest = keras.ops.max(undone, axis=(1, 2), keepdims=True) - DEPTH_DB
    log_mel = keras.ops.maximum(undone, deepest)
    weight = _energy(log_mel)
    parts = [*_moments(log_mel, weight), _change(log_mel, weight)]
    x = log_mel / 40.0 + 1.0  # Whisper's scale: (log10 + 4) / 4
    x = _convolved(x, weights, "conv1", 1)
    x = _convolved(x, weights, "conv2", 2)
    x = x + weights[POSITIONS][: frames // 2]
    halved = layers.AveragePooling1D(2)(weight)  # the stem's stride is 2
    for number in range(settings.layers):
        x = _attended(x, weights, f"layer_{number}.self_attention")
        x = _widened(x, weights, f"layer_{number}.ffn")
        parts += _moments(x, halved)
    return keras.Model(inputs, layers.Concatenate()(parts), name="trunk")


def _fixed(layer: Any, x: Any, values: list[Any]) -> Any:
    """Apply a layer whose weights are set and stay."""
    y = layer(x)
    layer.set_weights(values)
    layer.trainable = False
    return y


def _energy(log_mel: Any) -> Any:
    """Return the weight of each frame, at most 1 [shape=(batch, frames, 1)].

    It is the fourth root of the power: between equal weights, which are better in a quiet room, and
    the square root, which is better in noise.
    """
    from keras import ops

    power = ops.mean(ops.exp(log_mel * (math.log(10.0) / 10.0)), axis=2, keepdims=True)
    return ops.sqrt(ops.sqrt(power / ops.max(power, axis=1, keepdims=True)))


def _moments(x: Any, weight: Any) -> list[Any]:
    """Return weighted mean and standard deviation over time, each [shape=(batch, features)]."""
    from keras import ops

    share = weight / ops.sum(weight, axis=1, keepdims=True)
    mean = ops.sum(x * share, axis=1, keepdims=True)
    variance = ops.sum(ops.square(x - mean) * share, axis=1)
    return [ops.squeeze(mean, 1), ops.sqrt(variance + LEAST_VARIANCE)]


def _change(x: Any, weight: Any) -> Any:
    """Return the weighted mean of the absolute change between frames [shape=(batch, bands)]."""
    from keras import ops

    later = weight[:, 1:]
    share = later / ops.sum(later, axis=1, keepdims=True)
    return ops.sum(ops.abs(x[:, 1:] - x[:, :-1]) * share, axis=1)


def _convolved(x: Any, weights: Weights, name: str, stride: int) -> Any:
    import keras

    kernel = weights[f"{name}.weight"]
    size, _, width = kernel.shape
    x = keras.layers.ZeroPadding1D(width // 2)(x)
    layer = keras.layers.Conv1D(size, width, stride, activation="gelu")
    return _fixed(layer, x, [kernel.transpose(2, 1, 0), weights[f"{name}.bias"]])


def _normalised(x: Any, weights: Weights, name: str) -> Any:
    import keras

    layer = keras.layers.LayerNormalization(epsilon=1e-5)
    return _fixed(layer, x, [weights[f"{name}.gamma"], weights[f"{name}.beta"]])


def _dense(x: Any, weights: Weights, name: str, activation: str | None = None) -> Any:
    import keras

    kernel = weights[f"{name}.weight"]
    layer = keras.layers.Dense(len(kernel), activation)
    return _fixed(layer, x, [kernel.T, weights[f"{name}.bias"]])


def _attended(x: Any, weights: Weights, name: str) -> Any:
    """Apply self-attention and add it to its input."""
    from keras import ops

    _, frames, size = x.shape
    mixed = _dense(_normalised(x, weights, f"{name}.layer_norm"), weights, f"{name}.linear_0")
    query, key, value = (
        ops.transpose(ops.reshape(part, (-1, frames, HEADS, size // HEADS)), (0, 2, 1, 3))
        for part in ops.split(mixed, 3, axis=-1)
    )
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * (size // HEADS) ** -0.5
    seen = ops.matmul(ops.softmax(scores), value)
    seen = ops.reshape(ops.transpose(seen, (0, 2, 1, 3)), (-1, frames, size))
    return x + _dense(seen, weights, f"{name}.linear_1")


def _widened(x: Any, weights: Weights, name: str) -> Any:
    """Apply the feed-forward part of a layer and add it to its input."""
    normal = _normalised(x, weights, f"{name}.layer_norm")
    wide = _dense(normal, weights, f"{name}.linear_0", "gelu")
    return x + _dense(wide, weights, f"{name}.linear_1")
