"""Export of a run: convert, add the contract, check parity, and only then replace the files."""

import tempfile
from pathlib import Path

import msgspec

from emotiond.model.contract import CONTRACT_VERSION, Contract
from emotiond.model.file import write_model
from emotiond_export.convert import logits_model, to_tflite
from emotiond_export.parity import check_parity, file_labels, keras_labels
from emotiond_export.training_run import Description, Run

FLOAT32 = "emotiond-float32.tflite"
"""Name of the float32 model file."""
INT8 = "emotiond-int8.tflite"
"""Name of the int8 model file."""


class Exported(msgspec.Struct, frozen=True):
    """An exported model file.

    Parameters
    ----------
    path : Path
        Path of the file.
    bytes : int
        Size of the file (bytes).
    disagreement : float
        Share of the parity clips whose label differs from the Keras model's, 0 to 1.
    """

    path: Path
    bytes: int
    disagreement: float


def export_run(run: Run, out: Path) -> list[Exported]:
    """Export a run as a float32 and an int8 model file.

    Parameters
    ----------
    run : Run
        The run.
    out : Path
        Folder of the model files; made if it is missing.

    Returns
    -------
    list of Exported
        The float32 file, then the int8 file.

    Raises
    ------
    EmotiondError
        If a file disagrees with the Keras model on too many clips. Then ``out`` is left unchanged.
    """
    out.mkdir(parents=True, exist_ok=True)
    contract = contract_of(run.description)
    logits = logits_model(run.model)
    ranges = run.description.normalisation(run.representative)
    flatbuffers = {
        ("float32", FLOAT32): to_tflite(logits),
        ("int8", INT8): to_tflite(logits, ranges),
    }
    expected = keras_labels(run)
    exported = []
    with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as folder:
        for (kind, name), flatbuffer in flatbuffers.items():
            path = Path(folder, name)
            write_model(path, flatbuffer, contract)
            share = check_parity(kind, expected, file_labels(path, run))
            exported.append(Exported(out / name, path.stat().st_size, share))
        for each in exported:
            Path(folder, each.path.name).replace(each.path)
    return exported


def contract_of(description: Description) -> Contract:
    """Return the contract of a run's model files."""
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
    )
