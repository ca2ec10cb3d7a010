"""The command ``train``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emotiond_training.commands.options import (
    add_shared_arguments,
    clips_from,
    materials_from,
    output_folder,
    recipe_from,
    working_in,
)

if TYPE_CHECKING:
    from emotiond_training.corpora.clips import Clip
    from emotiond_training.progress import Reporter
    from emotiond_training.recipe import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_shared_arguments(parser)
    parser.add_argument(
        "--other",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="recordings of none of the labels, so that not every sound is claimed for one; may be "
        "repeated (default: those of --noise where the labels are no emotions and the recipe mixes "
        "no noise in)",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="train on every recording, for a model to ship: none is left to measure it with",
    )
    parser.add_argument(
        "--evaluation",
        type=Path,
        metavar="FILE",
        help="metrics.json that evaluate wrote for the recipe; temperature and threshold are taken "
        "from it",
    )
    parser.add_argument(
        "--temperature",
        type=_temperature,
        metavar="T",
        help="number that the logits are divided by, over 0 (default: the evaluation's, or 1)",
    )
    parser.add_argument(
        "--abstain",
        type=_probability,
        metavar="P",
        help="confidence below which the model is uncertain, 0 to 1 (default: the evaluation's, "
        "or the recipe's)",
    )


def run(args: argparse.Namespace) -> int:
    """Train a model and print its figures."""
    from rich.console import Console

    from emotiond_training.progress import Reporter
    from emotiond_training.recipe import recipe_text

    recipe = recipe_from(args)
    calibrated = _calibrated(args)
    out = output_folder(args)
    reporter = Reporter(Console(stderr=True))
    clips = clips_from(args, reporter)
    clips += _others(args, clips, recipe, reporter)
    materials = materials_from(args, out, reporter)

    # TensorFlow takes seconds to import, so wrong input is reported before.
    from emotiond_export.tensorflow import import_tensorflow

    import_tensorflow()
    from emotiond_training.fitting.train import train

    with working_in(out):
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


def _others(
    args: argparse.Namespace, clips: "list[Clip]", recipe: "Recipe", reporter: "Reporter"
) -> "list[Clip]":
    """Return the recordings of none of the labels; say what follows if there are none."""
    from emotiond_training.corpora.broken import without_broken
    from emotiond_training.corpora.others import are_emotions, others_from

    folders = args.other
    if not folders and not are_emotions(clips):
        mixes = recipe.frozen or recipe.mixture is not None  # then noise trains no_speech
        folders = [] if mixes else args.noise
        if not folders and not (mixes and args.noise):
            reporter.say(
                "no recording shows what is none of these labels, so every sound will be claimed "
                "for one of them; give recordings of other sounds: --other DIR"
            )
    if not folders:
        return []
    others = others_from(folders, clips)
    others, _ = without_broken(others, lambda each: each.path, reporter, skip=args.skip_broken)
    reporter.say(f"none_of_these: {len(others)} recordings")
    return others


def _calibrated(args: argparse.Namespace) -> dict[str, float]:
    """Return temperature and threshold, as an evaluation or the command line gives them."""
    from emotiond_training.evaluation.shipping import read_shipping

    found: dict[str, float] = {}
    if args.evaluation is not None:
        shipping = read_shipping(args.evaluation)
        found = {"temperature": shipping.temperature, "abstain_below": shipping.abstain_below}
    given = {"temperature": args.temperature, "abstain_below": args.abstain}
    return found | {name: value for name, value in given.items() if value is not None}


def _temperature(text: str) -> float:
    if not 0.0 < (number := _number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"must be over 0, not {text!r}")
    return number


def _probability(text: str) -> float:
    if not 0.0 <= (number := _number(text)) <= 1.0:
        raise argparse.ArgumentTypeError(f"must be from 0 to 1, not {text!r}")
    return number


def _number(text: str) -> float:
    """Return a number; NaN, which is within no limits, if the text is not one."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
