"""The model file: a TFLite flatbuffer with its contract, ``emotiond.json``, in a ZIP behind it.

A ZIP appended to the flatbuffer is TFLite's convention for associated files; runtimes ignore it.
The daemon takes every feature setting from the contract, so training and serving can't drift apart.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from emotiond.errors import ModelError, reason
from emotiond.model.contract import CONTRACT_VERSION, Contract

CONTRACT_NAME: Final = "emotiond.json"
FLATBUFFER_IDENTIFIER: Final = b"TFL3"
"""Bytes 4 to 8 of every TFLite file."""


def write_model(path: Path, flatbuffer: bytes, contract: Contract) -> Contract:
    """Write a model file.

    Parameters
    ----------
    path : Path
        Where to; replaced if it exists.
    flatbuffer : bytes
        A TFLite model.
    contract : Contract
        Its ``sha256`` is set here.

    Returns
    -------
    Contract
        As written.
    """
    contract = msgspec.structs.replace(contract, sha256=hashlib.sha256(flatbuffer).hexdigest())
    tail = io.BytesIO()
    with zipfile.ZipFile(tail, "w") as archive:
        # A fixed date, so that the same model makes the same file.
        entry = zipfile.ZipInfo(CONTRACT_NAME, date_time=(1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, msgspec.json.format(msgspec.json.encode(contract), indent=1))
    # Replaced in one step, so that nobody reads half of it.
    path = path.resolve()
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(flatbuffer + tail.getvalue())
    new.replace(path)
    return contract


def read_contract(path: Path) -> Contract:
    """Read and check the contract of a model file: :func:`read_model` without the network."""
    return read_model(path)[0]


def read_model(path: Path) -> tuple[Contract, bytes]:
    """Read and check a model file.

    Parameters
    ----------
    path : Path
        A file that :func:`write_model` wrote.

    Returns
    -------
    Contract
    bytes
        The flatbuffer.

    Raises
    ------
    ModelError
        If the file is missing, damaged, of another version, or no model of ours.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"model {path}: {reason(error)}") from error
    if content[4:8] != FLATBUFFER_IDENTIFIER:
        raise ModelError(f"model {path}: not a TFLite file")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            text = archive.read(CONTRACT_NAME)
            tail_start = min(entry.header_offset for entry in archive.infolist())
    except (
        zipfile.BadZipFile,
        KeyError,
        # What zipfile makes of a directory with a damaged offset, method or flag.
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
    contract = _decode(path, text)
    flatbuffer = content[:tail_start]
    if hashlib.sha256(flatbuffer).hexdigest() != contract.sha256:
        raise ModelError(f"model {path}: damaged (its SHA-256 is not the one in its contract)")
    if not _has_root(flatbuffer):
        raise ModelError(f"model {path}: not a TFLite file")
    return contract, flatbuffer


def check_shapes(
    path: Path, contract: Contract, inputs: Sequence[int], outputs: Sequence[int]
) -> None:
    """Raise ModelError if the network's tensor shapes disagree with its contract."""
    expected_input = [1, contract.window_frames, contract.mfcc.n_mfcc]
    expected_output = [1, len(contract.labels)]
    for name, expected, actual in (
        ("input", expected_input, list(inputs)),
        ("output", expected_output, list(outputs)),
    ):
        if expected != actual:
            raise ModelError(
                f"model {path}: its {name} has shape {actual}, its contract says {expected}"
            )


def _has_root(flatbuffer: bytes) -> bool:
    """Say whether a flatbuffer's root table and its vtable lie inside; a runtime may not look."""
    root = int.from_bytes(flatbuffer[:4], "little")
    vtable = root - int.from_bytes(flatbuffer[root : root + 4], "little", signed=True)
    size = int.from_bytes(flatbuffer[vtable : vtable + 2], "little")
    return vtable >= 0 and 4 <= size <= len(flatbuffer) - vtable


def _decode(path: Path, text: bytes) -> Contract:
    """Decode a contract, looking at its version first: other versions have other fields."""
    try:
        version = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("version")
        found = msgspec.json.decode(version) if version else None
        if found != CONTRACT_VERSION:
            raise ModelError(
                f"model {path}: contract version {found}, "
                f"this emotiond reads version {CONTRACT_VERSION}; "
                "use the emotiond that exported it, or export it again"
            )
        return msgspec.json.decode(text, type=Contract)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"model {path}: bad contract: {error}") from error
