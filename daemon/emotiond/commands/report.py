"""``emotiond report``: sums of the log, by day and hour."""

import argparse
import os
import sys
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emotiond import settings
from emotiond.errors import EmotiondError, InputError
from emotiond.history.files import (
    Log,
    known_of,
    logs_of,
    period_of,
    read_history,
    usual_folders,
)
from emotiond.history.history import History, Taken, ignore
from emotiond.history.localtime import named_day
from emotiond.history.page import page_of
from emotiond.history.summary import lines_of, show
from emotiond.history.table import csv_writer
from emotiond.history.words import long_date
from emotiond.paths import SYSTEM_LOG, replacement
from emotiond.pictures import check_picture, save_picture
from emotiond.text import escaped

if TYPE_CHECKING:
    from rich.console import Console

STDOUT: Final = "-"
"""Name of standard output."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument(
        "logs",
        metavar="LOG",
        nargs="*",
        type=Path,
        help="log files, or folders of them (default: your log folder, or the system service's if "
        "you have none)",
    )
    parser.add_argument(
        "--since",
        metavar="DATE",
        type=day,
        help="first day: a date like 2026-05-01, today or yesterday (default: today; with LOG or "
        "--until, the first of the log)",
    )
    parser.add_argument(
        "--until", metavar="DATE", type=day, help="last day (default: the last of the log)"
    )
    parser.add_argument(
        "--csv", metavar="FILE", help="write a table of the utterances; - is standard output"
    )
    parser.add_argument(
        "--html", metavar="FILE", help="write a page for the browser; - is standard output"
    )
    parser.add_argument(
        "--picture",
        metavar="FILE",
        type=Path,
        help="write a picture of the days (the last 31 at most), a .png or .svg file; needs "
        "matplotlib",
    )


def run(args: argparse.Namespace) -> int:
    """Read the logs, write the wanted files, and print the summary."""
    since, until = args.since, args.until
    if since is until is None and not args.logs:
        since = day("today")
    if since is not None and until is not None and since > until:
        raise InputError(f"--since {since} is after --until {until}")
    if args.csv == args.html == STDOUT:
        raise InputError("--csv and --html can't both write to standard output")
    if args.picture is not None:
        check_picture(args.picture)
    period = period_of(since, until, None)
    logs = logs_of(args.logs, period[0]) if args.logs else _usual(period[0])
    known = known_of(logs)
    with ExitStack() as stack:
        taken: Taken = ignore
        if args.csv:
            table = sys.stdout
            if args.csv != STDOUT:
                new = stack.enter_context(replacement(Path(args.csv)))
                table = stack.enter_context(new.open("w", encoding="utf-8", newline=""))
            taken = csv_writer(table, known.labels, None)
        history = read_history(
            logs, period=period, known=known, taken=taken, keep_utterances=bool(args.html)
        )
    if args.html:
        _write_page(history, args.html, _title(since, until))
    if args.picture is not None:
        _write_picture(history, args.picture)
    if STDOUT not in (args.csv, args.html):
        _print(history)
    return 0


def day(text: str) -> date:
    """Return the day that a flag names, for argparse."""
    found = named_day(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"must be a day like 2026-05-01, today or yesterday, not {text!r}"
        )
    return found


def _usual(since: float) -> list[Log]:
    """Return the user's log, or that of the system service if the user has none."""
    own = settings.load(argparse.Namespace(config=None)).log.folder
    if logs := logs_of(usual_folders(own), since):
        return logs
    raise EmotiondError(
        f"there is no log in {own} or {SYSTEM_LOG}; start one with: emotiond run; "
        "or name a log: emotiond report FOLDER"
    )


def _title(since: date | None, until: date | None) -> str:
    """Return the heading of the page."""
    if since is None:
        return "Emotions" if until is None else f"Emotions until {long_date(until)}"
    if since == until or (until is None and since == day("today")):
        return f"Emotions on {long_date(since)}"
    return f"Emotions from {long_date(since)}" + (f" to {long_date(until)}" if until else "")


def _write_page(history: History, name: str, title: str) -> None:
    if name == STDOUT:
        sys.stdout.writelines(page_of(history, title))
        return
    with replacement(Path(name)) as new, new.open("w", encoding="utf-8") as file:
        file.writelines(page_of(history, title))


def _write_picture(history: History, path: Path) -> None:
    from emotiond.history.picture import picture_of

    if not history.days:
        raise EmotiondError(f"{path}: no picture, since no daemon listened then")
    save_picture(picture_of(history), path)


def _print(history: History) -> None:
    """Print the summary: with colours on a terminal, else line by line."""
    console = _terminal()
    if console is None:
        for line in lines_of(history):
            print(escaped(line))
    else:
        show(history, console)


def _terminal() -> "Console | None":
    """Return the terminal of standard output; None for a pipe, a file or a simple terminal."""
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return None
    from rich.console import Console

    return Console()
