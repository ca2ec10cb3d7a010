"""The command line: a table of commands, each in a module imported only when it is used."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from emotiond import __version__
from emotiond.errors import EmotiondError, reason
from emotiond.streams import let_go_of

USAGE_ERROR: Final = 2


class Command(NamedTuple):
    """Where a command lives: a module with ``add_arguments(parser)`` and ``run(args) -> int``."""

    module: str
    help: str
    extra: str | None = None
    """The extra whose packages it needs."""


COMMANDS: Final = {
    "run": Command("emotiond.commands.run", "listen and say what is heard, live"),
    "classify": Command("emotiond.commands.classify", "say what whole sound files are"),
    "watch": Command("emotiond.commands.watch", "show live what a running service hears"),
    "config": Command("emotiond.commands.config", "check settings, or print the default ones"),
    "devices": Command("emotiond.commands.devices", "list microphones"),
    "doctor": Command("emotiond.commands.doctor", "check this machine, and say what to do"),
    "bench": Command("emotiond.commands.bench", "measure what it costs on this machine"),
    "model": Command("emotiond.commands.model", "show and check a model file"),
    "train": Command("emotiond_training.commands.train", "train a model", "train"),
    "evaluate": Command(
        "emotiond_training.commands.evaluate", "measure a recipe honestly", "train"
    ),
    "export": Command("emotiond_export.command", "turn a trained model into a model file", "train"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 wrong usage or input."""
    _occupy_standard_streams()
    _spell_what_a_terminal_has_not()
    # Before NumPy is loaded: a hop is too small to share, and idle BLAS threads spin.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = next((each for each in arguments if not each.startswith("-")), None)
    try:
        args = _parser(name).parse_args(arguments)
        code: int = args.run(args)
        sys.stdout.flush()
    except EmotiondError as error:
        print(f"emotiond: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        extra = COMMANDS[name].extra if name in COMMANDS else None
        if extra is None or (error.name or "").startswith("emotiond"):
            raise
        print(
            f"emotiond: {name} needs {error.name}; install it with: "
            f"pip install 'emotiond[{extra}]'",
            file=sys.stderr,
        )
        return 1
    except BrokenPipeError:  # whoever read our output has heard enough
        let_go_of(sys.stdout)
        return 1
    except OSError as error:
        let_go_of(sys.stdout)
        print(f"emotiond: {reason(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the line and exit."""
        self.exit(USAGE_ERROR, f"emotiond: {message}; see {self.prog} --help\n")


def _occupy_standard_streams() -> None:
    """Put something in place of streams that were closed, before a log file takes their number."""
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 (for good)


def _spell_what_a_terminal_has_not() -> None:
    """Write characters that the encoding of standard output has not as escapes, not at all."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _parser(name: str | None) -> argparse.ArgumentParser:
    """Build the parser, with the flags of the one command that is asked for."""
    parser = _Parser(prog="emotiond", description="Says, live, which emotion a voice carries.")
    parser.add_argument("--version", action="version", version=f"emotiond {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for each, command in COMMANDS.items():
        child = commands.add_parser(
            each, help=command.help, description=command.help[0].upper() + command.help[1:] + "."
        )
        if each == name:
            module = importlib.import_module(command.module)
            module.add_arguments(child)
            child.set_defaults(run=module.run)
    return parser
