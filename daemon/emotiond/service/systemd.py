"""Tells systemd how the daemon is: ready, stopping, in which state, and that it gets on.

The protocol of sd_notify(3): one datagram of assignments to the socket that NOTIFY_SOCKET names.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable
from typing import Final

PING_SECONDS: Final = 1.0
"""Pings of the watchdog come no closer together: each wakes the service manager."""
SEND_SECONDS: Final = 1.0
"""How long a service manager that reads nothing may hold up the daemon."""


class Notifier:
    """Sends news to the service manager; where there is none, all of it goes nowhere.

    A message that can't be sent is dropped: nothing that can be done about it would be better than
    going on.

    Parameters
    ----------
    address : str or None
        Path of a socket, or an abstract one's name behind ``@``; None is no service manager.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self, address: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._next_ping = -float("inf")
        self._socket: socket.socket | None = None
        if address:
            path = "\0" + address[1:] if address.startswith("@") else address
            with contextlib.suppress(OSError):
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._socket.settimeout(SEND_SECONDS)
                self._socket.connect(path)

    @classmethod
    def of_environment(cls) -> "Notifier":
        """Return the one that systemd asks for, if this is a service of Type=notify."""
        return cls(os.environ.get("NOTIFY_SOCKET"))

    def ready(self) -> None:
        """Say that the start (or a reload) is over."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that settings are read again; :meth:`ready` ends it."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1")

    def status(self, status: str) -> None:
        """Say in a line what ``systemctl status`` is to show."""
        self._send(_status(status))

    def progress(self) -> None:
        """Ping the watchdog; to be called only when something was really done."""
        now = self._clock()
        if now >= self._next_ping:
            self._next_ping = now + PING_SECONDS
            self._send("WATCHDOG=1")

    def _send(self, *assignments: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.send("\n".join(assignments).encode(errors="backslashreplace"))


def _status(text: str) -> str:
    # A line end would begin another assignment.
    return "STATUS=" + " ".join(text.split())
