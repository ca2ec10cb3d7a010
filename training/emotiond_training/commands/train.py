"""The command ``train``."""

import argparse
from pathlib import Path

from emotiond_training.commands.options import (
    add_shared_arguments,
    materials_from,
    output_folder,
    writing_to,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_shared_arguments(parser)
    parser.add_argument(
        "--all",
        action="store_true",
        help="train on every clip, for a model to ship: nothing is left to measure it with",
    )
    parser.add_argument(
        "--evaluation",
        type=Path,
        metavar="FILE",
        help="metrics.json of an evaluation of the recipe, to take temperature and threshold from",
    )
    parser.add_argument(
        "--temperature", type=_temperature, metavar="T", help="in place of the evaluation's"
    )
    parser.add_argument(
        "--abstain", type=_probability, metavar="P", help="threshold in place of the evaluation's"
    )


def run(args: argparse.Namespace) -> int:
    """Train a model."""
    from rich.console import Console

    from emotiond_training.corpora.readers import read_corpora
    from emotiond_training.progress import Reporter
    from emotiond_training.recipe import load_recipe, recipe_text

    recipe = load_recipe(args.recipe, seed=args.seed, epochs=args.epochs)
    calibrated = _calibrated(args)
    clips = read_corpora(args.corpus)
    out = output_folder(args)
    materials = materials_from(args, out)

    # Slow to import, so wrong input is said before.
    from emotiond_export.tensorflow import import_tensorflow

    import_tensorflow()
    from emotiond_training.fitting.train import train

    reporter = Reporter(Console(stderr=True))
    with writing_to(out):
        measured = train(
            clips,
            recipe,
            materials,
            out,
            reporter,
            hold_out=not args.all,
            calibrated=calibrated,
        )
        (out / "recipe.toml").write_text(recipe_text(args.recipe))
    print(
        f"Trained on {measured.train_clips} clips; accuracy {measured.accuracy:.1%} and "
        f"UAR {measured.uar:.1%} on {measured.measured_clips} {measured.measured_on} clips: {out}"
    )
    return 0


def _calibrated(args: argparse.Namespace) -> dict[str, float]:
    """Return what the contract takes from an evaluation and the command line."""
    from emotiond_training.evaluation.shipping import read_shipping

    found: dict[str, float] = {}
    if args.evaluation is not None:
        shipping = read_shipping(args.evaluation)
        found = {"temperature": shipping.temperature, "abstain_below": shipping.abstain_below}
    given = {"temperature": args.temperature, "abstain_below": args.abstain}
    return found | {name: value for name, value in given.items() if value is not None}


def _temperature(text: str) -> float:
    number = float(text)
    if not 0.0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be over 0")
    return number


def _probability(text: str) -> float:
    number = float(text)
    if not 0.0 <= number <= 1.0:
        raise argparse.ArgumentTypeError("must be from 0 to 1")
    return number
