"""The hub's server: follows daemons and answers clients until a signal comes."""

import asyncio
import contextlib
import errno
import ipaddress
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import uvicorn

from emotiond.errors import EmotiondError, InputError, reason
from emotiond.hub.asking import Asking
from emotiond.hub.connections import MOST, Connection
from emotiond.hub.feed import Feed
from emotiond.hub.guard import LONGEST_HEAD
from emotiond.hub.hooks import Hooks
from emotiond.hub.metrics import Metrics
from emotiond.hub.mqtt import Mqtt
from emotiond.hub.token import token_of
from emotiond.hub.web import application
from emotiond.service.systemd import Notifier
from emotiond.settings import Settings
from emotiond.sinks.places import followed
from emotiond.streams import complain

END_SECONDS: Final = 1
"""Longest time that answers may take once a signal has come (s)."""
BACKLOG: Final = 64
EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""Errors of a machine, or a program, that can open no more."""


def serve(settings: Settings) -> None:
    """Run the hub until SIGINT or SIGTERM.

    Raises
    ------
    InputError
        If the address is none of this machine, or the token's file or a setting of MQTT can't be
        used.
    EmotiondError
        If the address can't be listened at, or the token can't be kept.
    """
    hub = settings.hub
    sockets = [[path] for path in hub.socket_paths] or followed(settings.live)
    token, new = token_of(hub.token_path) if hub.needs_token else (None, False)
    with _listening(hub.address, hub.port) as listening:
        link = _link(listening, hub.address)

        def announce() -> None:
            print(f"the hub is at {link}", flush=True)
            if new and sys.stdout.isatty():
                print(f"open it once with its token: {link}?token={token}", flush=True)
            elif token is not None:
                print(f"open {link}?token=... once, with the token of {hub.token_path}", flush=True)
            notifier = Notifier.of_environment()
            notifier.status(f"at {link}")
            notifier.ready()

        asyncio.run(_serve(Feed(sockets), settings, token, listening, announce))


async def _serve(
    feed: Feed,
    settings: Settings,
    token: str | None,
    listening: socket.socket,
    announce: Callable[[], None],
) -> None:
    asyncio.get_running_loop().set_exception_handler(Exhaustion(complain))
    asking = Asking(feed)
    mqtt = Mqtt(feed, asking, settings.hub.mqtt) if settings.hub.mqtt.broker else None
    metrics = Metrics(feed, mqtt) if settings.hub.metrics else None
    hooks = Hooks(settings.hooks, complain)
    feed.listen(hooks.take)
    config = uvicorn.Config(
        application(feed, asking, settings, token, metrics),
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,  # a link has the token
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST,
        h11_max_incomplete_event_size=LONGEST_HEAD,
        timeout_graceful_shutdown=END_SECONDS,
    )
    server = _Server(config, feed)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn has its own handlers while it serves, and raises the signals again at its end.
        signal.signal(number, server.handle_exit)
    announce()
    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(each) for each in (feed.follow(), hooks.run())]
        await server.serve(sockets=[listening])
        for task in beside:
            task.cancel()
    if mqtt is not None:
        await mqtt.close()


class Exhaustion:
    """Handles errors of the event loop; says once that there are too many clients to accept.

    While no descriptor is free, asyncio reports thousands of attempts a second.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said = False

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report an error of the event loop, which calls this."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in EXHAUSTED:
            loop.default_exception_handler(context)
        elif not self._said:
            self._said = True
            self._say(f"clients have to wait: {reason(error)}; too many ask at a time")


class _Server(uvicorn.Server):
    """A server that ends the streams of events as soon as a signal comes."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        super().handle_exit(sig, frame)
        self._loop.call_soon_threadsafe(self._feed.end)


def _listening(address: str, port: int) -> socket.socket:
    """Return a socket that listens at an address of this machine."""
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"{address} is no address; name one of this machine with --hub-address"
        ) from error
    family, _, _, _, place = found[0]
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise EmotiondError(
            f"the hub can't listen at {address}, port {port}: {reason(error)}; choose others with "
            "--hub-address and --hub-port"
        ) from error
    return listening


def _link(listening: socket.socket, address: str) -> str:
    """Return the link to the hub; the machine's name stands for all its addresses."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(address).is_unspecified:
            address = socket.gethostname()
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{listening.getsockname()[1]}/"
