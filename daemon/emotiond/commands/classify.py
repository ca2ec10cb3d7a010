"""``emotiond classify``: name the emotion of whole sound files."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from emotiond.audio.files import FAST_BLOCK_SECONDS, file_blocks
from emotiond.errors import InputError, SoundError
from emotiond.model.runtime import load_quietly
from emotiond.paths import DEFAULT_MODEL
from emotiond.pool import cores, in_order
from emotiond.recognition.recording import Verdict, verdict_of
from emotiond.text import printable


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of ``--json`` for a file that was classified; fields as in :class:`Verdict`."""

    file: str
    seconds: float
    label: str | None
    state: str
    confidence: float
    probabilities: dict[str, float]
    warning: str | None = None


class ErrorLine(msgspec.Struct, frozen=True):
    """A line of ``--json`` for a file that can't be read."""

    file: str
    error: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="sound files of any length")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object for each file, one a line"
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        type=Path,
        default=DEFAULT_MODEL,
        help="model file (default: the shipped one)",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=int,
        default=cores(),
        help="number of files at the same time (default: the number of cores)",
    )


def run(args: argparse.Namespace) -> int:
    """Classify the files in order; go on after one that can't be read, and return 1 then."""
    if args.jobs < 1:
        raise InputError("--jobs must be at least 1")
    # Report a bad model here, once, before any process starts.
    load_quietly(args.model)
    failed = False
    results = in_order(partial(_worker, args.model), args.files, min(args.jobs, len(args.files)))
    with closing(results), _bar(len(args.files)) as advance:
        for name, result in zip(args.files, results, strict=True):
            found = result or f"{name}: its process died, perhaps out of memory; try --jobs 1"
            failed = failed or isinstance(found, str)
            _print(printable(name), found, args.json)
            advance()
    return 1 if failed else 0


def _worker(path: Path) -> Callable[[str], Verdict | str]:
    """Return a function that classifies a file; it returns a message if the file can't be read."""
    model = load_quietly(path)

    def work(name: str) -> Verdict | str:
        blocks = file_blocks(Path(name), model.contract.sample_rate, FAST_BLOCK_SECONDS)
        try:
            return verdict_of(model, blocks)
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


def _print(name: str, found: Verdict | str, as_json: bool) -> None:
    """Print the line of a file; an error goes to stderr, but as JSON to stdout."""
    if as_json:
        line: Line | ErrorLine = (
            ErrorLine(name, printable(found))
            if isinstance(found, str)
            else Line(file=name, **msgspec.structs.asdict(found))
        )
        print(msgspec.json.encode(line).decode(), flush=True)
    elif isinstance(found, str):
        print(f"emotiond: {found}", file=sys.stderr)
    else:
        print(_text(name, found), flush=True)


def _text(name: str, verdict: Verdict) -> str:
    if verdict.state == "no_speech":
        return f"{name}: no speech"
    best = max(verdict.probabilities, key=lambda label: verdict.probabilities[label])
    label = best if verdict.state == "emotion" else f"uncertain ({best})"
    return f"{name}: {label} {verdict.confidence:.0%}"
