"""The command ``evaluate``."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emotiond.errors import InputError
from emotiond.model.choice import AUTO, model_file
from emotiond.pool import cores
from emotiond_training.commands.evaluate_live import (
    LIVE_PROTOCOLS,
    add_live_arguments,
    check_live_arguments,
    measure_live,
)
from emotiond_training.commands.options import (
    add_shared_arguments,
    clips_from,
    materials_from,
    output_folder,
    recipe_from,
    whole_number,
    working_in,
)

if TYPE_CHECKING:
    from emotiond_training.corpora.clips import Clip
    from emotiond_training.evaluation.scores import Evaluation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from emotiond_training.splits.protocols import PROTOCOLS, TAUGHT

    add_shared_arguments(parser, corpus_required=False)
    parser.add_argument(
        "--protocol",
        action="append",
        default=[],
        choices=[*PROTOCOLS, TAUGHT, *LIVE_PROTOCOLS],
        help="what to measure; may be repeated (default: all that the corpora allow)",
    )
    parser.add_argument(
        "--jobs",
        type=whole_number(1),
        default=1,
        metavar="N",
        help="trainings at a time; more than one have one thread each (default: 1)",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="let the workers of a dask cluster train and test the rounds; they need the same "
        "files at the same paths (default: this machine, --jobs at a time)",
    )
    parser.add_argument(
        "--robustness",
        action="store_true",
        help="test `speakers` also with recordings 30 dB quieter, and 10 dB louder and clipped",
    )
    parser.add_argument(
        "--leave-out",
        action="append",
        default=[],
        metavar="NAME",
        help="corpus that cross-corpus leaves out; may be repeated (default: each in turn)",
    )
    parser.add_argument(
        "--most",
        type=whole_number(1),
        metavar="N",
        help="test at most N recordings of each corpus, drawn at random (default: all)",
    )
    add_live_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure a recipe, a finished model file, or both."""
    if args.model is not None:
        args.model = model_file(args.model)
    live = [name for name in LIVE_PROTOCOLS if not args.protocol or name in args.protocol]
    if args.protocol and set(args.protocol) <= set(LIVE_PROTOCOLS):
        measure_live(args, live, [args.model or model_file(AUTO)], output_folder(args))
        return 0
    if not args.corpus:
        raise InputError("nothing to train on; give recordings: --corpus NAME=FOLDER")
    return _run_rounds(args, live)


def _run_rounds(args: argparse.Namespace, live: Sequence[str]) -> int:
    """Train a recipe, and measure its models on recordings and live."""
    from rich.console import Console

    from emotiond_training.corpora.noises import TRAINING_HALF
    from emotiond_training.progress import Reporter
    from emotiond_training.splits.leaks import check_round
    from emotiond_training.splits.protocols import (
        PROTOCOLS,
        TAUGHT,
        TAUGHT_ON,
        heard_in,
        plan_rounds,
        with_at_most,
    )

    recipe = recipe_from(args)
    out = output_folder(args)
    reporter = Reporter(Console(stderr=True))
    clips = clips_from(args, reporter)
    _check_names(clips)
    if unknown := set(args.leave_out) - {clip.corpus for clip in clips}:
        raise InputError(f"--leave-out {min(unknown)}: no such corpus was given")
    # Report what is missing or leaks before hours of training.
    names = [name for name in args.protocol if name in PROTOCOLS]
    teaches = recipe.frozen and (not args.protocol or TAUGHT in args.protocol)
    if TAUGHT in args.protocol:
        if not recipe.frozen:
            raise InputError(
                f"protocol {TAUGHT} needs a model with an embedding: a recipe on Whisper"
            )
        names = names or list(TAUGHT_ON)
    rounds = plan_rounds(names, clips, recipe.seed, args.leave_out)
    if args.most is not None:
        rounds = with_at_most(rounds, clips, args.most, recipe.seed)
    for each in rounds:
        check_round(clips, each)
    of_speakers = [
        each.name for each in rounds if any(test.protocol == "speakers" for test in each.tests)
    ]
    if "streaming" in live and not of_speakers:
        if "streaming" in args.protocol and not args.model:
            raise InputError(
                "protocol streaming needs speakers that were not in training: "
                "--protocol speakers, or a finished --model"
            )
        live = [name for name in live if name != "streaming" or args.model]
    check_live_arguments(args, live)
    # Half of the noises train, so that the other half can test.
    materials = materials_from(args, out / "rounds", reporter, TRAINING_HALF)

    # TensorFlow takes seconds to import, so wrong input is reported before.
    from emotiond_export.files import quantised_name
    from emotiond_export.tensorflow import import_tensorflow

    import_tensorflow()
    from emotiond_training.card.card import CARD, write_card
    from emotiond_training.evaluation.processes import run_rounds
    from emotiond_training.evaluation.rounds import PLAIN, PLAIN_FROZEN, ROBUSTNESS, Task
    from emotiond_training.evaluation.scores import score
    from emotiond_training.evaluation.teaching import teach
    from emotiond_training.fitting.train import train_round

    plain = PLAIN_FROZEN if recipe.frozen else PLAIN
    conditions = (*plain, *(ROBUSTNESS if args.robustness else ()))
    heard_by_all = heard_in(rounds)
    tasks = [
        Task(
            each,
            clips,
            recipe,
            out / "rounds" / each.name,
            materials,
            heard_by_all,
            conditions,
            cores(),
        )
        for each in rounds
    ]
    with working_in(out):
        heard = run_rounds(tasks, reporter, train_round, args.jobs, cluster=args.cluster)
        evaluation = score(rounds, heard, clips, recipe)
        if teaches:
            evaluation = evaluation._replace(taught=teach(tasks, recipe.seed, reporter))
        write_card(out, evaluation)
    _print(evaluation)
    if live:
        trained = of_speakers or [rounds[0].name]
        name = quantised_name(recipe.quantisation)
        paths = [args.model] if args.model else [out / "rounds" / each / name for each in trained]
        found = measure_live(args, live, paths, out)
        with working_in(out):
            write_card(out, evaluation, found)
    print(f"The whole card: {out / CARD}")
    return 0


def _check_names(clips: "Sequence[Clip]") -> None:
    """Check that the files of a round, which are JSON, can name every recording."""
    for clip in clips:
        if any("\ud800" <= character <= "\udfff" for character in str(clip.path)):
            raise InputError(f"{clip.path}: its name is not UTF-8; rename it")


def _print(evaluation: "Evaluation") -> None:
    """Print the rows as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    table.add_column("protocol", no_wrap=True)
    table.add_column("corpus", no_wrap=True)
    for column in ("UAR", "95 % interval", "accuracy", "ECE", "clips", "no speech"):
        table.add_column(column, justify="right")
    for each in evaluation.outcomes:
        row = each.row
        table.add_row(
            row.protocol,
            row.corpus,
            f"{row.uar:.2%}",
            f"{row.uar_low:.2%}-{row.uar_high:.2%} ({row.interval_over})",
            f"{row.accuracy:.2%}",
            f"{row.ece:.3f}",
            str(row.clips),
            str(row.no_speech),
        )
    Console().print(table)
