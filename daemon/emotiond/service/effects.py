"""Effects of requests on their way to the loop: the only thing that asking threads and it share."""

from threading import Lock
from typing import Final

from emotiond.errors import EmotiondError
from emotiond.model.interface import Model
from emotiond.record import Correction, Status

MOST_WAITING: Final = 100
"""Effects that may wait for the loop; while so many wait, requests are refused."""

Effect = Correction | Status | Model
"""What the loop has to do: publish a record, or go on with another model."""


class Effects:
    """Effects that wait for the loop, which takes them between two hops."""

    def __init__(self) -> None:
        self._waiting: list[Effect] = []
        self._ended = False
        self._lock = Lock()
        """Held for a moment while effects change hands."""

    def refuse_if_full(self) -> None:
        """Raise EmotiondError if the loop takes nothing at present, and too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            raise EmotiondError("the daemon gets no sound, and too many requests wait; try again")

    def put(self, effect: Effect) -> None:
        """Give the loop an effect; raises EmotiondError if it has ended."""
        with self._lock:
            if self._ended:
                raise EmotiondError("the daemon is stopping")
            self._waiting.append(effect)

    def take(self) -> list[Effect]:
        """Return the effects since the last call, for the loop."""
        with self._lock:
            effects, self._waiting = self._waiting, []
        return effects

    def end(self) -> list[Effect]:
        """Return the last effects; there are none after them."""
        with self._lock:
            self._ended = True
        return self.take()
