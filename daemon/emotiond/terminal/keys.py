"""Keys: reads single keys from the terminal of a display, and gives it back as it was."""

import atexit
import contextlib
import os
import re
import select
import termios
from collections.abc import Callable, Mapping
from threading import Event
from typing import IO, Any, Final, NamedTuple

from emotiond.streams import in_foreground

SEQUENCE: Final = re.compile(
    r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|O.|.)?", re.DOTALL
)
"""Several characters that are no letters: an arrow, F1, Alt and a letter, or an answer."""
MOST_BYTES: Final = 1024
"""Bytes that are read at a time."""
LOCAL_FLAGS: Final = 3
"""Index of the local flags in the attributes of a terminal."""


class Key(NamedTuple):
    """One key: the words of the help, and the action."""

    help: str
    action: Callable[[], str | None]
    """Returns a sentence to show, if there is any."""


Keys = Mapping[str, Key]
"""Character -> its key, in the order of the help."""
KeysOf = Callable[[tuple[str, ...]], Keys]
"""Labels in the model's order -> the keys that depend on them."""


def no_keys(_labels: tuple[str, ...], /) -> Keys:
    """Return no keys."""
    return {}


def pressed(text: str, keys: Keys) -> list[Key]:
    """Return the keys that were pressed, out of the text that a terminal sent.

    Keys that send several characters, and answers of the terminal, are left out.
    """
    return [keys[character] for character in SEQUENCE.sub("", text) if character in keys]


class Keyboard:
    """Keys of a terminal, one by one and without an echo; Ctrl-C and Ctrl-Z stay signals.

    Keys are read from the terminal that shows the display, so that standard input may be sound.

    Parameters
    ----------
    terminal : text file
        Output to the terminal. Anything else has no keys.
    """

    def __init__(self, terminal: IO[str]) -> None:
        self._terminal = terminal
        self._before: list[Any] | None = None
        """Attributes that the terminal had; None while it is not ours."""
        self._fails = False
        """Whether the terminal gives no keys, for good."""

    def take(self) -> None:
        """Have the terminal send each key at once, if a shell has given it to this job."""
        if self._before is not None or self._fails or not in_foreground(self._terminal):
            return
        try:
            before = termios.tcgetattr(self._terminal.fileno())
            atexit.register(self.release)  # where a crash or a thread that hangs skips close()
            self._before = before
            flags = before[LOCAL_FLAGS] & ~(termios.ICANON | termios.ECHO)
            self._set([*before[:LOCAL_FLAGS], flags, *before[LOCAL_FLAGS + 1 :]])
        except termios.error:
            self._give_up()

    def release(self) -> None:
        """Give the terminal back as it was."""
        before, self._before = self._before, None
        if before is not None:
            atexit.unregister(self.release)
            with contextlib.suppress(OSError, ValueError, termios.error):  # the terminal is gone
                self._set(before)

    def wait(self, seconds: float, ended: Event) -> None:
        """Wait for a key, at most some seconds; without keys, for an end."""
        if self.is_ours():
            self._is_typed(seconds)
        else:
            ended.wait(seconds)

    def read(self) -> str:
        """Return the text that was typed since the last call; never waits.

        Nothing is taken from a terminal that was given back: a shell may read from it.
        """
        if not (self.is_ours() and self._is_typed(0.0)):
            return ""
        try:
            read = os.read(self._terminal.fileno(), MOST_BYTES)
        except OSError:
            read = b""
        if not read:  # the terminal is gone, or this stream is for output only
            self._give_up()
        return read.decode(errors="replace")

    def is_ours(self) -> bool:
        """Say whether the terminal sends keys here."""
        return self._before is not None and in_foreground(self._terminal)

    def _is_typed(self, seconds: float) -> bool:
        return bool(select.select([self._terminal.fileno()], [], [], seconds)[0])

    def _give_up(self) -> None:
        self._fails = True
        self.release()

    def _set(self, attributes: list[Any]) -> None:
        # Not TCSADRAIN: a terminal that takes nothing would hold us up.
        termios.tcsetattr(self._terminal.fileno(), termios.TCSANOW, attributes)
