"""Connections of the hub's clients: bounded in number, and cut if a client is too slow."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS: Final = 10.0
"""Longest time until a request is whole (s), and between two requests of a connection."""
ANSWER_SECONDS: Final = 10.0
"""Longest time that a client may take none of the data that wait for it (s)."""
MOST: Final = 64
"""Connections at a time that are answered; as many more are told so, the rest is cut."""


class Connection(H11Protocol):
    """A connection to a client."""

    _request: asyncio.TimerHandle | None = None
    _answer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request; cut the connection if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > 2 * MOST:
            transport.abort()
            return
        self._await_request()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._await_request()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for a client that takes no data, but not for ever."""
        super().pause_writing()
        self._answer = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on, since the client has taken data."""
        super().resume_writing()
        _cancel(self._answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _cancel(self._request)
        super().connection_lost(exc)
        _cancel(self._answer)

    def _await_request(self) -> None:
        _cancel(self._request)
        self._request = self.loop.call_later(REQUEST_SECONDS, self._cut_if_waiting)

    def _cut_if_waiting(self) -> None:
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            self.transport.abort()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
