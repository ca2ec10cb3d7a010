"""Machines for tests: each is a network namespace of its own, at a cable that can be pulled."""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

NEW_NETWORK = 0x4000_0000
"""CLONE_NEWNET of Linux."""
HERE = "198.51.100.1"
"""Address of the test itself; the addresses are of a network that is kept for documentation."""


def ip(*arguments: str) -> None:
    """Run ip; it needs root."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Machine:
    """A network namespace at the bridge of :func:`bridged`, with an address of its own.

    Attributes
    ----------
    inside : tuple of str
        Begins a command that runs on the machine.
    """

    def __init__(self, number: int) -> None:
        self.address = f"198.51.100.{number + 2}"
        self._name = f"emotiond-{os.getpid()}-{number}"
        self._cable = f"cable{number}"
        self.inside = ("ip", "netns", "exec", self._name)
        ip("netns", "add", self._name)
        try:
            ip("link", "add", self._cable, "type", "veth", "peer", "eth0", "netns", self._name)
            ip("link", "set", self._cable, "master", "house")
            ip("-n", self._name, "address", "add", f"{self.address}/24", "dev", "eth0")
            for each in ("lo", "eth0"):
                ip("-n", self._name, "link", "set", each, "up")
            self.plug()
        except BaseException:
            self.end()
            raise

    def plug(self) -> None:
        ip("link", "set", self._cable, "up")

    def pull(self) -> None:
        """Pull the cable: nothing arrives any more, and nobody is told."""
        ip("link", "set", self._cable, "down")

    def end(self) -> None:
        ip("netns", "delete", self._name)


@contextlib.contextmanager
def bridged(count: int) -> Iterator[list[Machine]]:
    """Yield machines at one bridge, at which the test is, too, with all that it starts.

    Raises PermissionError without the right to make networks.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as before, contextlib.ExitStack() as stack:
        if libc.unshare(NEW_NETWORK):
            raise PermissionError(ctypes.get_errno(), "no network of its own")
        stack.callback(libc.setns, before.fileno(), NEW_NETWORK)
        ip("link", "add", "house", "type", "bridge")
        ip("address", "add", f"{HERE}/24", "dev", "house")
        for each in ("lo", "house"):
            ip("link", "set", each, "up")
        machines = []
        for number in range(count):
            machines.append(Machine(number))
            stack.callback(machines[-1].end)
        yield machines
