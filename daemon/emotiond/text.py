"""Text for people: stream time, names of events, and text that is safe to print."""

import os

from emotiond.record import Event, State


def clock(seconds: float) -> str:
    """Return stream time (seconds) as ``mm:ss.s``, from one hour on as ``h:mm:ss.s``."""
    tenths = max(0, round(seconds * 10))
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    lead = f"{hours}:" if hours else ""
    return f"{lead}{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"


def one_line(text: str) -> str:
    """Return text on one line, without characters that could steer a terminal."""
    joiners = "\u200c\u200d"  # not printable, but some scripts need them to spell words
    kept = "".join(c if c.isprintable() or c in joiners else " " for c in text)
    return " ".join(kept.split())


def printable(name: str) -> str:
    r"""Return a file's name as text; bytes that are not UTF-8 become escapes (``\xe9``)."""
    return os.fsencode(name).decode(errors="backslashreplace")


def spoken(name: Event | State) -> str:
    """Return the name of an event or a state in words: ``no_speech`` becomes ``no speech``."""
    return name.replace("_", " ")
