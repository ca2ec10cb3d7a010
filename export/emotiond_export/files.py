"""Export: convert, write the contract in, check, and only then put the files in place."""

import tempfile
from pathlib import Path

import msgspec

from emotiond.model.contract import CONTRACT_VERSION, Contract
from emotiond.model.file import write_model
from emotiond_export.convert import logits_model, to_tflite
from emotiond_export.parity import check_parity, file_labels, keras_labels
from emotiond_export.training_run import Description, Run

FLOAT32 = "emotiond-float32.tflite"
INT8 = "emotiond-int8.tflite"


class Exported(msgspec.Struct, frozen=True):
    """A model file that was exported.

    Parameters
    ----------
    path : Path
        Where it is.
    bytes : int
        Its size.
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
        What to export.
    out : Path
        Folder to write to; made where it is missing.

    Raises
    ------
    EmotiondError
        If a file disagrees with the Keras model too often; no file is written then.
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
    """Return the contract that a run's files carry."""
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
