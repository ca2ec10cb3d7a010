"""Export of a run: convert, add the contract, check parity, and only then replace the files."""

import tempfile
from pathlib import Path
from typing import Any, Final

import msgspec

from emotiond.model.contract import CONTRACT_VERSION, Contract, Outputs
from emotiond.model.file import write_model
from emotiond_export.convert import network_of, to_tflite
from emotiond_export.parity import (
    LEAST_LEAD,
    check_embeddings,
    check_labels,
    file_results,
    keras_results,
)
from emotiond_export.training_run import EMBEDDING, Description, Quantisation, Run

FLOAT32: Final = "emotiond-float32.tflite"
"""Name of the float32 model file."""


def quantised_name(quantisation: Quantisation) -> str:
    """Return the name of a run's quantised model file: ``emotiond-int8.tflite``, for example."""
    return f"emotiond-{quantisation}.tflite"


class Exported(msgspec.Struct, frozen=True):
    """An exported model file.

    Parameters
    ----------
    path : Path
        Path of the file.
    bytes : int
        Size of the file (bytes).
    disagreement : float
        Share of the parity clips with a lead whose label differs from the Keras model's, 0 to 1.
    cosine : float or None
        Mean cosine between its standardised embeddings and the Keras model's; None without any.
    """

    path: Path
    bytes: int
    disagreement: float
    cosine: float | None


def export_run(run: Run, out: Path) -> list[Exported]:
    """Export a run as a float32 model file and a quantised one.

    Parameters
    ----------
    run : Run
        The run; its description says how the second file is quantised.
    out : Path
        Folder of the model files; made if it is missing.

    Returns
    -------
    list of Exported
        The float32 file, then the quantised file.

    Raises
    ------
    EmotiondError
        If the network can't be exported, or if a file's labels or embeddings disagree with the
        Keras model's. Then ``out`` is left unchanged.
    """
    network = network_of(run.model)
    contract = contract_of(run.description, network)
    kind = run.description.quantisation
    ranges = run.description.normalisation(run.representative)
    flatbuffers = {
        ("float32", FLOAT32): to_tflite(network),
        (kind, quantised_name(kind)): to_tflite(network, kind, ranges),
    }
    expected = keras_results(run)
    sure = expected.leads >= LEAST_LEAD
    exported = []
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as folder:
        for (kind_of_file, name), flatbuffer in flatbuffers.items():
            path = Path(folder, name)
            write_model(path, flatbuffer, contract)
            found = file_results(path, run)
            share = check_labels(kind_of_file, expected.labels[sure], found.labels[sure])
            cosine = None
            if expected.embeddings is not None:
                cosine = check_embeddings(kind_of_file, expected.embeddings, found.embeddings)
            exported.append(Exported(out / name, path.stat().st_size, share, cosine))
        for each in exported:
            Path(folder, each.path.name).replace(each.path)
    return exported


def contract_of(description: Description, network: Any) -> Contract:
    """Return the contract of a run's model files; the network's outputs are named in it."""
    sizes = {name: int(output.shape[1]) for name, output in network.output.items()}
    embedding = EMBEDDING if EMBEDDING in sizes else None
    return Contract(
        version=CONTRACT_VERSION,
        labels=description.labels,
        mfcc=description.mfcc,
        window_frames=description.window_frames,
        normalisation=description.normalisation,
        temperature=description.temperature,
        abstain_below=description.abstain_below,
        trained_on=description.trained_on,
        opens_for=description.opens_for,
        outputs=Outputs("logits", embedding),
        embedding_size=sizes.get(EMBEDDING),
    )
