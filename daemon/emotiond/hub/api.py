"""The HTTP API: microphones, their events, requests to their daemons, and days of the log."""

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from emotiond.errors import EmotiondError
from emotiond.history.localtime import named_day
from emotiond.hub import days, health
from emotiond.hub.answers import Days, Findings, Followed, Health, Prompts
from emotiond.hub.asking import Asking
from emotiond.hub.feed import Feed
from emotiond.hub.microphone import Microphone
from emotiond.hub.openapi import document
from emotiond.service.requests import AskStatus, Correct, Refused, Undo, decode_request
from emotiond.settings import Settings
from emotiond.teaching.scenes import SCENES
from emotiond.teaching.sentences import SENTENCES, language_of

STATUS: Final = {1: 409, 2: 422}
"""Exit code of a refusal -> HTTP status."""
MOST_READ: Final = 2
"""Days that are read from the log at a time."""

_encoder: Final = msgspec.json.Encoder()
Found = TypeVar("Found")


class Api:
    """The routes of the API.

    Parameters
    ----------
    feed : Feed
        Follows the daemons.
    asking : Asking
        Sends requests to them.
    settings : Settings
        For the log folders.
    """

    def __init__(self, feed: Feed, asking: Asking, settings: Settings) -> None:
        self._feed = feed
        self._asking = asking
        self._settings = settings
        self._reading = asyncio.Semaphore(MOST_READ)

    def routes(self) -> list[Route]:
        """Return all routes of the API."""
        here = "/microphones/{microphone}"
        return [
            Route("/openapi.json", self._openapi),
            Route("/microphones", self._microphones),
            Route(here, self._snapshot),
            Route(f"{here}/events", self._events),
            Route(f"{here}/requests", self._request, methods=["POST"]),
            Route("/days", self._days),
            Route("/days/{day}", self._day),
            Route("/days/{day}/utterances", self._utterances),
            Route("/health", self._health),
            Route("/prompts", self._prompts),
        ]

    async def folders(self) -> list[Path]:
        """Return the log folders."""
        return await run_in_threadpool(days.folders_of, self._settings)

    async def read(self, read: Callable[..., Found], *arguments: Any) -> Found:
        """Read files in a thread, a few clients at a time."""
        async with self._reading:
            return await run_in_threadpool(read, *arguments)

    async def _openapi(self, _: HttpRequest) -> Response:
        return _json(document())

    async def _microphones(self, _: HttpRequest) -> Response:
        return _json(
            [
                Followed(id=each.id, connected=each.connected, hello=each.hello)
                for each in self._feed.microphones
            ]
        )

    async def _snapshot(self, request: HttpRequest) -> Response:
        return _json(self._of(request).snapshot())

    async def _events(self, request: HttpRequest) -> ASGIApp:
        microphone = self._of(request)

        async def stream(scope: Scope, receive: Receive, send: Send) -> None:
            with self._feed.client(microphone) as client:
                if client is None:
                    response = _json({"error": "The hub has too many clients; try again."}, 503)
                else:
                    response = StreamingResponse(client.events(), media_type="text/event-stream")
                await response(scope, receive, send)

        return stream

    async def _request(self, request: HttpRequest) -> Response:
        microphone = self._of(request)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise HTTPException(415, "A request must be application/json.")
        try:
            wanted = decode_request(await request.body())
        except (ValueError, RecursionError) as error:
            return _json(Refused(message=f"this is no request: {error}", exit_code=2), 422)
        if isinstance(wanted, Correct | Undo):
            wanted = msgspec.structs.replace(wanted, by="hub")
        answer = await self._asking.ask(microphone, wanted)
        return _json(answer, STATUS[answer.exit_code] if isinstance(answer, Refused) else 200)

    async def _days(self, _: HttpRequest) -> Response:
        return _json(Days(days=await self.read(days.days_of, await self.folders())))

    async def _day(self, request: HttpRequest) -> Response:
        return _json(
            await self.read(
                days.summary_of, await self.folders(), day_of(request.path_params["day"])
            )
        )

    async def _utterances(self, request: HttpRequest) -> Response:
        return _json(
            await self.read(
                days.utterances_of, await self.folders(), day_of(request.path_params["day"])
            )
        )

    async def _health(self, _: HttpRequest) -> Response:
        microphones = []
        for each in self._feed.microphones:
            answer = await self._asking.ask(each, AskStatus()) if each.connected else None
            findings = list(health.of_daemon(each.snapshot(), answer))
            microphones.append(Findings(id=each.id, findings=findings))
        try:
            logs = await self.read(health.of_logs, await self.folders())
        except EmotiondError as error:
            logs = [health.no_log(str(error))]
        return _json(Health(microphones=microphones, logs=logs, versions=health.versions()))

    async def _prompts(self, request: HttpRequest) -> Response:
        language = language_of({"LANG": request.query_params.get("language", "")})
        return _json(Prompts(language, SENTENCES[language], SCENES))

    def _of(self, request: HttpRequest) -> Microphone:
        """Return the microphone that a path names."""
        name = request.path_params["microphone"]
        for each in self._feed.microphones:
            if each.id == name:
                return each
        raise HTTPException(404, "The hub follows no microphone of this number.")


def day_of(text: str) -> date:
    """Return the local day of a name; raises HTTPException if it is none."""
    day = named_day(text)
    if day is None:
        raise HTTPException(404, "A day has the form 2026-05-01; today and yesterday work, too.")
    return day


def _json(content: object, status: int = 200) -> Response:
    return Response(_encoder.encode(content), status, media_type="application/json")
