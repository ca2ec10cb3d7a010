"""The last utterances with their outputs, in memory and nowhere else. Pure."""

from typing import Final, NamedTuple

from emotiond.errors import EmotiondError, InputError
from emotiond.model.output import Output
from emotiond.record import Utterance

MOST: Final = 100
"""Utterances that are remembered."""


class Heard(NamedTuple):
    """An utterance and the output of the network for it."""

    utterance: Utterance
    """Its record."""
    output: Output
    """Mean output over its windows."""


class Memory:
    """Remembers the last utterances. One thread may add while others look up.

    Parameters
    ----------
    most : int
        Utterances that are remembered, at least 1.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._heard: tuple[Heard, ...] = ()

    def __len__(self) -> int:
        """Return the number of utterances that are remembered."""
        return len(self._heard)

    def add(self, heard: Heard) -> None:
        """Remember an utterance; the oldest is forgotten if there are too many."""
        self._heard = (*self._heard, heard)[-self._most :]

    def find(self, utterance_id: str | None) -> Heard:
        """Return an utterance.

        Parameters
        ----------
        utterance_id : str or None
            Its id; None: the last one.

        Raises
        ------
        EmotiondError
            If there was no utterance yet.
        InputError
            If no utterance in memory has that id.
        """
        heard = self._heard
        if not heard:
            raise EmotiondError("there was no utterance yet; say something first")
        if utterance_id is None:
            return heard[-1]
        for each in heard:
            if each.utterance.id == utterance_id:
                return each
        raise InputError(
            f"no utterance {utterance_id} is in memory: the daemon remembers its last "
            f"{self._most} utterances since it started"
        )
