"""What a hub reaches of itself, which a test makes hang, die and lie: a broker, and hooks.

Each connector has three faults, context managers in which it is broken. Where the hub says a fault,
its lines begin with the connector's ``subject``.
"""

import contextlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from tests.daemon.hub.addresses import Address, Stranger
from tests.end_to_end.brokers import Mosquitto, Subscriber
from tests.end_to_end.programs import script

ROOT = "emotiond/house/kitchen"
LIES = (
    *(b"", b"{", b"\xff", b"[" * 5000, b'{"label": 1}', b'{"label": "angry", "by": "me"}'),
    b'{"label": "sad", "utterance": "of yesterday"}',
)
"""Payloads that are no correction, and at last one of an utterance that is not there."""
SETTINGS = """
[hub]
metrics = true

[hub.mqtt]
broker = "localhost"
port = {port}
node = "house"
corrections = true

[[hooks]]
on = "utterance"
every = 2.0
timeout = 1.0
command = ["{command}"]

[[hooks]]
on = "utterance"
every = 2.0
timeout = 1.0
url = "{url}"
"""


class Connector(Protocol):
    subject: str | None
    """Beginning of the hub's lines about it; None: its faults are no concern of the hub's user."""

    def hangs(self) -> contextlib.AbstractContextManager[None]: ...
    def dies(self) -> contextlib.AbstractContextManager[None]: ...
    def lies(self) -> contextlib.AbstractContextManager[None]: ...


class Broker:
    """A real broker; in place of it a program that welcomes clients and then sends rubbish."""

    subject: ClassVar = "the MQTT broker"

    def __init__(self, folder: Path) -> None:
        self._broker = Mosquitto(folder)
        self.port = self._broker.port
        self._subscriber = Subscriber(self.port)

    @contextlib.contextmanager
    def hangs(self) -> Iterator[None]:
        self._broker.send_signal(signal.SIGSTOP)
        yield
        self._broker.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def dies(self) -> Iterator[None]:
        self._broker.end(signal.SIGKILL)
        yield
        self._broker.start()

    @contextlib.contextmanager
    def lies(self) -> Iterator[None]:
        for each in 3 * LIES:
            self._subscriber.send(f"{ROOT}/correct", each)
        self._broker.end()
        stranger = Stranger(b"\x20\x02\x00\x00\x30\x02", self.port)
        yield
        stranger.close()
        self._broker.start()

    def got(self) -> set[str]:
        """Return the ids of the utterances that it was told; so do the others."""
        payloads = self._subscriber.payloads(f"{ROOT}/utterance")
        return {json.loads(each)["id"] for each in payloads}

    def end(self) -> None:
        self._subscriber.end()
        self._broker.end(signal.SIGKILL)


class Program:
    """The program of a hook."""

    subject: ClassVar = "hook 1"

    def __init__(self, folder: Path) -> None:
        self._fault = folder / "fault"
        self._out = folder / "out"
        self.path = script(
            folder / "lamp",
            "import os, sys, time\n"
            f"fault = open({str(self._fault)!r}).read()\n"
            "if fault == 'hangs': time.sleep(3600)\n"
            "if fault == 'dies': os.kill(os.getpid(), 9)\n"
            "while fault == 'lies': [os.write(each, b'flood' * 9999) for each in (1, 2)]\n"
            f"open({str(self._out)!r}, 'a').write(sys.stdin.read())",
        )
        self._fault.touch()

    @contextlib.contextmanager
    def _is(self, fault: str) -> Iterator[None]:
        self._fault.write_text(fault)
        yield
        self._fault.write_text("")

    def hangs(self) -> contextlib.AbstractContextManager[None]:
        return self._is("hangs")

    def dies(self) -> contextlib.AbstractContextManager[None]:
        return self._is("dies")

    def lies(self) -> contextlib.AbstractContextManager[None]:
        return self._is("lies")

    def got(self) -> set[str]:
        lines = self._out.read_text().splitlines() if self._out.exists() else []
        return {json.loads(each)["id"] for each in lines}


class Webhook:
    """The address of a hook."""

    subject: ClassVar = "hook 2"

    def __init__(self) -> None:
        self._address = Address()
        self._got: set[str] = set()
        self.url = self._address.url

    def _away(self) -> None:
        self._got = self.got()
        self._address.close()

    def _back(self) -> None:
        self._address = Address(port=self._address.port)

    @contextlib.contextmanager
    def _is(self, answer: bytes | None) -> Iterator[None]:
        self._away()
        stranger = Stranger(answer, self._address.port)
        yield
        stranger.close()
        self._back()

    def hangs(self) -> contextlib.AbstractContextManager[None]:
        return self._is(None)

    @contextlib.contextmanager
    def dies(self) -> Iterator[None]:
        self._away()
        yield
        self._back()

    def lies(self) -> contextlib.AbstractContextManager[None]:
        return self._is(b"SSH-2.0\r\n\r\n")

    def got(self) -> set[str]:
        return self._got | {json.loads(body)["id"] for _, _, body in self._address.got}

    def end(self) -> None:
        self._address.close()


class Reached(NamedTuple):
    """What a hub reaches of itself."""

    broker: Broker
    program: Program
    address: Webhook

    def settings(self) -> str:
        """Return the part of a settings file that names them."""
        return SETTINGS.format(
            port=self.broker.port, command=self.program.path, url=self.address.url
        )
