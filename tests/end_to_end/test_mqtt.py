"""MQTT with a real broker: Home Assistant is told all, and a broker that fails changes nothing."""

import contextlib
import json
import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emotiond.record import Correction, Utterance
from tests.daemon.logs import so_far
from tests.end_to_end.brokers import Mosquitto, Subscriber
from tests.end_to_end.hubs import Hub
from tests.end_to_end.programs import Programs, wait_for

ROOT = "emotiond/house"
KITCHEN = f"{ROOT}/kitchen"
DISCOVERY = "homeassistant/device/emotiond_house_kitchen/config"

Start = Callable[..., Mosquitto]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a broker."""
    started: list[Mosquitto] = []

    def start(*lines: str) -> Mosquitto:
        started.append(Mosquitto(tmp_path, *lines))
        return started[-1]

    yield start
    for each in started:
        with contextlib.suppress(ProcessLookupError):
            each.end(signal.SIGKILL)


@pytest.fixture
def hub(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Hub]]:
    """Return a function that starts a hub with MQTT."""
    started: list[Hub] = []

    def start(port: int, *flags: str) -> Hub:
        mqtt = ("--hub-mqtt-broker", "localhost", "--hub-mqtt-port", str(port))
        started.append(Hub(tmp_path, environment, *mqtt, "--hub-mqtt-node", "house", *flags))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def subscriber() -> Iterator[Callable[[int], Subscriber]]:
    """Return a function that makes a subscriber."""
    made: list[Subscriber] = []

    def make(port: int) -> Subscriber:
        made.append(Subscriber(port))
        return made[-1]

    yield make
    for each in made:
        each.end()


def said(hub: Hub, words: str) -> bytes:
    """Read what a hub says on stderr until it has said a line with some words."""
    found = b""
    while words.encode() not in found or not found.endswith(b"\n"):
        assert select.select([hub.program.stderr], [], [], 30.0)[0], found
        found += os.read(hub.program.stderr.fileno(), 65536)
    return found


def utterances(programs: Programs) -> dict[str, Utterance]:
    return {each.id: each for each in so_far(programs.logs) if isinstance(each, Utterance)}


def heard_ids(subscriber: Subscriber) -> list[str]:
    return [json.loads(each)["id"] for each in subscriber.payloads(f"{KITCHEN}/utterance")]


def test_home_assistant_is_told_what_a_daemon_hears_and_corrects_it(
    programs: Programs,
    broker: Start,
    hub: Callable[..., Hub],
    subscriber: Callable[[int], Subscriber],
    embedding_path: Path,
) -> None:
    found = broker()
    other = subscriber(found.port)
    other.send(f"{ROOT}/attic/availability", b"online", retain=True)  # by a hub that was killed
    other.send(f"{KITCHEN}/correct", b'{"label": "sad"}', retain=True)
    daemon = programs.daemon("--model", str(embedding_path), "--name", "kitchen")
    running = hub(found.port, "--hub-mqtt-corrections")
    wait_for(lambda: heard_ids(other), "an utterance arrives")
    first = json.loads(other.payloads(f"{KITCHEN}/utterance")[0])
    record = utterances(programs)[first["id"]]
    assert first["event_type"] == (record.label or "uncertain")
    assert first["confidence"] == record.confidence
    wait_for(lambda: other.last(f"{ROOT}/attic/availability") == b"offline", "the attic is gone")
    assert other.last(f"{ROOT}/availability") == b"online"
    assert other.last(f"{KITCHEN}/availability") == b"online"
    states = [json.loads(each) for each in other.payloads(f"{KITCHEN}/state")]
    assert {each["speech"] for each in states} == {"ON", "OFF"}
    document = json.loads(other.last(DISCOVERY))
    assert {each["emotion"] for each in states} <= {*document["components"]["emotion"]["options"]}
    (button,) = [
        each for each in document["components"].values() if each["name"] == "That was angry"
    ]

    for lie in (b"", b"{", b"[" * 5000, b'{"label": 1}', b"\xff", b"x" * 100_000, b"{}"):
        other.send(f"{KITCHEN}/correct", lie)
    other.send(button["command_topic"], button["payload_press"].encode())
    wait_for(
        lambda: [each for each in so_far(programs.logs) if isinstance(each, Correction)],
        "the correction is logged",
    )
    (correction,) = [each for each in so_far(programs.logs) if isinstance(each, Correction)]
    assert (correction.label, correction.by) == ("angry", "mqtt")
    other.send(f"{KITCHEN}/correct", b'{"label": "angy"}')
    errors = said(running, "did you mean angry?")
    assert errors.count(b"a payload is none") == 1

    count = len(other.payloads(DISCOVERY))
    other.send("homeassistant/status", b"online")
    wait_for(lambda: len(other.payloads(DISCOVERY)) == count + 1, "the birth is honoured")

    daemon.kill()
    wait_for(lambda: other.last(f"{KITCHEN}/availability") == b"offline", "the daemon is gone")
    assert running.end()[0] == 0
    wait_for(lambda: other.last(f"{ROOT}/availability") == b"offline", "the hub is gone")


def test_a_hub_that_is_killed_is_said_to_be_away_by_the_broker(
    broker: Start, hub: Callable[..., Hub], subscriber: Callable[[int], Subscriber]
) -> None:
    found = broker()
    other = subscriber(found.port)
    running = hub(found.port)
    wait_for(lambda: other.last(f"{ROOT}/availability") == b"online", "the hub is there")
    running.kill()
    wait_for(lambda: other.last(f"{ROOT}/availability") == b"offline", "the will is carried out")


def test_utterances_outlive_a_broker_that_is_away_and_its_faults_are_said_once(
    programs: Programs,
    broker: Start,
    hub: Callable[..., Hub],
    subscriber: Callable[[int], Subscriber],
) -> None:
    found = broker()
    other = subscriber(found.port)
    running = hub(found.port, "--hub-metrics")
    wait_for(lambda: other.last(f"{ROOT}/availability") == b"online", "the hub is there")
    programs.daemon("--name", "kitchen")
    wait_for(lambda: heard_ids(other), "an utterance arrives")
    errors = b""
    for number in (signal.SIGTERM, signal.SIGKILL):
        before = len(utterances(programs))
        found.end(number)
        wait_for(lambda n=before: len(utterances(programs)) > n, "somebody speaks")
        assert running.connected()
        found.start()
        wait_for(
            lambda: set(utterances(programs)) <= set(heard_ids(other)), "all utterances arrive"
        )
        errors += said(running, "connected again")
        wait_for(
            lambda: b'queue_messages{queue="mqtt"} 0.0' in running.ask("/metrics").body,
            "all utterances are confirmed",
        )
    assert running.end() == (0, b"")
    lines = errors.decode().splitlines()
    assert [line.partition("(")[0].split(": ")[-1] for line in lines] == [
        *("the connection is lost ", "connected again"),
        *("the connection is lost ", "connected again"),
    ], lines


def test_a_broker_that_hangs_holds_up_neither_the_hub_nor_its_end(
    programs: Programs,
    broker: Start,
    hub: Callable[..., Hub],
    subscriber: Callable[[int], Subscriber],
) -> None:
    found = broker()
    other = subscriber(found.port)
    programs.daemon("--name", "kitchen")
    running = hub(found.port)
    wait_for(lambda: heard_ids(other), "an utterance arrives")
    found.send_signal(signal.SIGSTOP)
    before = len(running.ask("/api/v1/microphones/0").json["utterances"])
    wait_for(
        lambda: len(running.ask("/api/v1/microphones/0").json["utterances"]) > before,
        "the hub goes on",
    )
    assert running.end() == (0, b"")  # within ten seconds


def test_a_login_that_is_refused_is_said_once_and_tried_until_it_works(
    tmp_path: Path, broker: Start, hub: Callable[..., Hub]
) -> None:
    passwords = tmp_path / "passwords"
    enter = ("mosquitto_passwd", "-b")
    subprocess.run([*enter, "-c", passwords, "emotiond", "right"], check=True, capture_output=True)
    found = broker("allow_anonymous false", f"password_file {passwords}")
    mine = tmp_path / "password"
    mine.write_text("wrong\n")
    mine.chmod(0o600)
    running = hub(found.port, "--hub-mqtt-user", "emotiond", "--hub-mqtt-password-file", str(mine))
    said(running, "it refuses the login (not authorized); it is tried again for ever")
    subprocess.run([*enter, passwords, "emotiond", "wrong"], check=True, capture_output=True)
    found.send_signal(signal.SIGHUP)
    lines = said(running, "connected again").splitlines()
    assert len(lines) == 1, lines


def test_with_tls_only_a_broker_is_trusted_whose_certificate_is(
    tmp_path: Path, broker: Start, hub: Callable[..., Hub]
) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    found = broker(
        "allow_anonymous true",
        f"certfile {tmp_path / 'cert.pem'}",
        f"keyfile {tmp_path / 'key.pem'}",
    )
    distrustful = hub(found.port, "--hub-mqtt-tls")
    trusting = hub(found.port, "--hub-mqtt-tls", "--hub-mqtt-ca-file", "cert.pem", "--hub-metrics")
    said(distrustful, "its certificate is not trusted (self-signed certificate)")
    wait_for(
        lambda: b"emotiond_hub_mqtt_connected 1.0" in trusting.ask("/metrics").body,
        "the hub is connected",
    )
    assert trusting.end() == (0, b"")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--hub-mqtt-topic", "a/#"), "hub.mqtt.topic: 'a/#' is no topic"),
        (("--hub-mqtt-discovery", "+"), "hub.mqtt.discovery: '+' is no topic"),
        (("--hub-mqtt-broker", "a..b"), "hub.mqtt.broker: a..b is no name of a machine"),
        (("--hub-mqtt-password-file", "x"), "hub.mqtt.password_file: x can't be read: no such"),
        (("--hub-mqtt-password-file", "open"), "everybody may read the broker's password"),
        (("--hub-mqtt-password-file", "closed"), "needs a user; set hub.mqtt.user"),
        (("--hub-mqtt-ca-file", "x"), "hub.mqtt.ca_file needs TLS; set hub.mqtt.tls"),
        (("--hub-mqtt-tls", "--hub-mqtt-ca-file", "x"), "hub.mqtt.ca_file: x is no certificate"),
        (("--hub-mqtt-port", "0"), "--hub-mqtt-port must be a whole number from 1 to 65535"),
    ],
)
def test_a_setting_of_mqtt_that_is_wrong_is_one_sentence(
    tmp_path: Path,
    emotiond: Callable[..., "subprocess.CompletedProcess[bytes]"],
    flags: tuple[str, ...],
    words: str,
) -> None:
    for name, mode in (("open", 0o644), ("closed", 0o640)):
        (tmp_path / name).write_text("secret\n")
        (tmp_path / name).chmod(mode)
    ended = emotiond("hub", "--hub-port", "0", "--hub-mqtt-broker", "localhost", *flags)
    assert (ended.returncode, ended.stderr.count(b"\n")) == (2, 1)
    assert words in ended.stderr.decode()
