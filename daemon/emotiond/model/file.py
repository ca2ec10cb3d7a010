"""The model file: a TFLite flatbuffer, then a ZIP with the contract, ``emotiond.json``.

A ZIP after the flatbuffer is TFLite's convention for associated files; runtimes ignore it. The
daemon takes all parameters of the features from the contract, so that they are those of training.

The hash in a contract is the SHA-256 of the flatbuffer followed by the rest of the contract, as
Python's ``json`` writes it with sorted keys and no spaces, in UTF-8. So one network calibrated
twice is two models.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from emotiond.errors import ModelError, reason
from emotiond.model.contract import CONTRACT_VERSION, Contract

CONTRACT_NAME: Final = "emotiond.json"
"""Name of the contract in the ZIP."""
FLATBUFFER_IDENTIFIER: Final = b"TFL3"
"""Bytes 4 to 8 of every TFLite file."""


def write_model(path: Path, flatbuffer: bytes, contract: Contract) -> Contract:
    """Write a model file, in one step: a reader sees the old file or the new one.

    Parameters
    ----------
    path : Path
        The file; replaced if it exists.
    flatbuffer : bytes
        A TFLite model.
    contract : Contract
        Its contract; ``version`` and ``sha256`` need not be set.

    Returns
    -------
    Contract
        The contract as written, with the version that is written now and ``sha256``.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    contract = msgspec.structs.replace(contract, version=CONTRACT_VERSION)
    digest = _digest(flatbuffer, msgspec.to_builtins(contract))
    contract = msgspec.structs.replace(contract, sha256=digest)
    tail = io.BytesIO()
    with zipfile.ZipFile(tail, "w") as archive:
        # A fixed date, so that the same model makes the same file.
        entry = zipfile.ZipInfo(CONTRACT_NAME, date_time=(1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, msgspec.json.format(msgspec.json.encode(contract), indent=1))
    # Follow links first: the rename below would replace the link itself.
    path = path.resolve()
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(flatbuffer + tail.getvalue())
    new.replace(path)
    return contract


def read_contract(path: Path) -> Contract:
    """Read and check a model file and return its contract; see :func:`read_model`."""
    return read_model(path)[0]


def read_model(path: Path) -> tuple[Contract, bytes]:
    """Read and check a model file.

    Parameters
    ----------
    path : Path
        A model file, written by :func:`write_model`.

    Returns
    -------
    Contract
        The contract.
    bytes
        The flatbuffer.

    Raises
    ------
    ModelError
        If the file can't be read or is damaged, has no contract, or one of another version.
    """
    try:
        # One open file: somebody may replace the file meanwhile, and the flatbuffer is read once.
        with path.open("rb") as file:
            if file.read(8)[4:] != FLATBUFFER_IDENTIFIER:
                raise ModelError(f"model {path}: not a TFLite file")
            text, tail_start = _read_contract(path, file)
            file.seek(0)
            flatbuffer = file.read(tail_start)
    except OSError as error:
        raise ModelError(f"model {path}: {reason(error)}") from error
    contract, tree = _decode(path, text)
    if _digest(flatbuffer, tree) != contract.sha256:
        raise ModelError(f"model {path}: damaged (its SHA-256 is not the one in its contract)")
    if not _has_root(flatbuffer):
        raise ModelError(f"model {path}: not a TFLite file")
    return contract, flatbuffer


def _read_contract(path: Path, file: IO[bytes]) -> tuple[bytes, int]:
    """Return the text of the contract, and the size of the flatbuffer before it (bytes)."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.read(CONTRACT_NAME), min(
                entry.header_offset for entry in archive.infolist()
            )
    except (
        zipfile.BadZipFile,
        KeyError,
        # zipfile raises these for a directory with a damaged offset, method or flag.
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
        zlib.error,
    ) as error:
        raise ModelError(
            f"model {path}: no {CONTRACT_NAME} inside (truncated, or not made by emotiond export)"
        ) from error


def check_shapes(
    path: Path, contract: Contract, inputs: Sequence[int], outputs: Mapping[str, Sequence[int]]
) -> None:
    """Check that the network's tensors have the shapes that its contract says.

    Parameters
    ----------
    path : Path
        The model file, for the message.
    contract : Contract
        Its contract.
    inputs : sequence of int
        Shape of the input tensor.
    outputs : mapping of str to sequence of int
        Name and shape of the logits, and then of the embedding if the contract has one.

    Raises
    ------
    ModelError
        If a shape is another one.
    """
    sizes = (len(contract.labels), contract.embedding_size)
    rows: list[tuple[str, Sequence[int], list[int | None]]] = [
        ("input", inputs, [1, contract.window_frames, contract.mfcc.n_mfcc]),
        *((name, outputs[name], [1, size]) for name, size in zip(outputs, sizes, strict=False)),
    ]
    for name, shape, expected in rows:
        actual = list(map(int, shape))
        if actual != expected:
            raise ModelError(
                f"model {path}: its {name} has shape {actual}, its contract says {expected}"
            )


def _has_root(flatbuffer: bytes) -> bool:
    """Return whether a flatbuffer's root table and vtable lie inside it: a runtime may not check.

    Source: FlatBuffers documentation, Internals.
    """
    root = int.from_bytes(flatbuffer[:4], "little")
    vtable = root - int.from_bytes(flatbuffer[root : root + 4], "little", signed=True)
    size = int.from_bytes(flatbuffer[vtable : vtable + 2], "little")
    return vtable >= 0 and 4 <= size <= len(flatbuffer) - vtable


def _decode(path: Path, text: bytes) -> tuple[Contract, dict[str, Any]]:
    """Return the contract of a file, and the JSON object that it was read from.

    The version comes first, since other versions have other fields.
    """
    try:
        tree = msgspec.json.decode(text, type=dict[str, Any])
        version = tree.get("version")
        if version not in (1, CONTRACT_VERSION):
            raise ModelError(
                f"model {path}: contract version {version}, "
                f"this emotiond reads versions 1 to {CONTRACT_VERSION}; "
                "use the emotiond that exported it, or export it again"
            )
        return msgspec.convert(_upgraded(tree) if version == 1 else tree, Contract), tree
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"model {path}: bad contract: {error}") from error


def _upgraded(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a contract of version 1 with the fields of version 2.

    The network has one output, the logits. The version stays, since the hash depends on it.
    """
    new = {"outputs": None, "embedding_size": None}
    if early := sorted(tree.keys() & new.keys()):
        raise msgspec.ValidationError(f"version 1 has no field {early[0]}")
    return tree | new


def _digest(flatbuffer: bytes, tree: dict[str, Any]) -> str:
    """Return the hash that belongs into a contract; version 1 hashes the flatbuffer alone."""
    digest = hashlib.sha256(flatbuffer)
    if tree["version"] != 1:
        rest = {name: value for name, value in tree.items() if name != "sha256"}
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest.update(text.encode())
    return digest.hexdigest()
