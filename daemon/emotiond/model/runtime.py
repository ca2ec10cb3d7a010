"""The classifier: one TFLite file on one thread, whichever runtime is installed."""

from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotiond.errors import EmotiondError, ModelError
from emotiond.features.mfcc import Frames
from emotiond.model.contract import Contract
from emotiond.model.file import check_shapes, read_model
from emotiond.streams import quiet_stderr

Logits = NDArray[np.float32]

RUNTIMES: Final = ("ai_edge_litert", "tflite_runtime")
"""Import names, best first: LiteRT is several times faster and the one that is maintained."""


def load_runtime() -> tuple[str, Any]:
    """Return the name and the ``Interpreter`` class of the best installed runtime.

    Raises
    ------
    EmotiondError
        If none is installed.
    """
    for name in RUNTIMES:
        try:
            module = __import__(f"{name}.interpreter", fromlist=["Interpreter"])
        except ImportError:
            continue
        return name, module.Interpreter
    raise EmotiondError(
        "no TFLite runtime is installed; install ai-edge-litert "
        "(or, where it has no wheel, tflite-runtime)"
    )


class Classifier:
    """A model file, ready to run. Threads may share one: they run one at a time.

    Parameters
    ----------
    path : Path
        A model file with its contract.

    Attributes
    ----------
    contract : Contract
        What the file promises.
    runtime : str
        Import name of the runtime that runs it.

    Raises
    ------
    ModelError
        If the file is refused.
    EmotiondError
        If no runtime is installed.
    """

    def __init__(self, path: Path) -> None:
        self.contract: Contract
        self.contract, flatbuffer = read_model(path)
        self.runtime, interpreter = load_runtime()
        try:
            # Of what was checked, not of the file: it may be replaced while the daemon runs.
            self._interpreter = interpreter(model_content=flatbuffer, num_threads=1)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"model {path}: {self.runtime} refuses it: {reason}") from error
        self._one_at_a_time = Lock()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        check_shapes(path, self.contract, self._input["shape"], self._output["shape"])
        silence = np.zeros((self.contract.window_frames, self.contract.mfcc.n_mfcc), np.float32)
        if not np.isfinite(self.logits(silence)).all():
            raise ModelError(f"model {path}: gives results that are not finite numbers")

    def logits(self, frames: Frames) -> Logits:
        """Run the network once.

        Parameters
        ----------
        frames : np.ndarray [shape=(window_frames, n_mfcc), dtype=float32]
            MFCCs as computed, not normalised.

        Returns
        -------
        np.ndarray [shape=(labels,), dtype=float32]
        """
        values = quantise(self.contract.normalisation(frames), self._input)
        with self._one_at_a_time:
            self._interpreter.set_tensor(self._input["index"], values[np.newaxis])
            self._interpreter.invoke()
            outputs = self._interpreter.get_tensor(self._output["index"])[0]
        return dequantise(outputs, self._output)

    def probabilities(self, frames: Frames) -> Logits:
        """Run the network once and return calibrated probabilities [shape=(labels,)]."""
        return softmax(self.logits(frames) / np.float32(self.contract.temperature))


def load_quietly(path: Path) -> Classifier:
    """Return the classifier of a model file, with what XNNPACK prints while it loads muted.

    For programs that own their process: file descriptor 2 is redirected meanwhile.

    Raises
    ------
    ModelError, EmotiondError
        As :class:`Classifier`.
    """
    with quiet_stderr():
        return Classifier(path)


def quantise(values: NDArray[np.float32], tensor: dict[str, Any]) -> NDArray[Any]:
    """Convert to the type of an input tensor; a float32 tensor takes the values as they are."""
    if tensor["dtype"] is np.float32:
        return values
    scale, zero = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    steps = values / np.float32(scale)
    np.rint(steps, out=steps)
    steps += np.float32(zero)
    return np.clip(steps, limits.min, limits.max, out=steps).astype(tensor["dtype"])


def dequantise(values: NDArray[Any], tensor: dict[str, Any]) -> NDArray[np.float32]:
    """Convert from the type of an output tensor to float32."""
    if tensor["dtype"] is np.float32:
        return values.astype(np.float32)
    scale, zero = tensor["quantization"]
    return (values.astype(np.float32) - np.float32(zero)) * np.float32(scale)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
