"""Settings: one TOML file, every key also a flag and a variable of the environment.

A key ``section.some_key`` is the flag ``--section-some-key`` and the variable
``EMOTIOND_SECTION_SOME_KEY``; a key outside any section is ``--some-key`` and so on. What is set
nowhere has the default that stands here; a flag wins over a variable, and that over the file.
"""

import argparse
import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from emotiond.errors import InputError, reason
from emotiond.paths import DEFAULT_MODEL
from emotiond.recognition.settings import DecisionSettings, GateSettings, HopSeconds
from emotiond.sinks.live import LiveSettings
from emotiond.sinks.log import LogSettings

VARIABLE: Final = "EMOTIOND_"
"""What the names of variables of the environment begin with."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of the daemon."""

    model: Annotated[
        str | None,
        msgspec.Meta(
            description="model file (default: the one that is shipped)",
            examples=["/srv/emotiond/mine.tflite"],
        ),
    ] = None
    device: Annotated[
        str | None,
        msgspec.Meta(
            description="microphone, by (part of) its name or id (default: the system's)",
            examples=["USB"],
        ),
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
    for key in KEYS:
        if not key.name.startswith(section):
            continue
        flag, text = "--" + "-".join(key.path).replace("_", "-"), key.meta.description
        if key.kind is bool:
            parser.add_argument(flag, dest=key.name, action="store_true", default=None, help=text)
        else:
            metavar = "N" if key.kind in (int, float) else "TEXT"
            # The struct converts and checks, so that a flag and the file obey the same rules.
            parser.add_argument(flag, dest=key.name, metavar=metavar, help=text)


def load(args: argparse.Namespace) -> Settings:
    """Return the settings of the configuration file, the environment and the flags.

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
    if path := chosen_file(args.config):
        tree = _read(path)
        _convert(tree, f"{path}: ")
    # An empty variable is one that is not set, as compose files have it.
    _put(tree, [os.environ.get(key.variable) or None for key in KEYS])
    _convert(tree, "environment: ")
    _put(tree, [getattr(args, key.name, None) for key in KEYS])
    return _convert(tree, "")


def chosen_file(given: Path | None) -> Path | None:
    """Return the configuration file: as given, or as the environment has it."""
    variable = os.environ.get(f"{VARIABLE}CONFIG")
    return given or (Path(variable) if variable else None)


def default_file() -> str:
    """Return a configuration file in which every key is commented out."""
    lines = [
        "# Settings of emotiond. Behind each # without a space stands a key with its default, or",
        "# with an example where there is none; take the # away to set it. Then check this file",
        "# with: emotiond config check FILE. A service takes it up at: systemctl reload emotiond",
    ]
    section: tuple[str, ...] = ()
    for key in sorted(KEYS, key=lambda key: key.path[:-1]):
        if key.path[:-1] != section:
            section = key.path[:-1]
            lines += ["", f"[{'.'.join(section)}]"]
        value: Any = Settings()
        for name in key.path:
            value = getattr(value, name)
        if value is None and key.meta.examples:
            value = key.meta.examples[0]
        # A string of JSON is one of TOML.
        shown = msgspec.json.encode(value).decode()
        lines += ["", f"# {key.meta.description}", f"#{key.path[-1]} = {shown}"]
    return "\n".join(lines) + "\n"


def differing(one: Settings, other: Settings) -> list[str]:
    """Return the names of the keys in which settings differ."""
    trees = [msgspec.to_builtins(each) for each in (one, other)]
    names = []
    for key in KEYS:
        values = trees
        for name in key.path:
            values = [each[name] for each in values]
        if values[0] != values[1]:
            names.append(key.name)
    return names


def _read(path: Path) -> dict[str, Any]:
    try:
        tree: dict[str, Any] = msgspec.toml.decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    return tree


def _put(tree: dict[str, Any], values: list[Any]) -> None:
    """Put the value of each key into a tree, but for those that are None."""
    for key, value in zip(KEYS, values, strict=True):
        if value is not None:
            branch = tree
            for section in key.path[:-1]:
                branch = branch.setdefault(section, {})
            branch[key.path[-1]] = value


def _convert(tree: dict[str, Any], where: str) -> Settings:
    try:
        # Flags are text: strict=False reads numbers out of it, and keeps all other checks.
        return msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}{error}".replace("`$.", "`")) from error


class Key(NamedTuple):
    """A key of the settings."""

    path: tuple[str, ...]
    """Sections and name."""
    kind: type
    meta: msgspec.Meta

    @property
    def name(self) -> str:
        """What messages call it."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """Its variable of the environment."""
        return VARIABLE + "_".join(self.path).upper()


def _keys(struct: type[msgspec.Struct], *path: str) -> list[Key]:
    """Return every key of a struct and of the structs in it."""
    keys: list[Key] = []
    for name, hint in get_type_hints(struct, include_extras=True).items():
        if get_origin(hint) is Annotated:
            # A kind that has limits of its own comes before the description.
            kind, *_, meta = get_args(hint)
            first = kind if get_origin(kind) is Literal else (get_args(kind) or (kind,))[0]
            keys.append(Key((*path, name), first, meta))
        else:
            keys += _keys(hint, *path, name)
    return keys


KEYS: Final = tuple(_keys(Settings))
"""Every key there is."""
