"""Connections: a client that is too slow, to ask or to take its answer, is cut off."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from emotiond.hub import connections
from emotiond.hub.connections import Connection

PIECE = b"x" * 65_536
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def _endless(scope: Any, receive: Any, send: Any) -> None:
    """Answer a GET without end, and a POST when its body is there."""
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        if (await asyncio.wait_for(_disconnected(receive), 1.0)) is True:
            return


async def _disconnected(receive: Any) -> bool:
    with contextlib.suppress(TimeoutError):
        return (await asyncio.wait_for(receive(), 0.001))["type"] == "http.disconnect"
    return False


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[int]:
    """Serve, and yield the port."""
    listening = socket.create_server(("127.0.0.1", 0))
    # Of little room, so that data wait soon.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, len(PIECE))
    config = uvicorn.Config(
        _endless, http=Connection, ws="none", lifespan="off", log_config=None, log_level="critical"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await serving


async def narrow(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection that takes little before it is read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, len(PIECE))
    connection.connect(("127.0.0.1", port))
    return await asyncio.open_connection(sock=connection)


def run(test: Callable[[int], Awaitable[None]]) -> None:
    async def beside() -> None:
        async with served() as port:
            await asyncio.wait_for(test(port), 20.0)

    asyncio.run(beside())


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.3)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET", REQUEST, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n123"],
)
def test_a_request_that_is_never_whole_is_cut_off(begun: bytes) -> None:
    async def test(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()

    run(test)


def test_a_request_that_trickles_in_is_cut_off() -> None:
    async def test(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"X")
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.close()

    run(test)


def test_a_client_that_takes_no_data_is_cut_off_and_one_that_takes_them_slowly_is_not() -> None:
    async def test(port: int) -> None:
        stuck, slow = [await narrow(port) for _ in range(2)]
        for _, writer in (stuck, slow):
            writer.write(REQUEST + b"\r\n")
        for _ in range(10):
            await slow[0].readexactly(300_000)
            await asyncio.sleep(0.1)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await stuck[0].readexactly(10**9)
        assert await slow[0].readexactly(300_000)
        slow[1].close()

    run(test)


def test_a_connection_may_ask_again_and_again() -> None:
    async def test(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(4):  # for longer than one request may take
            writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
            await asyncio.sleep(0.15)
        writer.close()

    run(test)


def test_far_too_many_connections_are_cut_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST", 3)

    async def test(port: int) -> None:
        begun = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        await asyncio.sleep(0.1)
        assert sum(reader.at_eof() or reader.exception() is not None for reader, _ in begun) == 2
        for _, writer in begun:
            writer.close()

    run(test)
