"""Keys of settings: their names, texts and limits, read from the structs that hold the values."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, cast

import msgspec
from msgspec import inspect

VARIABLE: Final = "EMOTIOND_"
"""Prefix of the environment variables."""
OTHER_VARIABLES: Final = (
    f"{VARIABLE}CONFIG",
    # Of tests and tools only:
    f"{VARIABLE}CORPORA",
    f"{VARIABLE}REQUIRE_MICROPHONE",
    f"{VARIABLE}REQUIRE_STRACE",
    f"{VARIABLE}REQUIRE_BROWSER",
    f"{VARIABLE}REQUIRE_MOSQUITTO",
    f"{VARIABLE}REQUIRE_PROMETHEUS",
    f"{VARIABLE}HOME_ASSISTANT",
    f"{VARIABLE}ARM64",
)
"""Variables with that prefix that are no keys of the settings."""


class Key(NamedTuple):
    """One setting: its place in the tree, and what its struct says about it."""

    path: tuple[str, ...]
    """Sections, from outside to inside, and name in the last."""
    kind: inspect.Type
    """Type of its value, with limits."""
    default: Any
    """Default value; ``extra["default"]`` describes one that is not fixed: None, or no values."""
    description: str
    """What it is, in one sentence."""
    examples: list[Any]
    """Example values, for a key without a fixed default."""
    extra: dict[str, str]
    """Its ``unit``, the ``default`` in words, and the ``metavar`` of its flag, where needed."""

    @property
    def section(self) -> str:
        """Its section; empty if it is in none."""
        return ".".join(self.path[:-1])

    @property
    def name(self) -> str:
        """Its name in the settings file, and in messages: ``section.some_key``."""
        return ".".join(self.path)

    @property
    def flag(self) -> str:
        """Its flag: ``--section-some-key``."""
        return "--" + "-".join(self.path).replace("_", "-")

    @property
    def variable(self) -> str:
        """Its environment variable: ``EMOTIOND_SECTION_SOME_KEY``."""
        return VARIABLE + "_".join(self.path).upper()

    @property
    def is_list(self) -> bool:
        """Whether it takes several values: a repeated flag, a variable with colons, an array."""
        return isinstance(self.kind, inspect.VarTupleType)

    @property
    def is_path(self) -> bool:
        """Whether its value is a path."""
        return self.extra.get("metavar") in ("FILE", "FOLDER", "PATH")

    @property
    def metavar(self) -> str:
        """What its flag shows in place of a value: choices, a unit, or P for a probability."""
        if isinstance(self.kind, inspect.LiteralType):
            return "{" + ",".join(map(str, self.kind.values)) + "}"
        return self.extra.get("metavar") or self.extra.get("unit", "P").upper()

    @property
    def help(self) -> str:
        """Its description with its default: ``... (default: 6.0 dB)``."""
        if isinstance(self.default, bool):
            default = "on" if self.default else "off"
        elif "default" in self.extra:
            default = self.extra["default"]
        else:
            default = f"{self.default} {self.extra.get('unit', '')}".rstrip()
        again = "; may be repeated" if self.is_list else ""
        return f"{self.description}{again} (default: {default})"

    @property
    def expected(self) -> str:
        """The values that it takes, in words: ``a number above 0 and up to 100 dB``."""
        kind = self.kind
        if isinstance(kind, inspect.LiteralType):
            return " or ".join(map(str, kind.values))
        if isinstance(kind, inspect.BoolType):
            return "true or false"
        if self.is_list:
            return "a list of texts"
        if not isinstance(kind, inspect.IntType | inspect.FloatType):
            return "text"
        noun = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
        least = f"above {kind.gt:g} and up" if kind.ge is None else f"from {kind.ge:g}"
        return f"{noun} {least} to {kind.le:.10g} {self.extra.get('unit', '')}".rstrip()


class Section(NamedTuple):
    """The keys of one struct: a section of the settings file, and a group of flags."""

    name: str
    """Name; empty for the keys outside any section, ``outer.inner`` for a section in another."""
    description: str
    """What its settings are about, in one sentence."""
    keys: tuple[Key, ...]


def sections_of(tree: type[msgspec.Struct]) -> tuple[Section, ...]:
    """Return the sections of a settings tree, the keys outside any section first.

    Parameters
    ----------
    tree : type of msgspec.Struct
        Its fields are keys, ``Annotated`` with a ``msgspec.Meta`` that has a description, or
        sections: structs of keys, whose docstring is the section's description.
    """
    return tuple(_sections((), cast("inspect.StructType", inspect.type_info(tree))))


def _sections(path: tuple[str, ...], struct: inspect.StructType) -> Iterator[Section]:
    """Yield the section of a struct, then those of the structs in it."""
    keys = (
        _key((*path, field.name), field, field.type)
        for field in struct.fields
        if isinstance(field.type, inspect.Metadata)
    )
    yield Section(".".join(path), struct.cls.__doc__ or "", tuple(keys))
    for field in struct.fields:
        if isinstance(field.type, inspect.StructType):
            yield from _sections((*path, field.name), field.type)


def _key(path: tuple[str, ...], field: inspect.Field, meta: inspect.Metadata) -> Key:
    kind, schema = meta.type, meta.extra_json_schema or {}
    if isinstance(kind, inspect.UnionType):  # of the type of its values and None
        kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    return Key(
        path=path,
        kind=kind,
        default=field.default,
        description=schema["description"],
        examples=schema.get("examples", []),
        extra=meta.extra or {},
    )
