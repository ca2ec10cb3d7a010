"""The command ``evaluate``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emotiond_training.commands.options import add_shared_arguments, output_folder, writing_to

if TYPE_CHECKING:
    from emotiond_training.evaluation import Outcome
    from emotiond_training.recipe import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from emotiond_training.splits import PROTOCOLS

    add_shared_arguments(parser)
    parser.add_argument(
        "--protocol",
        action="append",
        required=True,
        choices=list(PROTOCOLS),
        help="what to measure; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Measure a recipe."""
    from rich.console import Console

    from emotiond_training.corpora import read_corpora
    from emotiond_training.progress import Reporter
    from emotiond_training.recipe import load_recipe
    from emotiond_training.splits import clips_for

    recipe = load_recipe(args.recipe, seed=args.seed, epochs=args.epochs)
    clips = read_corpora(args.corpus)
    for name in args.protocol:
        clips_for(name, clips)  # A missing corpus is said before hours of training.
    out = output_folder(args)

    # Slow to import, so wrong input is said before.
    from emotiond_export.quiet import import_tensorflow

    import_tensorflow()
    from emotiond_training.evaluation import evaluate

    reporter = Reporter(Console(stderr=True))
    outcomes = []
    with writing_to(out):
        for name in dict.fromkeys(args.protocol):
            outcomes.append(evaluate(name, clips, recipe, reporter))
            _write(out, recipe, outcomes)
    _print(outcomes)
    return 0


def _write(out: Path, recipe: "Recipe", outcomes: "list[Outcome]") -> None:
    """Write what is measured so far."""
    import msgspec

    from emotiond_training.plots import plot_confusion

    content = {
        "recipe": recipe,
        "rows": [each.row for each in outcomes],
        "confusion": {
            each.row.protocol: {"labels": each.labels, "counts": each.confusion.tolist()}
            for each in outcomes
        },
    }
    text = msgspec.json.format(msgspec.json.encode(content), indent=1)
    (out / "metrics.json").write_bytes(text + b"\n")
    last = outcomes[-1]
    title = f"{last.row.protocol}, int8 file through the engine"
    plot_confusion(out / f"confusion-{last.row.protocol}.png", last.confusion, last.labels, title)


def _print(outcomes: "list[Outcome]") -> None:
    """Print the rows as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    table.add_column("protocol", no_wrap=True)
    for column in ("UAR", "95 % interval", "accuracy", "ECE", "clips", "no speech"):
        table.add_column(column, justify="right")
    for each in outcomes:
        row = each.row
        table.add_row(
            row.protocol,
            f"{row.uar:.2%}",
            f"{row.uar_low:.2%}-{row.uar_high:.2%} ({row.interval_over})",
            f"{row.accuracy:.2%}",
            f"{row.ece:.3f}",
            str(row.clips),
            str(row.no_speech),
        )
    Console().print(table)
