"""MQTT brokers that tests start, and a client that listens to them."""

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.end_to_end.programs import wait_for


def needed(program: str, variable: str) -> str:
    """Return the path of a program; without it skip the test, or fail if a variable is 1."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        reason = f"needs {program}"
        if os.environ.get(variable) == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Mosquitto:
    """A broker in a folder; it keeps its port and its memory over restarts."""

    def __init__(self, folder: Path, *lines: str, address: str = "127.0.0.1") -> None:
        self._program = needed("mosquitto", "EMOTIOND_REQUIRE_MOSQUITTO")
        self.port = free_port()
        self._file = folder / "mosquitto.conf"
        settings = [
            f"listener {self.port} {address}",
            *("persistence true", f"persistence_location {folder}/", "user root"),
            *(lines or ["allow_anonymous true"]),
        ]
        self._file.write_text("\n".join(settings) + "\n")
        self._running: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._running = subprocess.Popen(
            [self._program, "-c", self._file],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._listens, "the broker listens")

    def send_signal(self, number: int) -> None:
        self._running.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> None:
        """End the broker; SIGTERM lets it save its memory."""
        self.send_signal(number)
        self._running.send_signal(signal.SIGCONT)
        self._running.wait(timeout=10)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Got(NamedTuple):
    topic: str
    payload: bytes
    retained: bool

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


class Subscriber:
    """A client that gets all messages, those of its absence included."""

    def __init__(self, port: int) -> None:
        self.got: list[Got] = []
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="subscriber", clean_session=False
        )
        self._client.on_message = lambda _, __, message: self.got.append(
            Got(message.topic, bytes(message.payload), bool(message.retain))
        )
        self._client.on_connect = lambda *_: self._client.subscribe("#", 1)
        subscribed: list[int] = []
        self._client.on_subscribe = lambda *_: subscribed.append(1)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_for(lambda: subscribed, "the subscriber is heard")

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, 1, retain).wait_for_publish(1)

    def payloads(self, topic: str) -> list[bytes]:
        return [each.payload for each in self.got if each.topic == topic]

    def last(self, topic: str) -> bytes | None:
        return (self.payloads(topic) or [None])[-1]

    def end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
