"""The connection to a broker that is away, or is none."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from emotiond.hub import broker, mqtt
from emotiond.hub.asking import Asking
from emotiond.hub.feed import Feed
from emotiond.hub.mqtt import Mqtt
from emotiond.mqtt_settings import MqttSettings
from tests.daemon.hub.records import HELLO, utterance

LIES = (
    *(b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 100, b"\x00" * 100),
    *(b"\x20\x02\x00\x00\x30\x02", b"\x20\x02\x00\x00" + b"\x30\x04\x00\x02\xff\xfe"),
    *(
        b"\x20\x02\x00\x63",
        b"\x20\x00",
        b"\x20\x02\x00\x00\x90\x00",
        b"\x20\x02\x00\x00\x40\x01\x00",
    ),
    b"\x20\x02\x00\x00\x30\xff\xff\xff\x7f" + b"x" * 1000,
)
"""What a program sends that is no broker, or a broker that lies; 0x20 0x02 is a welcome."""
NOWHERE = [Path("nowhere")]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def run(test: Callable[[Feed, Mqtt], Awaitable[None]], port: int, microphones: int = 1) -> None:
    """Run a test beside a connection to a port of this machine."""

    async def beside() -> None:
        feed = Feed([NOWHERE] * microphones)
        settings = MqttSettings(broker="127.0.0.1", port=port, node="house")
        connection = Mqtt(feed, Asking(feed), settings)
        try:
            await test(feed, connection)
        finally:
            await connection.close()

    asyncio.run(beside())


def test_utterances_beyond_the_bound_are_lost_counted_and_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mqtt, "MOST_WAITING", 3)

    async def test(feed: Feed, connection: Mqtt) -> None:
        feed._publish(feed.microphones[0], HELLO)
        for number in range(5):
            feed._publish(feed.microphones[0], utterance(str(number)))
        assert (connection.waiting, connection.lost) == (3, 2)

    run(test, free_port())
    assert capsys.readouterr().err.count("3 utterances wait; later ones are lost") == 1


def test_a_broker_that_is_not_there_is_tried_again_and_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(broker, "LONGEST_WAIT", 1)
    tries = asyncio.Semaphore(0)
    failed = Mqtt._failed

    def counted(connection: Mqtt, kind: str, words: str) -> None:
        failed(connection, kind, words)
        tries.release()

    monkeypatch.setattr(Mqtt, "_failed", counted)

    async def test(_: Feed, connection: Mqtt) -> None:
        for _ in range(3):
            await asyncio.wait_for(tries.acquire(), 20.0)

    run(test, free_port())
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(": not reached (connection refused); it is tried again for ever")


def test_only_one_of_two_microphones_with_the_same_name_is_published(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def test(feed: Feed, connection: Mqtt) -> None:
        for _ in range(2):
            for each in feed.microphones:
                feed._publish(each, HELLO)
                feed._publish(each, utterance("a"))
        assert connection.waiting == 2
        other = msgspec.structs.replace(HELLO, source="attic")
        feed._publish(feed.microphones[1], other)
        feed._publish(feed.microphones[1], utterance("b"))
        assert connection.waiting == 3

    run(test, free_port(), microphones=2)
    assert capsys.readouterr().err.count("two microphones have the name kitchen") == 1


def test_a_program_that_is_no_broker_is_tried_for_ever_and_said_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(broker, "KEEP_ALIVE", 1)
    monkeypatch.setattr(broker, "LONGEST_WAIT", 1)
    monkeypatch.setattr(broker, "PAUSE_SECONDS", 0.1)

    async def of(lie: bytes) -> None:
        tries = asyncio.Semaphore(0)

        async def admit(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tries.release()
            with contextlib.suppress(OSError):
                writer.write(lie)
                await writer.drain()
                writer.close()

        async with await asyncio.start_server(admit, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            feed = Feed([NOWHERE])
            settings = MqttSettings(broker="127.0.0.1", port=port, node="house")
            connection = Mqtt(feed, Asking(feed), settings)
            for _ in range(3):
                await asyncio.wait_for(tries.acquire(), 20.0)
            await connection.close()

    async def all_of_them() -> None:
        await asyncio.gather(*map(of, LIES))

    asyncio.run(all_of_them())
    lines = capfd.readouterr().err.splitlines()
    assert all(line.endswith("; it is tried again for ever") for line in lines), lines
    assert len(lines) == len(LIES), lines


def test_a_broker_that_hangs_is_left_and_said_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(broker, "KEEP_ALIVE", 1)
    tries = asyncio.Semaphore(0)

    async def admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.release()
        writer.write(b"\x20\x02\x00\x00")
        await reader.read()  # all that comes, without an answer
        writer.close()

    async def hanging() -> None:
        async with await asyncio.start_server(admit, "127.0.0.1", 0) as server:
            feed = Feed([NOWHERE])
            port = server.sockets[0].getsockname()[1]
            connection = Mqtt(feed, Asking(feed), MqttSettings(broker="127.0.0.1", port=port))
            for _ in range(3):
                await asyncio.wait_for(tries.acquire(), 20.0)
            await connection.close()

    asyncio.run(hanging())
    (line,) = capfd.readouterr().err.splitlines()
    assert "the connection is lost (keep alive timeout)" in line
