"""``emotiond classify``: say what whole sound files are."""

import argparse
import sys
from pathlib import Path

import msgspec

from emotiond import settings
from emotiond.classify import Verdict, classify
from emotiond.errors import SoundError
from emotiond.runtime import Classifier
from emotiond.sound import file_blocks, printable


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
    parser.add_argument("--model", metavar="FILE", type=Path, default=settings.DEFAULT_MODEL)


def run(args: argparse.Namespace) -> int:
    """Classify each file; an unreadable one does not stop the others."""
    model = Classifier(args.model)
    failed = False
    for name in args.files:
        try:
            verdict = classify(model, file_blocks(Path(name), model.contract.mfcc.sample_rate))
        except SoundError as error:
            failed = True
            if args.json:
                line = ErrorLine(printable(name), printable(str(error)))
                print(msgspec.json.encode(line).decode(), flush=True)
            else:
                print(f"emotiond: {error}", file=sys.stderr)
            continue
        said = _json if args.json else _text
        print(said(printable(name), verdict), flush=True)
    return 1 if failed else 0


def _json(name: str, verdict: Verdict) -> str:
    return msgspec.json.encode(Line(file=name, **msgspec.structs.asdict(verdict))).decode()


def _text(name: str, verdict: Verdict) -> str:
    if verdict.state == "no_speech":
        return f"{name}: no speech"
    best = max(verdict.probabilities, key=lambda label: verdict.probabilities[label])
    said = best if verdict.state == "emotion" else f"uncertain ({best})"
    return f"{name}: {said} {verdict.confidence:.0%}"
