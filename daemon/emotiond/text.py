"""Text for people: stream time, names of events, and text that is safe to print."""

import difflib
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from emotiond.record import Event, State

JOINERS: Final = "\u200c\u200d"
"""Characters that are not printable, but some scripts need them to spell words."""


def clock(seconds: float) -> str:
    """Return stream time (seconds) as ``mm:ss.s``, from one hour on as ``h:mm:ss.s``."""
    tenths = max(0, round(seconds * 10))
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    lead = f"{hours}:" if hours else ""
    return f"{lead}{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"


def duration(seconds: float) -> str:
    """Return a length of time in words: ``48 s``, ``12 min 31 s``, ``5 h 08 min``."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def counted(count: int, noun: str) -> str:
    """Return a number of things: 0 examples, 1 example, 2 examples."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def one_line(text: str) -> str:
    """Return text on one line, without characters that could steer a terminal."""
    kept = "".join(c if c.isprintable() or c in JOINERS else " " for c in text)
    return " ".join(kept.split())


def escaped(text: str) -> str:
    r"""Return text on one line, with characters that could steer a terminal as escapes (``\x1b``).

    Bytes of a file's name that are not UTF-8 become escapes, too (``\xe9``).
    """
    return "".join(c if c.isprintable() or c in JOINERS else _escape(c) for c in text)


def printable(name: str) -> str:
    r"""Return a file's name as text; bytes that are not UTF-8 become escapes (``\xe9``)."""
    return os.fsencode(name).decode(errors="backslashreplace")


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """Return a hint at the known word that a wrong one is nearest to; empty if none is near.

    A prefix that all words share does not count.
    """
    bare = {each.removeprefix(prefix): each for each in known}
    near = difflib.get_close_matches(word.removeprefix(prefix), bare, 1)
    return f"; did you mean {bare[near[0]]}?" if near else ""


def spoken(name: "Event | State") -> str:
    """Return the name of an event or a state in words: ``no_speech`` becomes ``no speech``."""
    return name.replace("_", " ")


def _escape(character: str) -> str:
    code = ord(character)
    # Python holds the bytes 0x80 to 0xff of a name that is not UTF-8 as U+DC80 to U+DCFF.
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else ascii(character)[1:-1]
