"""Requests to daemons, of all parts of the hub: a few at a time."""

import asyncio
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool

from emotiond.errors import EmotiondError, reason
from emotiond.hub.feed import Feed
from emotiond.hub.microphone import Microphone
from emotiond.paths import control_socket
from emotiond.service.control_client import ask
from emotiond.service.requests import Answer, Refused, Request
from emotiond.sinks.client import connect

MOST_ASKED: Final = 4
"""Requests to daemons at a time; a daemon takes 8."""


class Asking:
    """Sends requests to the daemons of microphones.

    Parameters
    ----------
    feed : Feed
        Knows their sockets.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._room = asyncio.Semaphore(MOST_ASKED)

    async def ask(self, microphone: Microphone, request: Request) -> Answer:
        """Send a request to a daemon and return its answer; one that gives none refuses."""
        path = control_socket(self._feed.socket_of(microphone))
        async with self._room:
            return await run_in_threadpool(_asked, path, request)


def _asked(path: Path, request: Request) -> Answer:
    try:
        return ask(connect(path), request)
    except EmotiondError as error:
        return Refused(message=str(error), exit_code=error.exit_code)
    except OSError as error:
        return Refused(message=f"the daemon takes no requests ({reason(error)})", exit_code=1)
