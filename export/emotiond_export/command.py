"""The command ``export``."""

import argparse
from pathlib import Path

from emotiond.errors import InputError, reason


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "run_folder", metavar="RUN", type=Path, help="folder that emotiond train wrote"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the model files (default: RUN)"
    )


def run(args: argparse.Namespace) -> int:
    """Export a training run."""
    from emotiond_export.files import export_run
    from emotiond_export.training_run import read_run

    trained = read_run(args.run_folder)
    out = args.out or args.run_folder
    try:
        exported = export_run(trained, out)
    except OSError as error:
        raise InputError(f"{out}: {reason(error)}") from error
    clips = trained.description.parity_on
    print(f"Parity on {len(trained.parity)} {clips} clips:")
    for each in exported:
        agreement = f"agrees with Keras on {1.0 - each.disagreement:.1%}"
        if each.cosine is not None:
            agreement += f", mean cosine of its embeddings {each.cosine:.3f}"
        print(f"{each.path}: {each.bytes / 1024:.0f} KiB, {agreement}")
    return 0
