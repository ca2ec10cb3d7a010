"""Settings of hooks: a list of tables in the settings file, which the hub alone carries out."""

import re
import reprlib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_type_hints
from urllib.parse import SplitResult, urlsplit

import msgspec

from emotiond.errors import InputError
from emotiond.keys import Key, sections_of
from emotiond.record import Event
from emotiond.text import did_you_mean
from emotiond.values import Probability

NAME: Final = "hooks"
"""Name of the list in the settings file."""
On = Literal["utterance", "prediction", "status", "correction"]
PLACES: Final[dict[On, tuple[str, ...]]] = {
    "utterance": ("time", "source", "label", "confidence", "id"),
    "prediction": ("time", "source", "label", "confidence"),
    "status": ("time", "source", "event", "subject", "message"),
    "correction": ("time", "source", "label", "utterance", "by"),
}
"""Kind of record -> fields that an argument of a command may name in braces."""
PLACE: Final = re.compile(r"\{([a-z_]+)\}")
HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[ \t\x21-\x7e]*))")
OWN_HEADERS: Final = ("connection", "content-length", "content-type", "host", "transfer-encoding")
"""Headers that the hub sets itself."""

Text = Annotated[str, msgspec.Meta(min_length=1)]


class Hook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Starts a program, or calls an address, whenever a record of some kind comes."""

    on: Annotated[On, msgspec.Meta(description="kind of record; of predictions, new labels")]
    label: Annotated[Text | None, msgspec.Meta(description="only records with this label")] = None
    event: Annotated[
        Event | None, msgspec.Meta(description="only status records of this event")
    ] = None
    source: Annotated[
        Text | None, msgspec.Meta(description="only records of the microphone of this name")
    ] = None
    min_confidence: Annotated[
        Probability, msgspec.Meta(description="only records that are at least so sure")
    ] = 0.0
    command: Annotated[
        tuple[Text, ...],
        msgspec.Meta(description="program and its arguments; {label} in them is the record's"),
    ] = ()
    url: Annotated[
        Text | None, msgspec.Meta(description="http or https address that the record is sent to")
    ] = None
    headers: Annotated[
        tuple[Text, ...], msgspec.Meta(description="headers of that request, as Name: value")
    ] = ()
    every: Annotated[
        float,
        msgspec.Meta(
            ge=0.0, le=86_400.0, description="least time between two starts", extra={"unit": "s"}
        ),
    ] = 1.0
    timeout: Annotated[
        float,
        msgspec.Meta(gt=0.0, le=3600.0, description="longest time of a run", extra={"unit": "s"}),
    ] = 10.0

    @property
    def address(self) -> SplitResult:
        """The parts of ``url``."""
        return urlsplit(self.url or "")

    @property
    def name(self) -> str:
        """The program, or the host of the address: the rest may be a secret."""
        return self.command[0] if self.command else f"{self.address.hostname}"


KEYS: Final[dict[str, Key]] = {
    key.name: key for section in sections_of(Hook) for key in section.keys
}
TYPES: Final = get_type_hints(Hook, include_extras=True)


def hooks_of(path: Path, tables: object) -> tuple[Hook, ...]:
    """Return the hooks that a settings file has.

    Parameters
    ----------
    path : Path
        The file, for messages.
    tables : object
        Value of its key ``hooks``.

    Raises
    ------
    InputError
        If a hook is wrong; names its number, from 1, and its key.
    """
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise InputError(f"{path}: {NAME} must be a list of tables, [[{NAME}]]")
    return tuple(
        _hook_of(f"{path}: hook {number}", table) for number, table in enumerate(tables, 1)
    )


def _hook_of(place: str, table: dict[str, Any]) -> Hook:
    for name, value in table.items():
        if name not in KEYS:
            raise InputError(f"{place}: unknown key {name}{did_you_mean(name, KEYS)}")
        try:
            msgspec.convert(value, TYPES[name])
        except msgspec.ValidationError as error:
            expected, found = KEYS[name].expected, reprlib.repr(value)
            raise InputError(f"{place}: {name} must be {expected}, not {found}") from error
    if "on" not in table:
        raise InputError(f"{place}: on is missing; it is {KEYS['on'].expected}")
    hook = msgspec.convert(table, Hook)
    problem = _problem(hook, table)
    if problem is not None:
        raise InputError(f"{place}: {problem}")
    return hook


def _problem(hook: Hook, given: dict[str, Any]) -> str | None:
    """Return the problem of keys that do not fit together; None if they do."""
    if bool(hook.command) == (hook.url is not None):
        return "needs either command or url"
    if hook.headers and hook.url is None:
        return "headers needs url"
    if "event" in given and hook.on != "status":
        return f'event needs on = "status", not "{hook.on}"'
    if "label" in given and "label" not in PLACES[hook.on]:
        return f'on = "{hook.on}" has no label'
    if "min_confidence" in given and "confidence" not in PLACES[hook.on]:
        return f'on = "{hook.on}" has no confidence'
    return _problem_of_command(hook) or (_problem_of_url(hook) if hook.url is not None else None)


def _problem_of_command(hook: Hook) -> str | None:
    known = PLACES[hook.on]
    for argument in hook.command:
        if "\0" in argument:
            return "command must have no NUL characters"
        for name in PLACE.findall(argument):
            if name not in known:
                hint = did_you_mean(name, known) or f"; known are {', '.join(known)}"
                return f'on = "{hook.on}" has no {{{name}}}{hint}'
    if hook.command and PLACE.search(hook.command[0]):
        return "the program itself must have no braces"
    return None


def _problem_of_url(hook: Hook) -> str | None:
    try:
        parts = hook.address
        _ = parts.port
    except ValueError as error:
        return f"url is no address: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "url must begin with http:// or https:// and a host"
    if parts.username is not None:
        return "url must have no user in it; use headers"
    if not re.fullmatch(r"[\x21-\x7e]+", hook.url or ""):
        return "url must have only ASCII letters and no spaces; write others as %20"
    for header in hook.headers:
        match = HEADER.fullmatch(header)
        if match is None:
            return "a header must have the form Name: value, in ASCII"
        if match[1].lower() in OWN_HEADERS:
            return f"the header {match[1]} is set by the hub"
    return None
