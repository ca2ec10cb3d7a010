"""Where a guided teaching hears, and where it teaches: a running daemon, or this program itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from emotiond.record import Hello, Meter, Record, Utterance
from emotiond.service.requests import Answer, Request


class Ears(Protocol):
    """A stream of records, and a way to teach their utterances."""

    hello: Hello
    """Model, labels and microphone."""
    through: bool
    """Whether a running daemon hears."""

    def messages(self) -> Iterator[Meter | Record]:
        """Yield records and meter readings until the session stops; for one thread.

        Raises
        ------
        Exception
            If there is no way to go on.
        """

    def ask(self, request: Request) -> Answer:
        """Carry out a request; from any thread.

        Raises
        ------
        EmotiondError
            If it is refused.
        """

    def keep(self, utterance: Utterance, label: str, /) -> Path | None:
        """Write the sound of an utterance that was taught; return its file.

        Returns None if no recordings are wanted, or the sound is no longer there.

        Raises
        ------
        OSError
            If it can't be written.
        """
