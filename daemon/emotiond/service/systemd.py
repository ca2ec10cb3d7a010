"""Messages to systemd: ready, stopping, status, and watchdog pings.

Protocol: sd_notify(3), one datagram of assignments to the socket that NOTIFY_SOCKET names.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable
from typing import Final

PING_SECONDS: Final = 1.0
"""Shortest time between two watchdog pings (s); each wakes the service manager."""
SEND_SECONDS: Final = 1.0
"""Longest time that a service manager which reads nothing may hold up the daemon (s)."""


class Notifier:
    """Sends messages to the service manager, if there is one.

    A message that can't be sent is dropped: the daemon goes on.

    Parameters
    ----------
    address : str or None
        Path of a socket, or ``@`` and the name of an abstract one; None if there is no service
        manager.
    clock : callable
        Clock in monotonic seconds.
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
        """Return the notifier of the socket that systemd names for a service of Type=notify."""
        return cls(os.environ.get("NOTIFY_SOCKET"))

    def ready(self) -> None:
        """Report that the start, or a reload, is over."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Report that a reload has begun; :meth:`ready` ends it."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """Report that the daemon is ending."""
        self._send("STOPPING=1")

    def status(self, status: str) -> None:
        """Set the line that ``systemctl status`` shows."""
        self._send(_status(status))

    def progress(self) -> None:
        """Ping the watchdog. Call it only after real progress."""
        now = self._clock()
        if now >= self._next_ping:
            self._next_ping = now + PING_SECONDS
            self._send("WATCHDOG=1")

    def _send(self, *assignments: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.send("\n".join(assignments).encode(errors="backslashreplace"))


def _status(text: str) -> str:
    # A line break would begin another assignment.
    return "STATUS=" + " ".join(text.split())
