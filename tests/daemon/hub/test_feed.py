"""The feed: clients get all messages of the daemons in order; slow and too many ones get none."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from emotiond.hub import feed as feeds
from emotiond.hub.feed import GONE, MOST_CLIENTS, MOST_WAITING, Feed
from tests.daemon.hub.records import HELLO, meter, prediction, status, utterance


class Daemon:
    """A live socket on which a test says what it likes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Daemon":
        self._server = await asyncio.start_unix_server(self._admit, self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        self.path.unlink(missing_ok=True)

    async def _admit(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(msgspec.json.encode(HELLO) + b"\n")

    async def say(self, *messages: object) -> None:
        for each in messages:
            line = each if isinstance(each, bytes) else msgspec.json.encode(each)
            for writer in self._writers:
                writer.write(line + b"\n")
                await writer.drain()


async def next_event(events: AsyncIterator[bytes]) -> dict[str, Any]:
    """Return the next event, but for meter readings that the test did not ask for."""
    event = await asyncio.wait_for(anext(events), 5.0)
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    found: dict[str, Any] = json.loads(event.removeprefix(b"data: "))
    return found


async def of_new_client(feed: Feed) -> AsyncIterator[bytes]:
    """Yield the events of a client that comes now."""
    with feed.client(feed.microphones[0]) as client:
        assert client is not None
        async for event in client.events():
            yield event


async def until(events: AsyncIterator[bytes], kind: str) -> dict[str, Any]:
    while (event := await next_event(events))["type"] != kind:
        pass
    return event


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that runs a test beside a feed that follows one daemon."""
    monkeypatch.setattr(feeds, "RETRY_SECONDS", 0.01)
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short

    def run(test: Callable[[Feed, Daemon], Awaitable[None]]) -> None:
        async def beside() -> None:
            feed = Feed([[Path("nowhere"), Path("live.sock")]])
            following = asyncio.create_task(feed.follow())
            await test(feed, Daemon(Path("live.sock")))
            following.cancel()

        asyncio.run(beside())

    return run


async def connected(feed: Feed) -> None:
    while not feed.microphones[0].connected:
        await asyncio.sleep(0.005)


def test_a_client_gets_a_snapshot_and_then_every_message_in_order(followed: Any) -> None:
    async def test(feed: Feed, daemon: Daemon) -> None:
        async with daemon:
            await connected(feed)
            await daemon.say(meter(0.5), utterance("a"))
            while not feed.microphones[0].snapshot().utterances:
                await asyncio.sleep(0.005)
            events = of_new_client(feed)
            snapshot = await next_event(events)
            assert (snapshot["type"], snapshot["connected"]) == ("snapshot", True)
            assert [each["id"] for each in snapshot["utterances"]] == ["a"]
            said = [meter(1.0), prediction(), utterance("b"), status("microphone_lost")]
            await daemon.say(b"no record", b"[" * 5000, *said)
            got = [await next_event(events) for _ in range(5)]
            assert got[:4] == [json.loads(msgspec.json.encode(each)) for each in said]
            assert got[4]["type"] == "condition"
            assert [each["event"] for each in got[4]["troubles"]] == ["microphone_lost"]
            assert feed.socket_of(feed.microphones[0]) == Path("live.sock")

    followed(test)


def test_a_daemon_that_goes_is_reported_and_followed_again_when_it_is_back(followed: Any) -> None:
    async def test(feed: Feed, daemon: Daemon) -> None:
        async with daemon:
            await connected(feed)
            events = of_new_client(feed)
            await next_event(events)
        lost = await until(events, "status")
        assert (lost["event"], lost["source"]) == ("service_lost", "kitchen")
        condition = await until(events, "condition")
        assert (condition["connected"], condition["problem"]) == (False, GONE)
        async with daemon:
            assert (await until(events, "hello"))["source"] == "kitchen"
            condition = await until(events, "condition")
            assert (condition["connected"], condition["problem"]) == (True, None)

    followed(test)


def test_a_part_of_the_hub_gets_every_message_and_that_a_daemon_has_gone(followed: Any) -> None:
    async def test(feed: Feed, daemon: Daemon) -> None:
        heard: list[object] = []
        feed.listen(lambda microphone, message: heard.append((microphone.connected, message)))
        async with daemon:
            await connected(feed)
            await daemon.say(meter(0.5), b"no record", utterance("a"))
            while len(heard) < 3:
                await asyncio.sleep(0.005)
        while len(heard) < 4:
            await asyncio.sleep(0.005)
        assert heard[:3] == [(True, HELLO), (True, meter(0.5)), (True, utterance("a"))]
        still, last = heard[3]
        assert (still, last.event) == (False, "service_lost")

    followed(test)


def test_a_client_that_does_not_keep_up_is_dropped_and_the_others_miss_nothing(
    followed: Any,
) -> None:
    async def test(feed: Feed, daemon: Daemon) -> None:
        async with daemon:
            await connected(feed)
            slow, quick = (of_new_client(feed) for _ in range(2))
            await next_event(slow)
            await next_event(quick)
            for number in range(MOST_WAITING + 1):
                await daemon.say(meter(number))
                assert (await next_event(quick))["seconds"] == number
            with pytest.raises(StopAsyncIteration):
                await anext(slow)
            await daemon.say(utterance("a"))
            assert (await next_event(quick))["id"] == "a"

    followed(test)


def test_there_are_never_too_many_clients_and_one_that_leaves_makes_room(followed: Any) -> None:
    async def test(feed: Feed, _: Daemon) -> None:
        streams = [of_new_client(feed) for _ in range(MOST_CLIENTS)]
        for each in streams:
            await next_event(each)
        with feed.client(feed.microphones[0]) as client:
            assert client is None
        await streams.pop().aclose()
        with feed.client(feed.microphones[0]) as client:
            assert client is not None
        feed.end()
        for each in streams:
            with pytest.raises(StopAsyncIteration):
                await anext(each)
        with feed.client(feed.microphones[0]) as client:
            assert client is None

    followed(test)


def test_in_a_long_pause_there_is_a_beat(followed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "BEAT_SECONDS", 0.01)

    async def test(feed: Feed, _: Daemon) -> None:
        events = of_new_client(feed)
        await next_event(events)
        assert await anext(events) == b":\n\n"

    followed(test)


@pytest.mark.parametrize("greeting", [b"x" * 2_000_000, b"SSH-2.0\n{}\n", b""])
def test_another_program_on_the_socket_is_no_daemon(
    followed: Any, tmp_path: Path, greeting: bytes
) -> None:
    async def test(feed: Feed, _: Daemon) -> None:
        tried = asyncio.Event()

        async def admit(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(greeting)
            writer.close()
            tried.set()

        async with await asyncio.start_unix_server(admit, "live.sock"):
            for _ in range(2):
                await asyncio.wait_for(tried.wait(), 5.0)
                tried.clear()
        assert not feed.microphones[0].connected

    followed(test)
