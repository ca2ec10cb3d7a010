"""``emotiond doctor``: check everything that the daemon needs, and say what to do."""

import argparse
from pathlib import Path
from typing import Final

import msgspec

from emotiond import settings
from emotiond.doctor.diagnosis import Finding, diagnose
from emotiond.doctor.symptoms import observe
from emotiond.errors import InputError

MARKS: Final = {"ok": "ok", "warning": "warning", "failed": "FAILED"}
FILES: Final = (
    Path("/etc/emotiond/emotiond.toml"),
    Path("~/.config/emotiond/emotiond.toml"),
)
"""Settings of an installed service."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command: those of run, whose settings are checked."""
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    settings.add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was found; 1 if something keeps the daemon from its work."""
    findings = []
    chosen = settings.Settings()
    try:
        if settings.chosen_file(args.config) is None:
            args.config = _of_a_service()
        chosen = settings.load(args)
    except InputError as error:
        findings.append(
            Finding("settings", "failed", str(error), "put that right; see emotiond run --help")
        )
    else:
        where = settings.chosen_file(args.config) or "no file; the defaults"
        findings.append(Finding("settings", "ok", str(where)))
    findings += diagnose(observe(chosen))
    width = max(len(each.check) for each in findings)
    for each in findings:
        if args.json:
            print(msgspec.json.encode(each).decode())
            continue
        print(f"{MARKS[each.state]:<7}  {each.check:<{width}}  {each.message}")
        if each.remedy:
            print(f"{'':<7}  {'':<{width}}  -> {each.remedy}")
    return int(any(each.state == "failed" for each in findings))


def _of_a_service() -> Path | None:
    """Return the settings of an installed service that this user may read."""
    for each in FILES:
        try:
            with each.expanduser().open():
                return each.expanduser()
        except OSError:
            continue
    return None
