"""``emotiond doctor``: check all that the daemon needs; name a remedy for each trouble."""

import argparse
from pathlib import Path
from typing import Final

import msgspec

from emotiond import settings
from emotiond.doctor.diagnosis import diagnose
from emotiond.doctor.finding import Finding
from emotiond.doctor.symptoms import observe
from emotiond.errors import InputError
from emotiond.paths import user_path
from emotiond.text import escaped

MARKS: Final = {"ok": "ok", "warning": "warning", "failed": "FAILED"}
FILES: Final = ("/etc/emotiond/emotiond.toml", "~/.config/emotiond/emotiond.toml")
"""Settings files of the system service and of the user service."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command: those of run, since it checks the settings of run."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object for each part, one a line"
    )
    settings.add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Print the findings; return 1 if one of them is a failure."""
    findings = []
    chosen = settings.Settings()
    try:
        if settings.chosen_file(args.config) is None:
            args.config = _of_a_service()
        chosen = settings.load(args)
        chosen.log.folder  # noqa: B018 (raises if this user has no folder for it)
    except InputError as error:
        findings.append(
            Finding(
                "settings",
                "failed",
                str(error),
                "correct it; emotiond config default prints all settings",
            )
        )
    else:
        where = settings.chosen_file(args.config) or "no settings file; the defaults apply"
        findings.append(Finding("settings", "ok", str(where)))
    findings += diagnose(observe(chosen))
    width = max(len(each.check) for each in findings)
    for each in findings:
        if args.json:
            print(msgspec.json.encode(each).decode())
            continue
        print(f"{MARKS[each.state]:<7}  {each.check:<{width}}  {escaped(each.message)}")
        if each.remedy:
            print(f"{'':<7}  {'':<{width}}  -> {escaped(each.remedy)}")
    return int(any(each.state == "failed" for each in findings))


def _of_a_service() -> Path | None:
    """Return the settings file of an installed service, if this user may read one."""
    for each in FILES:
        try:
            path = user_path(each)
            with path.open():
                return path
        except (OSError, InputError):
            continue
    return None
