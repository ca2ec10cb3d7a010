"""Hubs that tests start, and what they answer."""

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.end_to_end.programs import EMOTIOND

STARTED = re.compile(rb"the hub is at http://[^/]+:(\d+)/\n")


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Hub:
    """A running hub, on a port of its own unless one is given.

    ``tracer`` begins its command: a tracer, or a program that puts it into another network.
    """

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        *flags: str,
        port: int = 0,
        tracer: Sequence[str] = (),
    ) -> None:
        self.program = subprocess.Popen(
            [*tracer, *EMOTIOND, "hub", "--hub-port", str(port), *flags],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.said = self.complained = b""
        while STARTED.search(self.said) is None:
            assert select.select([self.program.stdout], [], [], 30.0)[0]
            more = os.read(self.program.stdout.fileno(), 65536)
            assert more, self.program.communicate()
            self.said += more
        self.port = int(STARTED.search(self.said)[1])
        self.origin = f"http://127.0.0.1:{self.port}"

    def ask(
        self, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answered:
        """Return the answer to a GET, or to a POST of JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        method = "GET" if body is None else "POST"
        given = {} if body is None else {"Content-Type": "application/json"}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, path, content, {**given, **(headers or {})})
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answered(answer.status, named, answer.read())
        finally:
            connection.close()

    def request(self, request: object, microphone: str = "0") -> Answered:
        """Send a request to a daemon."""
        return self.ask(f"/api/v1/microphones/{microphone}/requests", request)

    def connected(self, microphone: int = 0) -> bool:
        """Say whether a daemon is reached."""
        return bool(self.ask("/api/v1/microphones").json[microphone]["connected"])

    def connections(self, count: int, request: bytes) -> list[socket.socket]:
        """Open connections, each with a request whose answer nobody reads yet."""
        made = [socket.create_connection(("127.0.0.1", self.port), 20) for _ in range(count)]
        for each in made:
            each.sendall(request)
        return made

    def complaints(self) -> list[str]:
        """Return the lines that the hub has said on stderr."""
        while select.select([self.program.stderr], [], [], 0.0)[0]:
            more = os.read(self.program.stderr.fileno(), 65536)
            if not more:
                break
            self.complained += more
        return self.complained.decode().splitlines()

    def kill(self) -> None:
        self.program.kill()
        self.program.communicate()

    def end(self) -> tuple[int, bytes]:
        """End the hub as a service manager does; return its exit code and its errors."""
        if self.program.poll() is None:
            self.program.send_signal(signal.SIGTERM)
        _, errors = self.program.communicate(timeout=10)
        return self.program.returncode, errors


Start = Callable[..., Hub]
