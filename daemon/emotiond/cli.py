"""The command line: a table of commands; a command's module is imported only when it is used."""

import argparse
import importlib
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from emotiond import __version__
from emotiond.errors import EmotiondError, complaint
from emotiond.streams import complain, let_go_of
from emotiond.text import did_you_mean, escaped

USAGE_ERROR: Final = 2
"""Exit code of wrong usage."""
DASHES: Final = "--"
FLAGS: Final = ("-h", "--help", "--version")
"""Flags that stand in place of a command."""


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
    "teach": Command(
        "emotiond.commands.teach.command",
        "teach voices and sounds of your own, list or forget them",
    ),
    "annotate": Command(
        "emotiond.commands.annotate", "list the utterances of sound files, with times and emotions"
    ),
    "report": Command("emotiond.commands.report", "sum up the log: emotions by day and hour"),
    "watch": Command(
        "emotiond.commands.watch", "show the live screen of an emotiond that runs already"
    ),
    "correct": Command(
        "emotiond.commands.correct", "say what an utterance really was, to an emotiond that runs"
    ),
    "hub": Command("emotiond.commands.hub", "show emotions in the browser, and to programs", "hub"),
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
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except EmotiondError as error:
        complain(str(error))
        return error.exit_code
    except ImportError as error:
        if (error.name or "").startswith("emotiond"):
            raise
        complain(_missing(error, arguments[0]))
        return 1
    except BrokenPipeError:  # the reader of the output has gone
        let_go_of(sys.stdout)
        return 1
    except OSError as error:
        let_go_of(sys.stdout)
        complain(complaint(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _run(arguments: list[str]) -> int:
    """Run the command that the arguments name; without any, print the help."""
    name = arguments[0] if arguments else "--help"
    program, parsers = _parsers(name)
    if name.startswith("-") and name not in ("-", *FLAGS):
        hint = did_you_mean(name, FLAGS, DASHES) or "; a command comes first"
        program.error(f"unknown flag {name}{hint}")
    if name not in (*FLAGS, *COMMANDS):
        program.error(f"unknown command {name or repr(name)}{did_you_mean(name, COMMANDS)}")
    args, rest = program.parse_known_args(arguments or [name])
    if rest:
        parsers[name].refuse(rest)
    code: int = args.run(args)
    return code


def _missing(error: ImportError, name: str) -> str:
    """Say which package a command lacks, or which can't be imported, and how to install it."""
    extra = COMMANDS[name].extra
    if isinstance(error, ModuleNotFoundError) and extra:
        return (
            f"{name} needs the package {error.name}; "
            f"install it in the emotiond folder with: pip install '.[{extra}]'"
        )
    words = str(error).strip().splitlines()
    return (
        f"a package can't be imported ({words[0] if words else error.name}); install emotiond "
        "again, in its folder, with: pip install --force-reinstall ."
    )


class _Parser(argparse.ArgumentParser):
    """A parser that reports wrong usage in one line, and takes no abbreviated flags."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Print the message in one line and exit."""
        # argparse begins with "argument --flag: "; our sentences with "--flag must be".
        message = message.removeprefix("argument ").replace(": must be ", " must be ", 1)
        message = escaped(message)
        link = " See" if message.endswith("?") else "; see"
        self.exit(USAGE_ERROR, f"emotiond: {message}{link} {self.prog} --help\n")

    def print_help(self, file: Any = None) -> None:
        """Print the help; raises OSError if it can't be written, which argparse passes over."""
        print(self.format_help(), end="", file=file, flush=True)

    def refuse(self, rest: list[str]) -> NoReturn:
        """Report the first of the arguments that nobody takes: a flag, if there is one."""
        flag = next((each.split("=")[0] for each in rest if each.startswith("-")), None)
        if flag is None:
            self.error(f"unexpected argument {rest[0]}")
        known = set(re.findall(r"--[a-z][a-z-]*", self.format_help()))
        self.error(f"unknown flag {flag}{did_you_mean(flag, sorted(known), DASHES)}")


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


def _parsers(name: str) -> tuple[_Parser, dict[str, _Parser]]:
    """Build the parsers of the program and of all commands; only the named one gets its flags."""
    parser = _Parser(
        prog="emotiond",
        description="Listens to a microphone and says, live, which emotion the voice carries.",
    )
    parser.add_argument("--version", action="version", version=f"emotiond {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    parsers = {}
    for each, command in COMMANDS.items():
        child = commands.add_parser(
            each, help=command.help, description=command.help[0].upper() + command.help[1:] + "."
        )
        parsers[each] = child
        if each == name:
            module = importlib.import_module(command.module)
            module.add_arguments(child)
            child.set_defaults(run=module.run)
    return parser, parsers
