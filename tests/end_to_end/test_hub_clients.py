"""Clients of the hub: each gets its answer, and none holds up another."""

import contextlib
import re
import socket

import pytest

from emotiond.hub.connections import MOST
from emotiond.hub.feed import MOST_CLIENTS
from emotiond.hub.guard import COOKIE, LARGEST_BODY, LONGEST_HEAD
from tests.end_to_end.clients import reset
from tests.end_to_end.hubs import Hub
from tests.end_to_end.programs import wait_for

LONG = b"431|400"
"""Answer to a long request: 400 if it comes in pieces."""


def raw(hub: Hub, request: bytes) -> bytes:
    """Send bytes and return the first line of the answer; empty if there is none."""
    with socket.create_connection(("127.0.0.1", hub.port), 20) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
            return connection.recv(65536).partition(b"\r\n")[0]
        return b""


def stream(token: str) -> bytes:
    """Return a request for a stream of events."""
    path = "/api/v1/microphones/0/events"
    lines = (f"GET {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}")
    return "\r\n".join((*lines, "", "")).encode()


def test_each_client_gets_what_the_table_says(guarded: tuple[Hub, str]) -> None:
    hub, token = guarded
    bearer = {"Authorization": f"Bearer {token}"}
    cookie = {"Cookie": f"{COOKIE}={token}"}
    json_body = {"Content-Type": "application/json"}
    large = b"x" * (LARGEST_BODY + 1)
    table: tuple[tuple[str, str, bytes | None, dict[str, str], int], ...] = (
        ("no token", "/", None, {}, 401),
        ("no token, a file", "/page/live.js", None, {}, 401),
        ("no token, the API", "/api/v1/days", None, {}, 401),
        ("a wrong token", "/", None, {"Cookie": f"{COOKIE}={token[::-1]}"}, 401),
        ("a wrong link", f"/?token={token[:-1]}", None, {}, 401),
        ("the token in a cookie", "/", None, cookie, 200),
        ("the token of a program", "/api/v1/days", None, bearer, 200),
        ("the link", f"/?token={token}", None, {}, 200),
        ("a foreign host", "/", None, {**cookie, "Host": "evil.example"}, 403),
        ("a foreign origin", "/", None, {**cookie, "Origin": "http://evil.example"}, 403),
        (
            "a form of another site",
            "/api/v1/microphones/0/requests",
            b"{}",
            {**cookie, "Content-Type": "text/plain"},
            415,
        ),
        ("a huge body", "/api/v1/microphones/0/requests", large, {**bearer, **json_body}, 413),
        ("another method", "/", b"", cookie, 405),
        ("no such page", "/nowhere", None, cookie, 404),
        ("no such microphone", "/api/v1/microphones/1", None, bearer, 404),
        ("no such microphone, long", f"/api/v1/microphones/{'9' * 5000}", None, bearer, 404),
        ("no day", "/day/tomorrow", None, cookie, 404),
        ("a day of long ago", "/day/0001-01-01", None, cookie, 404),
        ("a day of a form", "/day?day=../../etc/passwd", None, cookie, 404),
    )
    for name, path, body, headers, status in table:
        assert hub.ask(path, body, headers).status == status, name


@pytest.mark.parametrize(
    "path",
    [
        *("/page/../hub-token", "/page/..%2f..%2fweb.py", "/page//etc/passwd", "/page/%00"),
        *(
            "/page/....//style.css",
            "/page/live.html",
            "/day/..%2f..%2fetc%2fpasswd",
            "//etc/passwd",
        ),
        *("/api/v1/days/..%2f..", "/api/v1/../../page/live.html", "/page/style.css/..", "/%2e%2e/"),
    ],
)
def test_no_path_leads_to_another_file(guarded: tuple[Hub, str], path: str) -> None:
    hub, token = guarded
    answer = hub.ask(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 404
    assert b"root:" not in answer.body


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2 * LONGEST_HEAD, b"400"),
        (b"GET /" + b"x" * 2 * LONGEST_HEAD + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", LONG),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
    ],
    ids=["huge header", "huge path", "no host", "two hosts", "TLS", "a negative length"],
)
def test_a_request_that_is_none_is_refused(
    guarded: tuple[Hub, str], request_: bytes, answer: bytes
) -> None:
    assert re.search(answer, raw(guarded[0], request_))


def test_too_many_clients_are_told_so_and_those_that_were_there_go_on(
    guarded: tuple[Hub, str],
) -> None:
    hub, token = guarded
    request = stream(token)
    first = hub.connections(1, request)[0]
    content = b""
    while b"\n\n\r\n" not in content:  # the snapshot, whole
        content += first.recv(65536)
    made = hub.connections(2 * MOST + 20, request)
    answers = []
    for each in made:
        with contextlib.suppress(ConnectionError):
            answers.append(each.recv(65536).partition(b"\r\n")[0])
    assert sum(b" 200 " in each for each in answers) <= MOST_CLIENTS
    assert sum(b" 503 " in each for each in answers) > 10
    for each in made:
        each.close()
    wait_for(
        lambda: hub.ask("/api/v1/days", headers={"Authorization": f"Bearer {token}"}).status == 200,
        "there is room again",
    )
    first.setblocking(False)
    with pytest.raises(BlockingIOError):  # still connected, and nothing is said
        first.recv(65536)
    first.close()


def test_streams_that_are_reset_make_room_for_others(guarded: tuple[Hub, str]) -> None:
    hub, token = guarded

    def all_are_let_in() -> bool:
        made = hub.connections(MOST_CLIENTS, stream(token))
        answers = [each.recv(12) for each in made]
        for each in made:
            reset(each)
        return answers == MOST_CLIENTS * [b"HTTP/1.1 200"]

    for _ in range(3):
        wait_for(all_are_let_in, "there is room")
