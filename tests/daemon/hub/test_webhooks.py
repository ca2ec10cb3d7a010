"""Webhooks: a real server gets the record; any other answer is said, and nothing is followed."""

import asyncio
import json
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from emotiond.errors import EmotiondError
from emotiond.hub.webhooks import TransientError, post
from tests.daemon.hub.addresses import Address, Got, Stranger

Start = Callable[[int], tuple[str, Got]]


@pytest.fixture
def server() -> Iterator[Start]:
    """Return a function that starts a server with a status, and its address and requests."""
    servers: list[Address] = []

    def start(status: int) -> tuple[str, Got]:
        servers.append(Address(status))
        return servers[-1].url, servers[-1].got

    yield start
    for each in servers:
        each.close()


def send(url: str, *headers: str, content: bytes = b"{}", seconds: float = 10.0) -> None:
    asyncio.run(post(urlsplit(url), headers, content, seconds))


def test_the_address_gets_the_record_with_the_headers(
    server: Start,
) -> None:
    url, got = server(204)
    content = json.dumps({"label": "angry"}).encode()
    send(f"{url}/a%20b?c=d#e", "Title: x: y", content=content)
    ((path, headers, body),) = got
    assert (path, body) == ("/a%20b?c=d", content)
    assert headers["Content-Type"] == "application/json"
    assert headers["Title"] == "x: y"
    assert headers["Host"] == urlsplit(url).netloc


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_refuses_for_now_may_be_asked_again(server: Start, status: int) -> None:
    with pytest.raises(TransientError, match=f"answered {status}"):
        send(server(status)[0])


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404])
def test_a_refusal_is_no_reason_to_ask_again_and_no_redirect_is_followed(
    server: Start, status: int
) -> None:
    url, got = server(status)
    with pytest.raises(EmotiondError, match=f"answered {status}") as caught:
        send(url)
    assert not isinstance(caught.value, TransientError)
    assert len(got) == 1


def test_a_proxy_of_the_environment_is_not_used(
    server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, got = server(200)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    send(url)
    assert len(got) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0\r\n\r\n", "does not answer in HTTP"),
        (b"", "does not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100_000, "does not answer in HTTP"),
        (None, r"took longer than 0\.5 s"),
    ],
)
def test_another_program_at_the_address_is_said(answer: bytes | None, words: str) -> None:
    stranger = Stranger(answer)
    with pytest.raises(TransientError, match=words):
        send(f"http://127.0.0.1:{stranger.server_address[1]}", seconds=0.5)
    stranger.close()


def test_an_address_that_is_not_there_is_said() -> None:
    with pytest.raises(TransientError, match="can't be reached: "):
        send("http://127.0.0.1:9/")
    with pytest.raises(EmotiondError, match="is no name that a host can have"):
        send(f"http://{'x' * 70}.example/")


def test_https_wants_a_certificate(server: Start) -> None:
    url, got = server(200)
    with pytest.raises(TransientError, match="can't be reached: "):
        send(url.replace("http:", "https:"))
    assert got == []
