"""The classifier: runs a model file on one thread, with the TFLite runtime that is installed."""

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
"""Import names of the runtimes, best first: LiteRT is several times faster, and maintained."""


def load_runtime() -> tuple[str, Any]:
    """Import the best installed runtime.

    Returns
    -------
    str
        Its import name, one of ``RUNTIMES``.
    type
        Its class ``Interpreter``.

    Raises
    ------
    EmotiondError
        If no runtime is installed, or none that can be imported; says why.
    """
    broken = []
    for name in RUNTIMES:
        try:
            module = __import__(f"{name}.interpreter", fromlist=["Interpreter"])
            interpreter = module.Interpreter
        except ModuleNotFoundError as error:
            if error.name not in (name, f"{name}.interpreter"):
                broken.append(_broken(name, error))
        except Exception as error:  # a native library may raise anything
            broken.append(_broken(name, error))
        else:
            return name, interpreter
    if broken:
        raise EmotiondError(broken[0])
    raise EmotiondError(
        "no TFLite runtime is installed; install ai-edge-litert "
        "(or, where it has no wheel, tflite-runtime)"
    )


def _broken(name: str, error: Exception) -> str:
    """Say why an installed runtime can't be imported, and what to do about it."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return (
        f"{name} is installed but can't be imported ({reason}); install it again: "
        f"pip install --force-reinstall {name.replace('_', '-')}"
    )


class Classifier:
    """The network of a model file, loaded and checked; threads may share it, and run in turn.

    Parameters
    ----------
    path : Path
        A model file; later changes to the file have no effect.

    Attributes
    ----------
    contract : Contract
        Contract of the file.
    runtime : str
        Import name of the runtime that runs the network.

    Raises
    ------
    ModelError
        If the file can't be read, is damaged or of another version, or if its network can't be
        loaded, disagrees with its contract, or gives results that are not finite.
    EmotiondError
        If no runtime is installed.
    """

    def __init__(self, path: Path) -> None:
        self.contract: Contract
        self.contract, flatbuffer = read_model(path)
        self.runtime, interpreter = load_runtime()
        try:
            # From the checked bytes, not from the file: somebody may replace it meanwhile.
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
        """Run the network on one window.

        Parameters
        ----------
        frames : np.ndarray [shape=(window_frames, n_mfcc), dtype=float32]
            MFCCs (dB), not normalised.

        Returns
        -------
        np.ndarray [shape=(labels,), dtype=float32]
            Logits in the order of the contract's labels.
        """
        values = quantise(self.contract.normalisation(frames), self._input)
        with self._one_at_a_time:
            self._interpreter.set_tensor(self._input["index"], values[np.newaxis])
            self._interpreter.invoke()
            outputs = self._interpreter.get_tensor(self._output["index"])[0]
        return dequantise(outputs, self._output)

    def probabilities(self, frames: Frames) -> Logits:
        """Run the network on one window and return calibrated probabilities.

        Calibration is temperature scaling. Source: C. Guo et al., On Calibration of Modern Neural
        Networks, ICML 2017, https://arxiv.org/abs/1706.04599.

        Parameters
        ----------
        frames : np.ndarray [shape=(window_frames, n_mfcc), dtype=float32]
            MFCCs (dB), not normalised.

        Returns
        -------
        np.ndarray [shape=(labels,), dtype=float32]
            Probabilities in the order of the contract's labels; sum 1.
        """
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
    """Convert values to the type of an input tensor: ``round(values / scale) + zero``, clipped.

    Source: TensorFlow Lite 8-bit quantization specification.

    Parameters
    ----------
    values : np.ndarray [shape=(...), dtype=float32]
        Normalised features.
    tensor : dict
        Details of the tensor, from the runtime: ``dtype`` and ``quantization`` (scale, zero point).

    Returns
    -------
    np.ndarray [shape=(...)]
        Values of the tensor's type; the same values if that is float32.
    """
    if tensor["dtype"] is np.float32:
        return values
    scale, zero = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    steps = values / np.float32(scale)
    np.rint(steps, out=steps)
    steps += np.float32(zero)
    return np.clip(steps, limits.min, limits.max, out=steps).astype(tensor["dtype"])


def dequantise(values: NDArray[Any], tensor: dict[str, Any]) -> NDArray[np.float32]:
    """Convert values from the type of an output tensor: ``(values - zero) * scale``.

    Parameters
    ----------
    values : np.ndarray [shape=(...)]
        Values of the tensor's type.
    tensor : dict
        Details of the tensor, from the runtime: ``dtype`` and ``quantization`` (scale, zero point).

    Returns
    -------
    np.ndarray [shape=(...), dtype=float32]
    """
    if tensor["dtype"] is np.float32:
        return values.astype(np.float32)
    scale, zero = tensor["quantization"]
    return (values.astype(np.float32) - np.float32(zero)) * np.float32(scale)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax of logits along the last axis.

    Parameters
    ----------
    logits : np.ndarray [shape=(..., labels), dtype=float32]
        Finite numbers.

    Returns
    -------
    np.ndarray [shape=(..., labels), dtype=float32]
        Probabilities; each row's sum is 1.
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
