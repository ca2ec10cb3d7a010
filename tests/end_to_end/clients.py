"""Clients of a hub, which a test makes hang, die and lie: browsers, and Prometheus.

They are connectors, as those of connectors.py.
"""

import contextlib
import json
import random
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from tests.end_to_end.connectors import LIES
from tests.end_to_end.hubs import Hub
from tests.end_to_end.prometheus import Prometheus

EVENTS = b"GET /api/v1/microphones/0/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Browsers:
    """A browser that works all the time, and others beside it that do not."""

    subject: ClassVar = None

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._got: set[str] = set()
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        with self._hub.connections(1, EVENTS)[0].makefile("rb") as stream:
            for line in stream:
                event = json.loads(line[6:]) if line.startswith(b"data: ") else {}
                if event.get("type") == "utterance":
                    self._got.add(event["id"])

    @contextlib.contextmanager
    def hangs(self) -> Iterator[None]:
        begun = (EVENTS, EVENTS[:40], b"")
        made = [each for request in begun for each in self._hub.connections(10, request)]
        yield
        for each in made:
            each.close()

    @contextlib.contextmanager
    def dies(self) -> Iterator[None]:
        def leave() -> None:
            for each in self._hub.connections(5, EVENTS):
                reset(each)

        with again_and_again(leave):
            yield

    @contextlib.contextmanager
    def lies(self) -> Iterator[None]:
        chance = random.Random(7)  # noqa: S311
        requests = [*LIES, {"request": "shutdown"}, {"request": "undo"}]
        requests += [{"request": kind, "label": "a\nb"} for kind in ("correct", "teach")]

        def lie() -> None:
            for each in self._hub.connections(5, chance.randbytes(chance.randrange(20_000))):
                each.close()
            for request in requests:
                assert self._hub.request(request).status in (409, 422), request
            assert self._hub.ask("/", headers={"Host": "evil.example"}).status == 403

        with again_and_again(lie):
            yield

    def got(self) -> set[str]:
        return set(self._got)


class Scraper:
    """A real Prometheus, and other programs that scrape beside it."""

    subject: ClassVar = None

    def __init__(self, folder: Path, hub: Hub) -> None:
        self._folder = folder
        self._hub = hub
        self._prometheus = Prometheus(folder, hub.port)

    @contextlib.contextmanager
    def hangs(self) -> Iterator[None]:
        self._prometheus.program.send_signal(signal.SIGSTOP)
        made = self._hub.connections(4, 1000 * METRICS)  # more answers than a socket takes unread
        yield
        for each in made:
            each.close()
        self._prometheus.program.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def dies(self) -> Iterator[None]:
        def leave() -> None:
            for each in self._hub.connections(2, METRICS):
                reset(each)

        self._prometheus.kill()
        with again_and_again(leave):
            yield
        self._prometheus = Prometheus(self._folder, self._hub.port)

    @contextlib.contextmanager
    def lies(self) -> Iterator[None]:
        def lie() -> None:
            for begun in (b"POST /metrics", b"GET /metrics?" + b"x" * 9000, b"\x16\x03\x01"):
                self._hub.connections(1, begun + METRICS[12:])[0].close()

        with again_and_again(lie):
            yield

    def counted(self) -> float | None:
        """Return the number of utterances that Prometheus knows of."""
        return self._prometheus.value("sum(emotiond_utterances_total)")

    def end(self) -> None:
        self._prometheus.kill()


def reset(connection: socket.socket) -> None:
    """Close a connection at once, without a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def again_and_again(act: Callable[[], None]) -> Iterator[None]:
    """Do something in a thread, a few times a second; the hub may end connections meanwhile."""
    end = threading.Event()
    failures: list[AssertionError] = []

    def repeat() -> None:
        while not end.wait(0.3):
            try:
                act()
            except OSError:
                pass
            except AssertionError as error:
                failures.append(error)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
    assert failures == []
