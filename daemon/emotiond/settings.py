"""Settings: one TOML file; every key is also a flag and an environment variable.

The key ``section.some_key`` is the flag ``--section-some-key`` and the environment variable
``EMOTIOND_SECTION_SOME_KEY``; a key outside any section has no section in its names. A flag wins
over a variable, and a variable over the file. A key that takes a list is a flag that may be
repeated, and a variable with colons between the values.
"""

import argparse
import codecs
import os
import reprlib
import textwrap
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from emotiond import hook_settings
from emotiond.errors import InputError, reason
from emotiond.hook_settings import Hook, hooks_of
from emotiond.hub_settings import HubSettings
from emotiond.keys import OTHER_VARIABLES, VARIABLE, Key, sections_of
from emotiond.model.choice import AUTO, model_file
from emotiond.paths import user_path
from emotiond.recognition.settings import DecisionSettings, GateSettings, HopSeconds
from emotiond.sinks.live import LiveSettings
from emotiond.sinks.log import LogSettings
from emotiond.text import did_you_mean

LINE: Final = 100
"""Width of the comments in the default file."""
LARGEST_FILE: Final = 1_000_000
"""Size of a settings file above which it is refused (bytes): it is something else."""
OTHER_ENCODINGS: Final = {
    # UTF-32 first: its mark begins with that of UTF-16.
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Byte order mark -> encoding of a text that is not UTF-8, as some editors on Windows write it."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings: each but the hooks is a flag, a key of the file and an environment variable."""

    model: Annotated[
        str,
        msgspec.Meta(
            description="model: large, small, a file, or auto: large on x86-64 and on 64-bit ARM "
            "with dot-product instructions, else small",
            extra={"metavar": "FILE"},
        ),
    ] = AUTO
    profile: Annotated[
        str | None,
        msgspec.Meta(
            description="voice profile: a file, or none; emotiond teach makes it",
            examples=["none"],
            extra={
                "metavar": "FILE",
                "default": "voices.json in the state folder, if it is there and of the model",
            },
        ),
    ] = None
    name: Annotated[
        str,
        msgspec.Meta(
            description="name of the microphone, the source of all records",
            extra={"metavar": "NAME"},
        ),
    ] = "microphone"
    device: Annotated[
        str | None,
        msgspec.Meta(
            description="microphone: a part of its name, or its id, as emotiond devices lists them",
            examples=["USB"],
            extra={"metavar": "NAME", "default": "the system's"},
        ),
    ] = None
    channel: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=128)] | None,
        msgspec.Meta(
            description="channel of the microphone or the file, from 1",
            examples=[1],
            extra={"metavar": "N", "default": "what carries sound"},
        ),
    ] = None
    headless: Annotated[
        bool, msgspec.Meta(description="no display in the terminal, only the log")
    ] = False
    hop_seconds: HopSeconds = 0.5
    gate: GateSettings = GateSettings()
    decision: DecisionSettings = DecisionSettings()
    log: LogSettings = LogSettings()
    live: LiveSettings = LiveSettings()
    hub: HubSettings = HubSettings()
    hooks: tuple[Hook, ...] = ()

    @property
    def model_path(self) -> Path:
        """The model file; ModelError if it is a shipped one that this installation lacks."""
        return model_file(self.model or AUTO)


SECTIONS: Final = sections_of(Settings)
"""All sections of the settings; the keys outside any section come first, as TOML needs it."""
KEYS: Final = tuple(key for section in SECTIONS for key in section.keys)
"""All keys of the settings."""
HUB: Final = "hub"
"""Section of another program: the daemon has no flags for it, and passes over its keys."""


def add_flags(parser: argparse.ArgumentParser, only: str | None = None) -> None:
    """Add ``--config`` and flags for keys, one group of flags for each section.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Parser of a command; :func:`load` reads what it parses.
    only : str or None
        Section to add, with the sections in it but no other; None: all but the hub's.
    """
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help=f"settings file in TOML (default: the one that {VARIABLE}CONFIG names)",
    )
    for section in SECTIONS:
        outer = section.name.partition(".")[0]
        if outer != only if only is not None else outer == HUB:
            continue
        group = parser.add_argument_group(section.name or "settings", section.description)
        for key in section.keys:
            if isinstance(key.default, bool):
                group.add_argument(
                    key.flag,
                    dest=key.name,
                    action=argparse.BooleanOptionalAction,
                    default=None,
                    help=key.help,
                )
            else:
                # No type and no choices: load() checks the values of flags and file alike.
                group.add_argument(
                    key.flag,
                    dest=key.name,
                    action="append" if key.is_list else "store",
                    metavar=key.metavar,
                    help=key.help,
                )


def load(args: argparse.Namespace) -> Settings:
    """Return the settings of the settings file, the environment and the flags.

    Parameters
    ----------
    args : argparse.Namespace
        Result of a parser with :func:`add_flags`.

    Returns
    -------
    Settings
        All settings; the default is used for a key that is set nowhere.

    Raises
    ------
    InputError
        If the file can't be read, if a key or a variable is unknown, or if a value is wrong; names
        the place.
    """
    _refuse_unknown_variables()
    given: list[tuple[str, Key, object]] = []
    hooks: tuple[Hook, ...] = ()
    if path := chosen_file(args.config):
        content = _read(path)
        hooks = hooks_of(path, content.pop(hook_settings.NAME, []))
        given += [(f"{path}: {key.name}", key, value) for key, value in _keys_of(path, content)]
    # An empty variable counts as not set: compose files can't leave one out.
    variables = [(key.variable, key, _variable(key)) for key in KEYS]
    flags = [(key.flag, key, getattr(args, key.name, None)) for key in KEYS]
    given += [each for each in (*variables, *flags) if each[-1] is not None]

    tree: dict[str, Any] = {}
    settings = Settings()
    for place, key, value in given:
        branch = tree
        for section in key.path[:-1]:
            branch = branch.setdefault(section, {})
        branch[key.path[-1]] = value
        try:
            # strict=False also takes numbers and booleans as text, which flags and variables are.
            settings = msgspec.convert(tree, Settings, strict=False)
        except (msgspec.ValidationError, UnicodeEncodeError) as error:  # or text that is not UTF-8
            found = reprlib.repr(value)
            raise InputError(f"{place} must be {key.expected}, not {found}") from error
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                _check_text(place, key, text)
    return msgspec.structs.replace(settings, hooks=hooks)


def _variable(key: Key) -> object:
    """Return the value that the environment gives to a key; None if it gives none."""
    text = os.environ.get(key.variable) or None
    return text.split(":") if text is not None and key.is_list else text


def _refuse_unknown_variables() -> None:
    known = (*OTHER_VARIABLES, *(key.variable for key in KEYS))
    for name, value in os.environ.items():
        if name.startswith(VARIABLE) and name not in known and value:
            raise InputError(f"unknown variable {name}{did_you_mean(name, known, VARIABLE)}")


def _check_text(place: str, key: Key, value: str) -> None:
    """Refuse text that no name can have, and a path whose home folder is unknown."""
    if "\0" in value:
        raise InputError(f"{place} must be {key.expected} without NUL characters")
    if key.is_path:
        try:
            user_path(value)
        except InputError as error:
            raise InputError(f"{place}: {error}") from error


def chosen_file(given: Path | None) -> Path | None:
    """Return the settings file: the given one, else the one that ``EMOTIOND_CONFIG`` names.

    Raises InputError if its home folder is unknown.
    """
    name = str(given or os.environ.get(f"{VARIABLE}CONFIG") or "")
    return user_path(name) if name else None


def default_file() -> str:
    """Return a settings file in which every key is commented out, with its help and default."""
    lines = [
        "# Settings of emotiond. A line with # and no space is a key with its default, or with an",
        "# example if the default is not a fixed value; remove the # to set it. Then check this",
        "# file with: emotiond config check FILE. A service reads it at: systemctl reload emotiond",
    ]
    for section in SECTIONS:
        if section.name:
            lines += ["", f"[{section.name}]", *_comment(section.description)]
        for key in section.keys:
            value = key.default if "default" not in key.extra else key.examples[0]
            # A JSON string, number, boolean or array of them is also TOML.
            shown = msgspec.json.encode(value).decode()
            lines += ["", *_comment(key.help), f"#{key.path[-1]} = {shown}"]
    lines += [
        "",
        "# Hooks of emotiond hub start a program or call an address (docs/HOOKS.md). For example:",
        "#   [[hooks]]",
        '#   on = "utterance"',
        '#   label = "angry"',
        '#   command = ["notify-send", "Somebody is {label}"]',
    ]
    return "\n".join(lines) + "\n"


def differing(one: Settings, other: Settings) -> list[str]:
    """Return the names of the keys in which two settings differ."""
    return [key.name for key in KEYS if attrgetter(key.name)(one) != attrgetter(key.name)(other)]


def _comment(text: str) -> list[str]:
    return ["# " + line for line in textwrap.wrap(text, LINE - 2, break_on_hyphens=False)]


def _read(path: Path) -> dict[str, Any]:
    """Return the keys and sections of a settings file."""
    content = _content(path)
    try:
        tree: dict[str, Any] = msgspec.toml.decode(content)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not TOML: not UTF-8 text; save it as UTF-8") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    except RecursionError as error:
        raise InputError(f"{path}: not TOML: too many brackets in each other") from error
    return tree


def _keys_of(path: Path, tree: dict[str, Any]) -> list[tuple[Key, object]]:
    """Return the keys that a settings file sets, with their values."""
    sections = {section.name for section in SECTIONS if section.name}
    found = dict(_flat(path, tree, sections))
    keys = {key.name: key for key in KEYS}
    for name in found:
        if name not in keys:
            hint = did_you_mean(name, [*keys, *sections])
            raise InputError(f"{path}: unknown key {name}{hint}")
    return [(keys[name], value) for name, value in found.items()]


def _flat(
    path: Path, tree: dict[str, Any], sections: set[str], outer: str = ""
) -> Iterator[tuple[str, object]]:
    """Yield the full names of the keys of a tree, and their values."""
    for key, value in tree.items():
        name = f"{outer}{key}"
        if name not in sections:
            yield name, value
        elif isinstance(value, dict):
            yield from _flat(path, value, sections, f"{name}.")
        else:
            raise InputError(f"{path}: {name} must be a section, [{name}], not a value")


def _content(path: Path) -> bytes:
    """Return the bytes of a settings file without the byte order mark that some editors write."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error
    if len(content) > LARGEST_FILE:
        raise InputError(f"{path}: larger than {LARGEST_FILE} bytes; not a settings file")
    for mark, encoding in OTHER_ENCODINGS.items():
        if content.startswith(mark):
            raise InputError(f"{path}: not TOML: {encoding} text; save it as UTF-8")
    if b"\0" in content:
        raise InputError(f"{path}: not TOML: not UTF-8 text; save it as UTF-8")
    return content.removeprefix(codecs.BOM_UTF8)
