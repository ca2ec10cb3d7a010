"""Settings: one TOML file, every key also a flag.

A key ``section.some_key`` is the flag ``--section-some-key``; a key outside any section is
``--some-key``. What is set nowhere has the default that stands here; a flag wins over the file.
"""

import argparse
import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from emotiond.decision import DecisionSettings
from emotiond.engine import HopSeconds
from emotiond.errors import InputError
from emotiond.gate import GateSettings

DEFAULT_MODEL: Final = Path(__file__).parent / "data" / "emotiond.tflite"
SOCKET: Final = "live.sock"
SYSTEM_SOCKET: Final = Path("/run/emotiond") / SOCKET
"""Of the system service."""


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where predictions are kept, and how long."""

    dir: Annotated[
        str | None,
        msgspec.Meta(description="folder of the prediction log (default: the user's state folder)"),
    ] = None
    keep_days: Annotated[
        int, msgspec.Meta(ge=1, le=36_500, description="days after which a day's log is deleted")
    ] = 30
    max_megabytes: Annotated[
        float,
        msgspec.Meta(gt=0, le=1e9, description="size of all logs over which the oldest is deleted"),
    ] = 200.0

    @property
    def folder(self) -> Path:
        """The folder to log to: as set, or systemd's, or the user's state folder."""
        if self.dir:
            return Path(self.dir).expanduser()
        if systemd := os.environ.get("LOGS_DIRECTORY"):
            return Path(systemd.split(":")[0])
        return _state_folder()


class LiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where predictions can be watched."""

    socket: Annotated[
        str | None,
        msgspec.Meta(
            description="Unix socket that watch connects to; '' is none (default: in the user's or "
            "systemd's folder for such)"
        ),
    ] = None

    @property
    def path(self) -> Path | None:
        """The socket: as set, or in the folder of systemd, of the session, or of the user."""
        if self.socket is not None:
            return Path(self.socket).expanduser() if self.socket else None
        if systemd := os.environ.get("RUNTIME_DIRECTORY"):
            return Path(systemd.split(":")[0]) / SOCKET
        if session := os.environ.get("XDG_RUNTIME_DIR"):
            return Path(session) / "emotiond" / SOCKET
        return _state_folder() / SOCKET


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of the daemon."""

    model: Annotated[
        str | None, msgspec.Meta(description="model file (default: the one that is shipped)")
    ] = None
    device: Annotated[
        str | None,
        msgspec.Meta(description="microphone, by (part of) its name or id (default: the system's)"),
    ] = None
    headless: Annotated[bool, msgspec.Meta(description="no screen, only the log")] = False
    hop_seconds: HopSeconds = 0.5
    gate: GateSettings = GateSettings()
    decision: DecisionSettings = DecisionSettings()
    log: LogSettings = LogSettings()
    live: LiveSettings = LiveSettings()

    @property
    def model_path(self) -> Path:
        """The model file."""
        return Path(self.model).expanduser() if self.model else DEFAULT_MODEL


def add_flags(parser: argparse.ArgumentParser, section: str = "") -> None:
    """Add ``--config`` and a flag for every key, or for those of a section."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings, a TOML file")
    for key, kind, text in _keys(Settings):
        flag = "--" + "-".join(key).replace("_", "-")
        name = ".".join(key)
        if not name.startswith(section):
            continue
        if kind is bool:
            parser.add_argument(flag, dest=name, action="store_true", default=None, help=text)
        else:
            metavar = "N" if kind in (int, float) else "TEXT"
            # The struct converts and checks, so that a flag and the file obey the same rules.
            parser.add_argument(flag, dest=name, metavar=metavar, help=text)


def load(args: argparse.Namespace) -> Settings:
    """Return the settings of the configuration file and the flags.

    Parameters
    ----------
    args : argparse.Namespace
        From a parser with :func:`add_flags`.

    Raises
    ------
    InputError
        If the file can't be read, or a key or a value is wrong; says where.
    """
    tree: dict[str, Any] = {}
    if args.config is not None:
        tree = _read(args.config)
        _convert(tree, f"{args.config}: ")
    for key, _, _ in _keys(Settings):
        value = getattr(args, ".".join(key), None)
        if value is not None:
            branch = tree
            for section in key[:-1]:
                branch = branch.setdefault(section, {})
            branch[key[-1]] = value
    return _convert(tree, "")


def _state_folder() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "emotiond"


def _read(path: Path) -> dict[str, Any]:
    try:
        tree: dict[str, Any] = msgspec.toml.decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    return tree


def _convert(tree: dict[str, Any], where: str) -> Settings:
    try:
        # Flags are text: strict=False reads numbers out of it, and keeps all other checks.
        return msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}{error}".replace("`$.", "`")) from error


def _keys(struct: type[msgspec.Struct], *path: str) -> list[tuple[tuple[str, ...], type, str]]:
    """Return (path, type, description) of every key of a struct and of the structs in it."""
    keys: list[tuple[tuple[str, ...], type, str]] = []
    for name, hint in get_type_hints(struct, include_extras=True).items():
        if get_origin(hint) is Annotated:
            # A kind that has limits of its own comes before the description.
            kind, *_, meta = get_args(hint)
            first = kind if get_origin(kind) is Literal else (get_args(kind) or (kind,))[0]
            keys.append(((*path, name), first, meta.description))
        else:
            keys += _keys(hint, *path, name)
    return keys
