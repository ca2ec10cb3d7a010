"""Words for people: stream time, text that is safe to print, names of events."""

import os

from emotiond.record import Event, State


def clock(seconds: float) -> str:
    """Return stream time as ``mm:ss.s``, with hours once there are any."""
    tenths = max(0, round(seconds * 10))
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    lead = f"{hours}:" if hours else ""
    return f"{lead}{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"


def one_line(text: str) -> str:
    """Return text that can't break a line or steer a terminal, whoever wrote it."""
    joiners = "\u200c\u200d"  # unprintable by themselves, but part of the spelling of some scripts
    kept = "".join(c if c.isprintable() or c in joiners else " " for c in text)
    return " ".join(kept.split())


def printable(name: str) -> str:
    """Return a file's name as text, whatever bytes it is made of."""
    return os.fsencode(name).decode(errors="backslashreplace")


def spoken(name: Event | State) -> str:
    """Return the name of an event or a state in words: ``no_speech`` is ``no speech``."""
    return name.replace("_", " ")
