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
from emotiond.model.output import Output
from emotiond.streams import quiet_stderr
from emotiond.values import RUNTIMES

UNKNOWN_OPERATION: Final = "Didn't find op for builtin opcode"
"""What a runtime says of a network made for a later one.

tflite-runtime 2.14 says it of dynamic-range networks, whose dense layers have int8 weights with a
scale for each channel and float activations.
"""


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
    path : Path
        The file.
    profile : None
        No voice profile taught it.

    Raises
    ------
    ModelError
        If the file can't be read, is damaged or of another version, or if its network can't be
        loaded, disagrees with its contract, or gives results that are not finite.
    EmotiondError
        If no runtime is installed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.profile: str | None = None
        self.contract: Contract
        self.contract, flatbuffer = read_model(path)
        self.runtime, interpreter = load_runtime()
        try:
            # From the checked bytes, not from the file: somebody may replace it meanwhile.
            self._interpreter = interpreter(model_content=flatbuffer, num_threads=1)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"model {path}: {_refusal(self.runtime, error)}") from error
        self._one_at_a_time = Lock()
        self._input = self._interpreter.get_input_details()[0]
        outputs = _outputs(path, self.contract, self._interpreter)
        check_shapes(
            path,
            self.contract,
            self._input["shape"],
            {name: details["shape"] for name, details in outputs.items()},
        )
        self._logits, *embedding = outputs.values()
        self._embedding = embedding[0] if embedding else None
        silence = np.zeros((self.contract.window_frames, self.contract.mfcc.n_mfcc), np.float32)
        if not all(np.isfinite(each).all() for each in self.run(silence) if each is not None):
            raise ModelError(f"model {path}: gives results that are not finite numbers")

    def run(self, frames: Frames) -> Output:
        """Run the network on one window.

        Parameters
        ----------
        frames : np.ndarray [shape=(window_frames, n_mfcc), dtype=float32]
            MFCCs (dB), not normalised.

        Returns
        -------
        Output
            Logits [shape=(labels,), dtype=float32] and, if the contract has its size, the embedding
            [shape=(embedding_size,), dtype=float32].
        """
        values = quantise(self.contract.normalisation(frames), self._input)
        with self._one_at_a_time:
            self._interpreter.set_tensor(self._input["index"], values[np.newaxis])
            self._interpreter.invoke()
            logits = self._result(self._logits)
            return Output(
                logits, None if self._embedding is None else self._result(self._embedding)
            )

    def _result(self, tensor: dict[str, Any]) -> NDArray[np.float32]:
        return dequantise(self._interpreter.get_tensor(tensor["index"])[0], tensor)


def _outputs(path: Path, contract: Contract, interpreter: Any) -> dict[str, dict[str, Any]]:
    """Return the details of the output tensors by name: the logits, then the embedding if any.

    Names are those of the network's signature: the order of outputs is the converter's choice.
    """
    if contract.outputs is None:
        [*outputs] = interpreter.get_output_details()
        if len(outputs) != 1:
            raise ModelError(
                f"model {path}: its network has {len(outputs)} outputs, its contract names none"
            )
        return {"output": outputs[0]}
    try:
        # Its details only: calling it would set shapes and allocate anew for each window.
        named = interpreter.get_signature_runner().get_output_details()
    except ValueError:  # no signature, or several
        named = {}
    wanted = (contract.outputs.logits, contract.outputs.embedding)
    for name in filter(None, wanted):
        if name not in named:
            has = f"it has {', '.join(named)}" if named else "it names none"
            raise ModelError(
                f"model {path}: its contract names an output {name} that is not there ({has})"
            )
    return {name: named[name] for name in filter(None, wanted)}


def _refusal(runtime: str, error: Exception) -> str:
    """Return in words why a runtime refuses a network."""
    reason = str(error).strip().splitlines()[0]
    if runtime != RUNTIMES[0] and UNKNOWN_OPERATION in reason:
        return f"needs ai-edge-litert; {runtime} is too old for its network"
    return f"{runtime} refuses it: {reason}"


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
