"""``emotiond classify``: name the emotion of whole sound files."""

import argparse
import csv
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from emotiond.api import classify
from emotiond.errors import InputError, SoundError, reason
from emotiond.model.choice import AUTO, model_file
from emotiond.model.runtime import load_quietly
from emotiond.pool import cores, in_order
from emotiond.recognition.recording import Verdict
from emotiond.streams import keep_stderr
from emotiond.text import escaped, printable
from emotiond.values import at_least_one

SOUND_ENDINGS: Final = (
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf"),
    *(".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".sph", ".nist", ".voc", ".vox", ".gsm"),
    *(".m4a", ".mp4", ".aac", ".wma", ".webm", ".mka", ".amr", ".3gp"),  # named, if not read
)
"""Endings of the files that are taken from a folder."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of ``--json`` for a file that was classified; fields as in :class:`Verdict`."""

    file: str
    seconds: float
    label: str | None
    state: str
    confidence: float
    probabilities: dict[str, float]
    warning: str | None = None
    embedding: list[float] | msgspec.UnsetType | None = msgspec.UNSET


class ErrorLine(msgspec.Struct, frozen=True):
    """A line of ``--json`` for a file that can't be read."""

    file: str
    error: str


Show = Callable[[str, Verdict | str], object]
"""Prints the verdict on a file of a name, or why there is none."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="sound files of any length, or folders of them"
    )
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
    parser.add_argument(
        "--model",
        metavar="FILE",
        default=AUTO,
        help="model: small, large, a file, or auto (default: auto)",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=at_least_one,
        default=cores(),
        help="number of files at the same time (default: the number of cores)",
    )


def run(args: argparse.Namespace) -> int:
    """Classify the files in order, and go on after one that can't be read.

    Returns 1 if some files could not be classified, and 2 if none could, for they can't be read.
    """
    if args.embedding and not args.json:
        raise InputError("--embedding needs --json: only JSON lines have a place for it")
    names = [file for name in args.files for file in _sound_files(name)]
    # Report a bad model here, once, before any process starts.
    path = model_file(args.model)
    contract = load_quietly(path).contract
    if args.embedding and contract.embedding_size is None:
        raise InputError(f"model {path}: has no embedding; leave out --embedding")
    show: Show = _print_text
    if args.json:
        show = partial(_print_json, embedding=args.embedding)
    elif args.csv:
        show = _csv_printer(contract.reported)
    unread = died = 0
    jobs = min(args.jobs, len(names))
    if jobs == 1:
        keep_stderr()
    results = in_order(partial(_worker, path), names, jobs)
    with closing(results), _bar(len(names)) as advance:
        for name, result in zip(names, results, strict=True):
            unread += isinstance(result, str)
            died += result is None
            found = result or f"{name}: its process died, perhaps out of memory; try --jobs 1"
            show(printable(name), found)
            advance()
    if unread == len(names):
        return InputError.exit_code
    return 1 if unread or died else 0


def _sound_files(name: str) -> list[str]:
    """Return the sound files in a folder and below; a file's name is returned as it is.

    Hidden ones are left out: archives made on a Mac hold a ``._name.wav`` for each file.
    """
    found = []
    try:
        if not Path(name).is_dir():
            return [name]
        for folder, folders, files in os.walk(name, onerror=_refuse):
            folders[:] = [each for each in folders if not each.startswith(".")]
            found += [
                str(Path(folder, each))
                for each in files
                if each.lower().endswith(SOUND_ENDINGS) and not each.startswith(".")
            ]
    except OSError:  # a name that is too long, for example: reading the file says so
        return [name]
    if not found:
        raise InputError(f"{printable(name)}: a folder without sound files")
    return sorted(found)


def _refuse(error: OSError) -> NoReturn:
    raise InputError(f"{printable(error.filename)}: {reason(error)}")


def _worker(path: Path) -> Callable[[str], Verdict | str]:
    """Return a function that classifies a file; it returns a message if the file can't be read."""
    if parent_process() is not None:
        keep_stderr()
    model = load_quietly(path)

    def work(name: str) -> Verdict | str:
        try:
            return classify(name, model=model)
        except SoundError as error:
            return str(error)

    return work


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], object]]:
    """Show a progress bar on stderr, unless the printed lines show the progress themselves."""
    if total == 1 or sys.stdout.isatty() or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as progress:
        task = progress.add_task("files", total=total)
        yield lambda: progress.advance(task)


def _print_json(name: str, found: Verdict | str, *, embedding: bool) -> None:
    """Print the JSON object of a file, with its embedding if wanted; an error is one, too."""
    if isinstance(found, str):
        line: Line | ErrorLine = ErrorLine(name, printable(found))
    else:
        fields = msgspec.structs.asdict(found)
        numbers = fields.pop("embedding")
        if embedding:
            fields["embedding"] = numbers and [_rounded(each) for each in numbers]
        line = Line(file=name, **fields)
        _complain(found.warning)
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
            _complain(found)
            return
        _complain(found.warning)
        known = (found.seconds, found.label, found.state, found.confidence)
        table.writerow((name, *known, *(found.probabilities.get(label) for label in labels)))
        sys.stdout.flush()

    return show


def _print_text(name: str, found: Verdict | str) -> None:
    """Print the verdict on a file in words."""
    if isinstance(found, str):
        _complain(found)
    else:
        _complain(found.warning)
        print(escaped(_text(name, found)), flush=True)


def _complain(sentence: str | None) -> None:
    """Print a sentence to stderr, if there is one."""
    if sentence is not None:
        print(f"emotiond: {escaped(sentence)}", file=sys.stderr)


def _text(name: str, verdict: Verdict) -> str:
    if verdict.state == "no_speech":
        return f"{name}: no speech"
    best = max(verdict.probabilities, key=lambda label: verdict.probabilities[label])
    label = best if verdict.state == "emotion" else f"uncertain ({best})"
    return f"{name}: {label} {verdict.confidence:.0%}"
