"""The hub's application: pages, their files, and the API, behind the guard."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from emotiond.errors import EmotiondError
from emotiond.hub import days, pages
from emotiond.hub.api import Api, day_of
from emotiond.hub.asking import Asking
from emotiond.hub.feed import Feed
from emotiond.hub.guard import API, LARGEST_BODY, Guard, TooLargeError, own_names
from emotiond.hub.metrics import MEDIA_TYPE, Metrics
from emotiond.settings import Settings

FILLED: Final = ("Live", "Voices", "Health")
"""Views that a script fills."""


def application(
    feed: Feed,
    asking: Asking,
    settings: Settings,
    token: str | None,
    metrics: Metrics | None,
) -> ASGIApp:
    """Return the hub's application.

    Parameters
    ----------
    feed : Feed
        Follows the daemons.
    asking : Asking
        Sends requests to them.
    settings : Settings
        All settings.
    token : str or None
        The token that clients need; None: none.
    metrics : Metrics or None
        Figures for Prometheus; None: none.
    """
    api = Api(feed, asking, settings)
    files = pages.files()
    views = {pages.VIEWS[name]: pages.view(name) for name in FILLED}

    async def view(request: Request) -> Response:
        return HTMLResponse(views[request.url.path])

    async def file(request: Request) -> Response:
        # Only names that were found at the start: no path leads elsewhere.
        found = files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404, "There is no such file.")
        return Response(found[0], media_type=found[1])

    async def some_day(request: Request) -> Response:
        return RedirectResponse(f"/day/{day_of(request.query_params.get('day', 'today'))}", 303)

    async def day(request: Request) -> Response:
        wanted = day_of(request.path_params["day"])
        folders = await api.folders()
        known = await api.read(days.days_of, folders)
        return HTMLResponse(await api.read(pages.day_page, folders, wanted, known))

    routes = [
        *(Route(path, view) for path in views),
        Route("/page/{name}", file),
        Route("/day", some_day),
        Route("/day/{day}", day),
        Mount(f"{API}v1", routes=api.routes()),
    ]
    if metrics is not None:
        routes.append(Route("/metrics", _figures(metrics, api)))
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _refused,
            EmotiondError: _failed,
            TooLargeError: _too_large,
        },
    )
    return Guard(app, token, own_names(settings.hub.name))


def _figures(metrics: Metrics, api: Api) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that answers Prometheus."""

    async def figures(_: Request) -> Response:
        sizes = await api.read(days.sizes_of, await api.folders())
        return Response(metrics.text(sizes), media_type=MEDIA_TYPE)

    return figures


def _refused(request: Request, error: Any) -> Response:
    return _problem(request, error.detail, error.status_code)


def _failed(request: Request, error: Exception) -> Response:
    return _problem(request, str(error), 500)


def _too_large(request: Request, _: Exception) -> Response:
    return _problem(request, f"A request may have {LARGEST_BODY} bytes.", 413)


def _problem(request: Request, sentence: str, status: int) -> Response:
    if request.url.path.startswith(API):
        return JSONResponse({"error": sentence}, status)
    return HTMLResponse(pages.problem_page(f"{status}", sentence), status)
