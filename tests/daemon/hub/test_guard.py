"""The guard: requests that other sites cause are refused, and every answer has safe headers."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from emotiond.hub import guard
from emotiond.hub.guard import COOKIE, HEADERS, LARGEST_BODY, Guard, TooLargeError, wrong_address

NAMES = frozenset({"localhost", "pi", "pi.local"})
SECRET = "0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEF"  # noqa: S105


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the size of the body."""
    try:
        body = await Request(scope, receive).body()
    except TooLargeError:
        body = b"too large"
    await PlainTextResponse(f"{len(body)}")(scope, receive, send)


def ask(
    *headers: tuple[str, str],
    path: str = "/",
    query: str = "",
    method: str = "GET",
    token: str | None = None,
    chunks: tuple[bytes, ...] = (b"",),
) -> tuple[int, dict[str, str], str]:
    """Send a request through a guard; return status, headers and body of the answer."""
    given_headers = (
        headers
        if any(name == "host" for name, _ in headers)
        else (
            ("host", "localhost:8377"),
            *headers,
        )
    )
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given_headers],
    }
    waiting = list(chunks)
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    asyncio.run(Guard(_app, token, NAMES)(scope, receive, send))
    answered = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], answered, b"".join(each.get("body", b"") for each in said).decode()


@pytest.mark.parametrize(
    ("hosts", "allowed"),
    [
        (["localhost"], True),
        (["localhost:8377"], True),
        (["LOCALHOST:1"], True),
        (["pi.local:8377"], True),
        (["127.0.0.1:8377"], True),
        (["192.168.1.7"], True),
        (["[::1]:8377"], True),
        ([], False),
        (["localhost", "localhost"], False),
        ([""], False),
        (["evil.example"], False),
        (["localhost.evil.example"], False),
        (["127.0.0.1.evil.example:8377"], False),
        (["evil.example:8377@localhost"], False),
        (["evil@127.0.0.1"], False),
        (["localhost:x"], False),
        (["[::1"], False),
    ],
)
def test_only_addresses_and_known_names_are_answered(hosts: list[str], allowed: bool) -> None:
    headers = Headers(raw=[(b"host", each.encode()) for each in hosts])
    assert (wrong_address(headers, NAMES) is None) == allowed


@given(st.text(st.characters(max_codepoint=255), max_size=30), st.sampled_from("gxyz@/%_ "))
def test_any_other_name_is_refused_and_none_crashes(host: str, letter: str) -> None:
    # No address has such a letter.
    for name in (letter + host, host + letter):
        assert wrong_address(Headers({"host": name}), NAMES) is not None


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8377", 200),
        ("https://LOCALHOST:8377", 200),  # behind a proxy
        ("http://localhost:3000", 403),
        ("http://evil.example", 403),
        ("http://localhost:8377.evil.example", 403),
        ("null", 403),
        ("", 403),
        ("file://", 403),
    ],
)
def test_a_page_of_another_origin_gets_nothing(origin: str, status: int) -> None:
    assert ask(("origin", origin), method="POST")[0] == status


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ((), "", 401),
        ((), "token=", 401),
        ((), "token=" + SECRET[:-1], 401),
        ((), "a=1&" * 20 + "token=" + SECRET, 401),
        ((("cookie", f"{COOKIE}={SECRET}"),), "", 200),
        ((("cookie", f"a=b; {COOKIE}={SECRET}; c=d"),), "", 200),
        ((("cookie", f"{COOKIE}={SECRET}x"),), "", 401),
        ((("cookie", "\xff;;==\x01"),), "", 401),
        ((("authorization", f"Bearer {SECRET}"),), "", 200),
        ((("authorization", f"Basic {SECRET}"),), "", 401),
        ((("authorization", "Bearer \xff"),), "", 401),
    ],
)
def test_who_lacks_the_token_is_told_so_and_nothing_else(
    headers: tuple[tuple[str, str], ...], query: str, status: int
) -> None:
    found, answered, body = ask(*headers, query=query, token=SECRET)
    assert found == status
    assert SECRET not in body + str(answered)
    if status == 401:
        assert "needs its token" in body


def test_a_link_with_the_token_sets_a_cookie_that_no_script_and_no_other_site_gets() -> None:
    status, headers, body = ask(query=f"token={SECRET}", token=SECRET)
    assert status == 200
    assert headers["refresh"] == "0; url=/"
    cookie = headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.split("; "))
    assert SECRET not in body
    # Not for requests that change something, nor past the check of the origin.
    assert ask(query=f"token={SECRET}", token=SECRET, method="POST")[0] == 401
    foreign = ("host", "evil.example")
    assert ask(foreign, query=f"token={SECRET}", token=SECRET)[0] == 403


def test_every_answer_has_the_safe_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = (
        ask(),
        ask(token=SECRET),
        ask(query=f"token={SECRET}", token=SECRET),
        ask(("origin", "null")),
        ask(("content-length", "99999999"), method="POST"),
    )
    assert [status for status, _, _ in answers] == [200, 401, 200, 403, 413]
    for _, headers, _ in answers:
        assert {name.lower(): value for name, value in HEADERS.items()}.items() <= headers.items()
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_programs_get_json_and_people_a_page() -> None:
    assert ask(path="/api/v1/days", token=SECRET)[2].startswith('{"error":"The hub needs')
    assert ask(path="/", token=SECRET)[2].startswith("<!doctype html>")


@pytest.mark.parametrize("length", [f"{LARGEST_BODY + 1}", "-1", "9" * 40, "x", "1, 2"])
def test_a_body_that_is_announced_as_too_large_is_refused(length: str) -> None:
    assert ask(("content-length", length), method="POST")[0] == 413


def test_a_body_without_a_length_is_read_only_so_far() -> None:
    chunk = b"x" * (LARGEST_BODY // 2)
    assert ask(chunks=(chunk, chunk))[2] == f"{LARGEST_BODY}"
    assert ask(chunks=(chunk, chunk, b"x"))[2] == f"{len('too large')}"


def test_the_names_of_this_machine_and_of_the_settings_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard.socket, "gethostname", lambda: "Pi")
    assert guard.own_names(["Hub.example.org"]) == NAMES | {"hub.example.org"}
