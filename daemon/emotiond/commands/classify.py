"""``emotiond classify``: say what whole sound files are."""

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


class Line(msgspec.Struct, frozen=True):
    """A line of ``--json`` for a file that was heard."""

    file: str
    seconds: float
    label: str | None
    state: str
    confidence: float
    probabilities: dict[str, float]


class ErrorLine(msgspec.Struct, frozen=True):
    """A line of ``--json`` for a file that can't be read."""

    file: str
    error: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="sound files")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--model", metavar="FILE", type=Path, default=DEFAULT_MODEL)
    parser.add_argument(
        "--jobs", metavar="N", type=int, default=cores(), help="files at a time (default: cores)"
    )


def run(args: argparse.Namespace) -> int:
    """Classify each file, in their order; an unreadable one does not stop the others."""
    if args.jobs < 1:
        raise InputError("--jobs must be at least 1")
    # A model that is refused is said here, once, before any process starts.
    load_quietly(args.model)
    failed = False
    results = in_order(partial(_worker, args.model), args.files, min(args.jobs, len(args.files)))
    with closing(results), _bar(len(args.files)) as advance:
        for name, result in zip(args.files, results, strict=True):
            heard = result or f"{name}: the process that heard it died, out of memory perhaps"
            failed = failed or isinstance(heard, str)
            _say(printable(name), heard, args.json)
            advance()
    return 1 if failed else 0


def _worker(path: Path) -> Callable[[str], Verdict | str]:
    """Return a function from a file to what it is, or to what is wrong with it."""
    model = load_quietly(path)

    def hear(name: str) -> Verdict | str:
        blocks = file_blocks(Path(name), model.contract.sample_rate, FAST_BLOCK_SECONDS)
        try:
            return verdict_of(model, blocks)
        except SoundError as error:
            return str(error)

    return hear


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], object]]:
    """Show how many files are done, where that is not seen from the lines themselves."""
    if total == 1 or sys.stdout.isatty() or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as progress:
        task = progress.add_task("files", total=total)
        yield lambda: progress.advance(task)


def _say(name: str, heard: Verdict | str, as_json: bool) -> None:
    """Print a file's line; what is wrong with a file goes to stderr, unless as JSON."""
    if as_json:
        line: Line | ErrorLine = (
            ErrorLine(name, printable(heard))
            if isinstance(heard, str)
            else Line(file=name, **msgspec.structs.asdict(heard))
        )
        print(msgspec.json.encode(line).decode(), flush=True)
    elif isinstance(heard, str):
        print(f"emotiond: {heard}", file=sys.stderr)
    else:
        print(_text(name, heard), flush=True)


def _text(name: str, verdict: Verdict) -> str:
    if verdict.state == "no_speech":
        return f"{name}: no speech"
    best = max(verdict.probabilities, key=lambda label: verdict.probabilities[label])
    said = best if verdict.state == "emotion" else f"uncertain ({best})"
    return f"{name}: {said} {verdict.confidence:.0%}"
