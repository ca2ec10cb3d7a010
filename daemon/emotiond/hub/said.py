"""Faults of the hub's connections: each is said once, and once more when it is over."""

import sys

from emotiond.text import escaped


class Said:
    """What was said about one connection, on stderr.

    Parameters
    ----------
    subject : str
        Name of the connection.
    """

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._lasting: set[str] = set()

    @property
    def lasting(self) -> bool:
        """Whether a fault was said that is not over."""
        return bool(self._lasting)

    def trouble(self, kind: str, words: str) -> None:
        """Say a fault, unless one of its kind was said since the connection last worked."""
        if kind not in self._lasting:
            self._lasting.add(kind)
            self._say(words)

    def over(self, words: str) -> None:
        """Say that the connection works; nothing where there was no fault."""
        if self._lasting:
            self._lasting.clear()
            self._say(words)

    def _say(self, words: str) -> None:
        print(f"emotiond: {self._subject}: {escaped(words)}", file=sys.stderr, flush=True)
