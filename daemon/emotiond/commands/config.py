"""``emotiond config``: check a settings file, or print one with the defaults."""

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from emotiond import settings
from emotiond.errors import InputError, reason
from emotiond.hook_settings import Hook
from emotiond.model.runtime import load_quietly
from emotiond.paths import control_socket, try_file, try_folder
from emotiond.record import utc_now
from emotiond.service.build import engine_of, model_of
from emotiond.sinks.live import LiveSettings
from emotiond.sinks.log import LogSettings
from emotiond.sinks.retention import log_file
from emotiond.streams import complain
from emotiond.text import escaped

LONGEST_SOCKET: Final = 107
"""Longest path of a Unix socket (bytes)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two actions of this command."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="check a settings file",
        description="Check a settings file, the environment, and all that emotiond run would use "
        "but the microphone: the model file, the voice profile, the log's folder, the sockets; and "
        "that the programs of hooks are there.",
    )
    check.add_argument(
        "config",
        metavar="FILE",
        type=Path,
        nargs="?",
        help="settings file, TOML (default: the one that the variable EMOTIOND_CONFIG names)",
    )
    check.set_defaults(action=_check)
    default = actions.add_parser(
        "default",
        help="print a settings file with all defaults",
        description="Print a settings file: every key, explained, with its default.",
    )
    default.set_defaults(action=_default)


def run(args: argparse.Namespace) -> int:
    """Carry out the chosen action."""
    code: int = args.action(args)
    return code


def _check(args: argparse.Namespace) -> int:
    chosen = settings.load(args)
    engine_of(chosen, model_of(chosen, load_quietly(chosen.model_path), complain))
    _check_log(chosen.log)
    _check_sockets(chosen.live)
    _check_programs(chosen.hooks)
    changed = settings.differing(settings.Settings(), chosen)
    where = escaped(str(settings.chosen_file(args.config) or "no settings file"))
    hooks = f"; hooks: {len(chosen.hooks)}" if chosen.hooks else ""
    print(f"{where}: the settings are valid; changed: {', '.join(changed) or 'none'}{hooks}")
    return 0


def _check_log(log: LogSettings) -> None:
    """Refuse a log folder that can't be made or written to, without making it."""
    folder = log.folder
    try:
        try_folder(folder)
        try_file(log_file(folder, utc_now()))
    except OSError as error:
        raise InputError(
            f"log folder {folder} can't be written to ({reason(error)}); choose another: log.dir"
        ) from error


def _check_sockets(live: LiveSettings) -> None:
    """Refuse a live or a control socket that can't be made, without making it."""
    path = live.path
    if path is not None:
        _check_socket("live", path)
        _check_socket("control", control_socket(path))


def _check_socket(name: str, path: Path) -> None:
    problem = None
    try:
        try_folder(path.parent)
        try_file(Path(f"{path}.lock"))
        if len(os.fsencode(path)) > LONGEST_SOCKET:
            problem = f"its path is longer than {LONGEST_SOCKET} bytes"
        elif os.path.lexists(path) and not path.is_socket():
            problem = "a file is there that is not a socket"
    except OSError as error:
        problem = reason(error)
    if problem is not None:
        raise InputError(
            f"{name} socket {path} can't be made ({problem}); choose another: live.socket"
        )


def _check_programs(hooks: Sequence[Hook]) -> None:
    """Refuse a hook whose program is not there, or may not be run."""
    for number, hook in enumerate(hooks, 1):
        if hook.command and shutil.which(hook.command[0]) is None:
            raise InputError(
                f"hook {number}: {hook.command[0]} is no program that can be run; name its path"
            )


def _default(_args: argparse.Namespace) -> int:
    print(settings.default_file(), end="")
    return 0
