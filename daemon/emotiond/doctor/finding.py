"""A finding: the state of one part of a machine. Light to load: the hub has findings of its own."""

from typing import Final, Literal

import msgspec

from emotiond.sinks.log import MEGABYTE

SCARCE: Final = 20 * MEGABYTE
"""A disk with less free space than this (bytes) is as good as full."""
SILENT_DB: Final = -90.0
"""Below this level (dBFS) a microphone is not quiet but muted."""


class Finding(msgspec.Struct, frozen=True):
    """The state of one part of the machine."""

    check: str
    """Name of the part."""
    state: Literal["ok", "warning", "failed"]
    message: str
    remedy: str = ""
    """What to do; empty if the state is ok."""
