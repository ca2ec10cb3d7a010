"""``emotiond classify``: name the emotion of whole sound files."""

import argparse
import csv
import sys
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from emotiond.api import classify
from emotiond.audio.folders import sound_files
from emotiond.commands.recordings import ErrorLine, add_flags, chosen_model, work_through
from emotiond.errors import InputError
from emotiond.model.interface import Model
from emotiond.recognition.recording import Verdict
from emotiond.record import SCHEMA
from emotiond.streams import complain
from emotiond.text import escaped, printable


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of ``--json`` for a file that was classified; most fields as in :class:`Verdict`."""

    file: str
    schema: int
    """Version of this format: that of the records."""
    model: str
    """Short hash of the model file."""
    seconds: float
    label: str | None
    state: str
    confidence: float
    probabilities: dict[str, float]
    warning: str | None = None
    embedding: list[float] | msgspec.UnsetType | None = msgspec.UNSET


Show = Callable[[str, Verdict | str], object]
"""Prints the verdict on a file of a name, or why there is none."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    add_flags(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", help="print one JSON object for each file, one a line"
    )
    parser.add_argument(
        "--embedding",
        action="store_true",
        help="with --json: add the mean embedding of the file's speech (default: leave it out)",
    )
    form.add_argument(
        "--csv", action="store_true", help="print a table, with a column for each label"
    )


def run(args: argparse.Namespace) -> int:
    """Classify the files in order, and go on after one that can't be read.

    Returns 1 if some files could not be classified, and 2 if none could, for they can't be read.
    """
    if args.embedding and not args.json:
        raise InputError("--embedding needs --json: only JSON lines have a place for it")
    names = [file for name in args.files for file in sound_files(name)]
    chosen, model = chosen_model(args)
    contract = model.contract
    if args.embedding and contract.embedding_size is None:
        raise InputError(f"model {chosen.path}: has no embedding; leave out --embedding")
    show: Show = _print_text
    if args.json:
        show = partial(_print_json, contract.short_hash, embedding=args.embedding)
    elif args.csv:
        show = _csv_printer(contract.reported)
    return work_through(names, chosen, _verdict_on, show, args.jobs, cluster=args.cluster)


def _verdict_on(name: str, model: Model) -> Verdict:
    return classify(name, model=model)


def _print_json(model: str, name: str, found: Verdict | str, *, embedding: bool) -> None:
    """Print the JSON object of a file, with its embedding if wanted; an error is one, too."""
    file = printable(name)
    if isinstance(found, str):
        line: Line | ErrorLine = ErrorLine(file, printable(found))
    else:
        fields = msgspec.structs.asdict(found)
        numbers = fields.pop("embedding")
        if embedding:
            fields["embedding"] = numbers and [_rounded(each) for each in numbers]
        line = Line(file=file, schema=SCHEMA, model=model, **fields)
        _warn(found)
    print(msgspec.json.encode(line).decode(), flush=True)


def _rounded(number: float) -> float:
    """Return a number rounded to four significant digits."""
    return float(f"{number:.4g}")


def _csv_printer(labels: Sequence[str]) -> Show:
    """Print the heading of a table; return a function that prints the row of a file."""
    columns = ("file", "seconds", "label", "state", "confidence")
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow((*columns, *labels))

    def show(name: str, found: Verdict | str) -> None:
        if isinstance(found, str):
            complain(found)
            return
        _warn(found)
        known = (printable(name), found.seconds, found.label, found.state, found.confidence)
        table.writerow((*known, *(found.probabilities.get(label) for label in labels)))
        sys.stdout.flush()

    return show


def _print_text(name: str, found: Verdict | str) -> None:
    """Print the verdict on a file in words."""
    if isinstance(found, str):
        complain(found)
    else:
        _warn(found)
        print(escaped(_text(printable(name), found)), flush=True)


def _warn(verdict: Verdict) -> None:
    if verdict.warning is not None:
        complain(verdict.warning)


def _text(name: str, verdict: Verdict) -> str:
    if verdict.state == "no_speech":
        return f"{name}: no speech"
    best = max(verdict.probabilities, key=lambda label: verdict.probabilities[label])
    label = best if verdict.state == "emotion" else f"uncertain ({best})"
    return f"{name}: {label} {verdict.confidence:.0%}"
