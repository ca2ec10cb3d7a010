"""``emotiond model``: check a model file and show its contract."""

import argparse

import msgspec

from emotiond.model.choice import AUTO, model_file
from emotiond.model.contract import Contract
from emotiond.model.runtime import load_quietly
from emotiond.text import escaped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default=AUTO,
        help="model: small, large, a file, or auto (default: auto)",
    )
    parser.add_argument("--json", action="store_true", help="print the whole contract as JSON")


def run(args: argparse.Namespace) -> int:
    """Load the file as the daemon does, and print its contract."""
    path = model_file(args.file)
    model = load_quietly(path)
    contract = model.contract
    if args.json:
        print(msgspec.json.format(msgspec.json.encode(contract), indent=2).decode())
        return 0
    mfcc = contract.mfcc
    rows = {
        "file": f"{path} ({path.stat().st_size / 1000:.0f} kB)",
        "hash": contract.sha256,
        "contract": f"version {contract.version}",
        "labels": ", ".join(contract.labels),
        "outputs": _outputs(contract),
        "window": f"{contract.window_seconds:.2f} s ({contract.window_frames} frames)",
        "features": (
            f"{mfcc.n_mfcc} MFCCs of {mfcc.n_mels} mel bands, "
            f"{mfcc.fmin:g} to {mfcc.fmax:g} Hz, frames of {mfcc.frame_length} "
            f"every {mfcc.hop_length} samples at {mfcc.sample_rate} Hz"
        ),
        "temperature": f"{contract.temperature:g}",
        "uncertain": f"below a probability of {contract.abstain_below:.0%}",
        "trained on": ", ".join(contract.trained_on),
        "runtime": f"{model.runtime} can run it",
    }
    width = max(map(len, rows))
    for name, text in rows.items():
        print(f"{name:<{width}}  {escaped(text)}")
    return 0


def _outputs(contract: Contract) -> str:
    """Return the network's outputs in words."""
    logits = f"{len(contract.labels)} logits"
    if contract.outputs is None:
        return logits
    named = f"{logits} ({contract.outputs.logits})"
    if contract.embedding_size is None:
        return named
    return f"{named}, an embedding of {contract.embedding_size} ({contract.outputs.embedding})"
