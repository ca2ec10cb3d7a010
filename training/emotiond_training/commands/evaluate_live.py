"""The protocols of ``evaluate`` that test a finished model file and train nothing."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emotiond.errors import InputError
from emotiond_training.commands.options import clips_from, whole_number, working_in

if TYPE_CHECKING:
    from emotiond_training.corpora.clips import Clip
    from emotiond_training.corpora.noises import Noise
    from emotiond_training.live.nonspeech import NonSpeech
    from emotiond_training.live.results import Live
    from emotiond_training.live.streaming import Streamed
    from emotiond_training.progress import Reporter

LIVE_PROTOCOLS: Final = ("streaming", "non-speech")
LIVE: Final = "live.json"


def add_live_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of these protocols."""
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="model for streaming and non-speech: a file, large, small or auto (default: those of "
        "all trainings that test speakers; auto where nothing is trained); if a test.json of a "
        "training lies beside it, the recordings in that are used",
    )
    parser.add_argument(
        "--speech",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="ordinary, unacted speech for non-speech; may be repeated",
    )
    parser.add_argument(
        "--clips",
        type=whole_number(1),
        default=1000,
        metavar="N",
        help="most recordings on the time lines of streaming (default: 1000; fewer say little: "
        "two draws of 200 differed by 5 points)",
    )


def check_live_arguments(args: argparse.Namespace, names: Sequence[str]) -> None:
    """Check what live protocols will need, before hours of training.

    Raises
    ------
    InputError
        If a folder is missing or has no recordings, or the model can't be read.
    """
    from emotiond.model.file import read_contract

    if not names:
        return
    if args.model:
        read_contract(args.model)
    _recordings([*args.noise, *args.speech])


def measure_live(
    args: argparse.Namespace, names: Sequence[str], paths: Sequence[Path], out: Path
) -> "Live":
    """Measure model files by some of :data:`LIVE_PROTOCOLS`; print and write the figures.

    Raises
    ------
    EmotiondError
        If a model or a recording can't be used, or the folder can't be written to.
    """
    import msgspec
    from rich.console import Console

    from emotiond.model.runtime import load_quietly
    from emotiond_training.corpora.noises import TRAINING_HALF, half_of
    from emotiond_training.live.nonspeech import non_speech
    from emotiond_training.live.results import Live
    from emotiond_training.live.streaming import Strangers, streaming
    from emotiond_training.progress import Reporter

    models = [load_quietly(path) for path in paths]
    noises = _recordings(args.noise)
    reporter = Reporter(Console(stderr=True))
    streamed: list[Streamed] = []
    silence = None
    if "streaming" in names:
        clips = [_test_clips(args, path, reporter) for path in paths]
        listeners = [Strangers(model, each) for model, each in zip(models, clips, strict=True)]
        seed = args.seed or 0
        rooms = [each for each in noises if half_of(each) != TRAINING_HALF] or noises
        streamed = streaming(listeners, rooms, seed=seed, most=args.clips, reporter=reporter)
        _print_streaming(streamed)
    if "non-speech" in names:
        silence = non_speech(models, noises, _recordings(args.speech), reporter=reporter)
        _print_non_speech(silence)
    hashes = tuple(model.contract.short_hash for model in models)
    live = Live(models=hashes, streaming=streamed, non_speech=silence)
    with working_in(out):
        text = msgspec.json.format(msgspec.json.encode(live), indent=1)
        (out / LIVE).write_bytes(text + b"\n")
    return live


def _test_clips(args: argparse.Namespace, model: Path, reporter: "Reporter") -> "list[Clip]":
    """Return the recordings to test a model with: those of its test, or all that are given."""
    from emotiond_training.evaluation.rounds import TEST, round_clips

    test = model.parent / TEST
    if test.is_file():
        return round_clips(test)
    if not args.corpus:
        raise InputError("protocol streaming needs recordings: --corpus NAME=FOLDER")
    return clips_from(args, reporter)


def _recordings(folders: Sequence[Path]) -> "list[Noise]":
    """List the recordings of folders, without categories of voices."""
    from emotiond_training.corpora.noises import VOICES, read_noises

    return [each for each in read_noises(folders) if not each.category.startswith(VOICES)]


def _print_streaming(rows: "Sequence[Streamed]") -> None:
    """Print the rows of the protocol ``streaming``."""
    from rich.console import Console
    from rich.table import Table

    from emotiond_training.card.live import seconds, share

    table = Table(title="streaming")
    for column in (
        "voice over room",
        "clips",
        "clip UAR",
        "UAR",
        "missed",
        "invented",
        "changes/min",
        "s to right",
        "s to stable",
        "never right",
        "wrong",
        "uncertain",
        "last = verdict",
    ):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            "continuous" if row.snr_db is None else f"{row.snr_db:g} dB",
            str(row.clips),
            "-" if row.clip_uar is None else f"{row.clip_uar:.1%}",
            f"{row.uar:.1%}",
            str(row.missed),
            str(row.invented),
            f"{row.changes_a_minute:.1f}",
            seconds(row.seconds_to_right),
            seconds(row.seconds_to_stable),
            f"{row.never_right:.0%}",
            *(share(each) for each in (row.wrong, row.uncertain, row.agreement)),
        )
    Console().print(table)


def _print_non_speech(result: "NonSpeech") -> None:
    """Print the figures of the protocol ``non-speech``."""
    first, second = result.emotions_an_hour_by_half
    print(
        f"non-speech: {result.emotions_an_hour:.1f} false emotions an hour in {result.hours:.2f} h "
        f"(either half: {first:.1f}, {second:.1f}); {result.hops_an_hour:.0f} predictions an hour"
    )
    if len(result.emotions_an_hour_by_model) > 1:
        rates = ", ".join(f"{rate:.1f}" for rate in result.emotions_an_hour_by_model)
        print(f"  each model: {rates} an hour")
    for each in result.categories:
        if each.utterances:
            print(
                f"  {each.category}: {each.emotions} emotions, {each.utterances} utterances "
                f"in {60 * each.hours:.1f} min"
            )
    if result.ordinary is not None:
        said = ", ".join(f"{label} {count}" for label, count in result.ordinary.labels.items())
        print(
            f"ordinary speech: {result.ordinary.utterances_marked:.0%} of "
            f"{result.ordinary.utterances} utterances and {result.ordinary.hops_marked:.0%} of "
            f"{result.ordinary.hops} predictions neither neutral nor uncertain ({said})"
        )
