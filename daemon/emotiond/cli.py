"""The command line: a table of commands; a command's module is imported only when it is used."""

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
"""Exit code of wrong usage."""


class Command(NamedTuple):
    """A command: its module has ``add_arguments(parser)`` and ``run(args) -> int``."""

    module: str
    help: str
    """What the command does; starts with a verb."""
    extra: str | None = None
    """Extra of the distribution that installs its packages; None if it needs none."""


COMMANDS: Final = {
    "run": Command("emotiond.commands.run", "listen to a microphone and show emotions live"),
    "classify": Command("emotiond.commands.classify", "name the emotion of each sound file"),
    "watch": Command(
        "emotiond.commands.watch", "show the live screen of an emotiond that runs already"
    ),
    "config": Command(
        "emotiond.commands.config", "check a settings file, or print one with the defaults"
    ),
    "devices": Command("emotiond.commands.devices", "list the microphones"),
    "doctor": Command(
        "emotiond.commands.doctor", "find out what is wrong on this machine, and how to mend it"
    ),
    "bench": Command(
        "emotiond.commands.bench", "measure CPU time, memory and start-up time on this machine"
    ),
    "model": Command("emotiond.commands.model", "check a model file and show its contract"),
    "train": Command("emotiond_training.commands.train", "train a model", "train"),
    "evaluate": Command(
        "emotiond_training.commands.evaluate", "measure how well a recipe or a model works", "train"
    ),
    "export": Command("emotiond_export.command", "turn a training run into a model file", "train"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 wrong usage or input."""
    _open_closed_streams()
    _escape_unencodable()
    # Set it before NumPy is loaded: a hop is too small to share, and idle BLAS threads spin.
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
            f"emotiond: {name} needs the package {error.name}; "
            f"install it in the emotiond folder with: pip install '.[{extra}]'",
            file=sys.stderr,
        )
        return 1
    except BrokenPipeError:  # the reader of the output has gone
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
    """A parser that reports wrong usage in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message in one line and exit."""
        self.exit(USAGE_ERROR, f"emotiond: {message}; see {self.prog} --help\n")


def _open_closed_streams() -> None:
    """Open /dev/null for closed standard streams, so that no log file gets descriptor 0, 1 or 2."""
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 (for good)


def _escape_unencodable() -> None:
    """Print characters that stdout can't encode as escapes instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _parser(name: str | None) -> argparse.ArgumentParser:
    """Build the parser; of the commands, only the named one gets its flags."""
    parser = _Parser(
        prog="emotiond",
        description="Listens to a microphone and says, live, which emotion the voice carries.",
    )
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
