"""The feed: follows the live sockets of daemons, and hands their messages on to many clients.

All of it runs in one thread, that of the event loop. A client that does not keep up is dropped; no
client is waited for.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from emotiond.errors import reason
from emotiond.hub.microphone import Condition, Microphone, Snapshot
from emotiond.record import Hello, Status, stamp, utc_now
from emotiond.sinks.client import LONGEST_LINE, Message, message_of

RETRY_SECONDS: Final = 1.0
"""Pause between two attempts to reach a daemon (s)."""
MOST_CLIENTS: Final = 32
"""Clients at a time; more are turned away."""
MOST_WAITING: Final = 300
"""Events that may wait for a client; one that has more is dropped."""
BEAT_SECONDS: Final = 15.0
"""Longest pause in a stream of events (s): a client that has gone is found out by then."""
BEAT: Final = b":\n\n"
GONE: Final = "the daemon has gone; waiting for it to start again"

Listener = Callable[[Microphone, Message], None]
"""Takes each message of a daemon, after its microphone has; never waits."""

_encoder: Final = msgspec.json.Encoder()


class Client:
    """Events that wait for one client."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING)

    @property
    def waiting(self) -> int:
        """Events that wait."""
        return self._waiting.qsize()

    def put(self, event: bytes) -> bool:
        """Add an event; say whether there was room for it. Without room the client is dropped."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            self.end()
            return False
        return True

    def end(self) -> None:
        """End the stream of events at once, without those that wait."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    async def events(self) -> AsyncIterator[bytes]:
        """Yield events, and beats in long pauses, until the end."""
        while True:
            try:
                event = await asyncio.wait_for(self._waiting.get(), BEAT_SECONDS)
            except TimeoutError:
                event = BEAT
            if event is None:
                return
            yield event


class Feed:
    """Follows daemons.

    Parameters
    ----------
    followed : sequence of sequence of Path
        For each microphone, the live sockets that its daemon may have.

    Attributes
    ----------
    microphones : tuple of Microphone
        The state of each.
    """

    def __init__(self, followed: Sequence[Sequence[Path]]) -> None:
        self.microphones = tuple(Microphone(number) for number in range(len(followed)))
        self._followed = followed
        self._sockets = [paths[0] for paths in followed]
        self._clients: dict[Client, Microphone] = {}
        self._listeners: list[Listener] = []
        self._ended = False

    @property
    def waiting(self) -> int:
        """Events that wait for all clients."""
        return sum(each.waiting for each in self._clients)

    def listen(self, listener: Listener) -> None:
        """Give a part of the hub every message, and ``service_lost`` when a daemon has gone."""
        self._listeners.append(listener)

    def socket_of(self, microphone: Microphone) -> Path:
        """Return the live socket of a microphone's daemon: the one that was reached last."""
        return self._sockets[int(microphone.id)]

    async def follow(self) -> None:
        """Follow all daemons, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for microphone in self.microphones:
                tasks.create_task(self._follow(microphone))

    @contextlib.contextmanager
    def client(self, microphone: Microphone) -> Iterator[Client | None]:
        """Yield a new client of a microphone, for which a snapshot waits; None if there are many.

        Parameters
        ----------
        microphone : Microphone
            Whose messages the client gets.
        """
        if self._ended or len(self._clients) >= MOST_CLIENTS:
            yield None
            return
        client = Client()
        client.put(_event(microphone.snapshot()))
        self._clients[client] = microphone
        try:
            yield client
        finally:
            self._clients.pop(client, None)

    def end(self) -> None:
        """End the streams of all clients, for good."""
        self._ended = True
        for client in self._clients:
            client.end()

    async def _follow(self, microphone: Microphone) -> None:
        while True:
            try:
                reader, writer = await self._connect(microphone)
            except OSError as error:
                if not microphone.connected:
                    microphone.problem = f"no daemon is reached: {reason(error)}"
            else:
                try:
                    await self._listen(microphone, reader)
                finally:
                    writer.close()
            if microphone.connected:
                microphone.lose(GONE)
                self._report(microphone)
            await asyncio.sleep(RETRY_SECONDS)

    async def _connect(
        self, microphone: Microphone
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first socket where a daemon listens.

        Raises OSError if there is none: the one of a daemon that may not be reached, if possible.
        """
        problem = OSError("no socket is named")
        for path in self._followed[int(microphone.id)]:
            try:
                streams = await asyncio.open_unix_connection(path, limit=LONGEST_LINE)
            except OSError as error:
                if not isinstance(problem, PermissionError):
                    problem = error
            else:
                self._sockets[int(microphone.id)] = path
                return streams
        raise problem

    async def _listen(self, microphone: Microphone, reader: asyncio.StreamReader) -> None:
        """Take the messages of a daemon until it closes the connection."""
        greeted = False
        with contextlib.suppress(OSError, ValueError):  # it broke, or a line is too long
            while line := await reader.readline():
                message = message_of(line)
                greeted = greeted or isinstance(message, Hello)
                if message is not None and greeted:
                    self._publish(microphone, message)

    def _publish(self, microphone: Microphone, message: Message) -> None:
        microphone.take(message)
        for listener in self._listeners:
            listener(microphone, message)
        self._send(microphone, message)
        if isinstance(message, Hello | Status):
            self._send(microphone, microphone.condition())

    def _report(self, microphone: Microphone) -> None:
        """Tell the clients that a daemon has gone, as a viewer does; nothing is logged."""
        hello = microphone.hello
        if hello is not None:
            lost = Status(model=hello.model, event="service_lost", message=GONE)
            self._publish(microphone, stamp(lost, utc_now(), source=hello.source))

    def _send(self, microphone: Microphone, message: Message | Condition) -> None:
        clients = [each for each, its in self._clients.items() if its is microphone]
        if clients:
            event = _event(message)
            for client in clients:
                if not client.put(event):
                    del self._clients[client]


def _event(message: Message | Snapshot | Condition) -> bytes:
    """Return a message as a server-sent event."""
    return b"data: " + _encoder.encode(message) + b"\n\n"
