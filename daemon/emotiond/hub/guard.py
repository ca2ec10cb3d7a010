"""The guard: refuses requests that are not for the hub, and adds safe headers to all answers."""

import contextlib
import hmac
import ipaddress
import re
import socket
from collections.abc import Collection, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "emotiond_hub"
"""Cookie that holds the token."""
COOKIE_SECONDS: Final = 365 * 86_400
LONGEST_HEAD: Final = 16_384
"""Longest path and headers of a request (bytes)."""
LARGEST_BODY: Final = 16_384
"""Largest body of a request (bytes)."""
HOST: Final = re.compile(r"(?:\[(?P<six>[\da-fA-F:.]+)\]|(?P<name>[\w.-]+))(?::\d{1,5})?", re.ASCII)
"""Value of the header ``Host``: a name or an address, and a port."""
API: Final = "/api/"
"""Beginning of the paths that programs use: they get JSON in place of a page."""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # a link with the token leaves no trace elsewhere
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Headers of every answer: nothing but the hub's own files is loaded, and nothing is kept."""


class Refusal(NamedTuple):
    """An answer to a request that is refused."""

    status: int
    sentence: str


class TooLargeError(Exception):
    """A request's body is larger than ``LARGEST_BODY``."""


class Guard:
    """An ASGI application around that of the hub.

    Parameters
    ----------
    app : ASGI application
        The hub's.
    token : str or None
        The token that clients need; None: none.
    names : collection of str
        Host names of the hub that browsers may use. IP addresses are always allowed.
    """

    def __init__(self, app: ASGIApp, token: str | None, names: Collection[str]) -> None:
        self._app = app
        self._token = token
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        headers = Headers(scope=scope)
        refusal = wrong_address(headers, self._names) or too_large(scope)
        if refusal is None and self._token is not None and not _knows(headers, self._token):
            if scope["method"] == "GET" and _same(_in_link(scope), self._token):
                await _welcome(scope["path"], self._token)(scope, receive, guarded)
                return
            refusal = Refusal(401, "The hub needs its token: open the link that has it.")
        if refusal is not None:
            await _refused(scope["path"], refusal)(scope, receive, guarded)
            return
        await self._app(scope, _bounded(receive), guarded)


def own_names(names: Iterable[str]) -> frozenset[str]:
    """Return the names of this machine, and those of the settings."""
    host = socket.gethostname()
    return frozenset(each.lower() for each in ("localhost", host, f"{host}.local", *names))


def wrong_address(headers: Headers, names: Collection[str]) -> Refusal | None:
    """Return a refusal if a browser was led here by another site; None if not.

    A foreign name may point to this machine (DNS rebinding), so ``Host`` must be an address or a
    known name. A page of another site may send requests, but its ``Origin`` is another.
    """
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not _is_known(hosts[0], names):
        return Refusal(403, "The hub does not know this name of it; add it to hub.name.")
    for origin in headers.getlist("origin"):
        scheme, _, netloc = origin.partition("://")
        if scheme not in ("http", "https") or netloc.lower() != hosts[0].lower():
            return Refusal(403, "This request comes from a page of another site.")
    return None


def too_large(scope: Scope) -> Refusal | None:
    """Return a refusal if a request is too long, or says that its body will be, else None."""
    head = len(scope["path"]) + len(scope["query_string"])
    if head + sum(len(name) + len(value) for name, value in scope["headers"]) > LONGEST_HEAD:
        return Refusal(431, f"The head of a request may have {LONGEST_HEAD} bytes.")
    length = Headers(scope=scope).get("content-length", "0")
    if re.fullmatch(r"\d{1,9}", length) and int(length) <= LARGEST_BODY:
        return None
    return Refusal(413, f"A request may have {LARGEST_BODY} bytes.")


def _is_known(host: str, names: Collection[str]) -> bool:
    found = HOST.fullmatch(host)
    if found is None:
        return False
    name = (found["name"] or found["six"]).lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in names
    return True


def _knows(headers: Headers, token: str) -> bool:
    """Say whether a request has the token, in its cookie or as a bearer token."""
    cookie: SimpleCookie = SimpleCookie()
    with contextlib.suppress(CookieError):
        cookie.load(headers.get("cookie", ""))
    kept = cookie[COOKIE].value if COOKIE in cookie else ""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return _same(kept, token) or (scheme.lower() == "bearer" and _same(bearer.strip(), token))


def _in_link(scope: Scope) -> str:
    """Return the token in a link, empty if it has none."""
    query: str = scope["query_string"].decode("latin-1")
    try:
        return parse_qs(query, max_num_fields=10).get("token", [""])[0]
    except ValueError:
        return ""


def _same(given: str, token: str) -> bool:
    """Compare in a time that tells nothing of the token."""
    return hmac.compare_digest(given.encode(errors="replace"), token.encode())


def _welcome(path: str, token: str) -> Response:
    """Return the answer to a link with the token: a cookie, and a page that leads on.

    Not a redirection: after a link on another site, a browser would follow it without the cookie.
    """
    response = HTMLResponse(
        '<!doctype html><html lang="en"><title>emotiond</title><p><a href="/">Go on</a>'
    )
    response.headers["Refresh"] = f"0; url={'/day' if path.startswith('/day') else '/'}"
    response.set_cookie(
        COOKIE, token, max_age=COOKIE_SECONDS, httponly=True, samesite="strict", path="/"
    )
    return response


def _refused(path: str, refusal: Refusal) -> Response:
    if path.startswith(API):
        return JSONResponse({"error": refusal.sentence}, refusal.status)
    return HTMLResponse(
        '<!doctype html><html lang="en"><title>emotiond</title>'
        f"<h1>{refusal.status}</h1><p>{refusal.sentence}",
        refusal.status,
    )


def _bounded(receive: Receive) -> Receive:
    """Return a function that raises TooLargeError once a body gets too long."""
    size = 0

    async def receive_some() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            raise TooLargeError
        return message

    return receive_some
