"""The protocols of ``evaluate`` that hear a finished model file and train nothing."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emotiond.errors import InputError
from emotiond_training.commands.options import writing_to

if TYPE_CHECKING:
    from emotiond_training.noises import Noise
    from emotiond_training.nonspeech import NonSpeech
    from emotiond_training.streaming import Streamed

LIVE_PROTOCOLS: Final = ("streaming", "non-speech")


def add_live_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only these protocols take; ``--noise`` is there already where training mixes it."""
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="for streaming and non-speech: the model file (default: the one that is shipped); "
        "beside a round's test.json, its test clips are used",
    )
    if not any("--noise" in action.option_strings for action in parser._actions):
        parser.add_argument(
            "--noise",
            action="append",
            type=Path,
            metavar="DIR",
            help="recordings without voices; may be repeated (default: generated sounds)",
        )
    parser.add_argument(
        "--speech",
        action="append",
        type=Path,
        metavar="DIR",
        help="ordinary, unacted speech for non-speech; may be repeated",
    )
    parser.add_argument(
        "--clips",
        type=int,
        default=200,
        metavar="N",
        help="clips on the time lines of streaming at most (default: 200)",
    )


def run_live(args: argparse.Namespace, names: Sequence[str], out: Path) -> None:
    """Measure a model file by some of :data:`LIVE_PROTOCOLS`, print it and write it to a folder.

    Raises
    ------
    EmotiondError
        If the model or a recording can't be used, or the folder can't be written to.
    """
    import msgspec
    from rich.console import Console

    from emotiond.runtime import Classifier
    from emotiond.settings import DEFAULT_MODEL
    from emotiond_training.corpora import read_corpora
    from emotiond_training.nonspeech import non_speech
    from emotiond_training.progress import Reporter
    from emotiond_training.streaming import round_clips, streaming

    path = args.model or DEFAULT_MODEL
    model = Classifier(path)
    noises = _recordings(args.noise)
    reporter = Reporter(Console(stderr=True))
    content: dict[str, Any] = {"model": model.contract.short_hash}
    if "streaming" in names:
        test = path.parent / "test.json"
        if test.is_file():
            clips = round_clips(test)
        elif args.corpus:
            clips = read_corpora(args.corpus)
        else:
            raise InputError("protocol streaming needs recordings: --corpus NAME=FOLDER")
        seed = args.seed or 0
        rows = streaming(model, clips, noises, seed=seed, most=args.clips, reporter=reporter)
        content["streaming"] = rows
        print_streaming(rows)
    if "non-speech" in names:
        result = non_speech(model, noises, _recordings(args.speech), reporter=reporter)
        content["non-speech"] = result
        print_non_speech(result)
    with writing_to(out):
        text = msgspec.json.format(msgspec.json.encode(content), indent=1)
        (out / "live.json").write_bytes(text + b"\n")


def _recordings(folders: "Sequence[Path] | None") -> "list[Noise]":
    """List recordings, without those whose category holds voices."""
    from emotiond_training.noises import VOICES, read_noises

    return [each for each in read_noises(folders or ()) if not each.category.startswith(VOICES)]


def print_streaming(rows: "Sequence[Streamed]") -> None:
    """Print the rows of the protocol ``streaming``."""
    from rich.console import Console
    from rich.table import Table

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
    ):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            "continuous" if row.snr_db is None else f"{row.snr_db:g} dB",
            str(row.clips),
            f"{row.clip_uar:.1%}",
            f"{row.uar:.1%}",
            str(row.missed),
            str(row.invented),
            f"{row.changes_a_minute:.1f}",
            _seconds(row.seconds_to_right),
            _seconds(row.seconds_to_stable),
            f"{row.never_right:.0%}",
        )
    Console().print(table)


def print_non_speech(result: "NonSpeech") -> None:
    """Print the figures of the protocol ``non-speech``."""
    first, second = result.emotions_an_hour_by_half
    print(
        f"non-speech: {result.emotions_an_hour:.1f} false emotions an hour in {result.hours:.2f} h "
        f"(either half: {first:.1f}, {second:.1f}); {result.hops_an_hour:.0f} predictions an hour"
    )
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


def _seconds(delay: float | None) -> str:
    return "never" if delay is None else f"{delay:.1f}"
