"""The command ``train``."""

import argparse

from emotiond_training.commands.options import add_shared_arguments, output_folder, writing_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_shared_arguments(parser)
    parser.add_argument(
        "--all",
        action="store_true",
        help="train on every clip, for a model to ship: nothing is left to measure it with",
    )


def run(args: argparse.Namespace) -> int:
    """Train a model."""
    from rich.console import Console

    from emotiond_training.corpora import read_corpora
    from emotiond_training.progress import Reporter
    from emotiond_training.recipe import load_recipe, recipe_text

    recipe = load_recipe(args.recipe, seed=args.seed, epochs=args.epochs)
    clips = read_corpora(args.corpus)
    out = output_folder(args)

    # Slow to import, so wrong input is said before.
    from emotiond_export.quiet import import_tensorflow

    import_tensorflow()
    from emotiond_training.training import train

    reporter = Reporter(Console(stderr=True))
    with writing_to(out):
        measured = train(clips, recipe, out, reporter, hold_out=not args.all)
        (out / "recipe.toml").write_text(recipe_text(args.recipe))
    print(
        f"Trained on {measured.train_clips} clips; accuracy {measured.accuracy:.1%} and "
        f"UAR {measured.uar:.1%} on {measured.measured_clips} {measured.measured_on} clips: {out}"
    )
    return 0
