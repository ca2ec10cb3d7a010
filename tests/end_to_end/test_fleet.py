"""Three machines at one broker and one Prometheus: one that is cut off loses nothing."""

import json
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from emotiond.record import Prediction, Record, Utterance
from tests.daemon.logs import so_far
from tests.end_to_end.brokers import Mosquitto, Subscriber
from tests.end_to_end.hubs import Hub
from tests.end_to_end.machines import HERE, Machine, bridged
from tests.end_to_end.programs import Programs, wait_for
from tests.end_to_end.prometheus import Prometheus

NAMES = ("attic", "hall", "kitchen")
QUIET = np.zeros(6 * 16_000, np.float32)
"""Silence before each round of the sample: the hub has reached the daemon before it ends."""
PATIENCE_SECONDS = 75.0
"""The broker says after 30 s that a hub has gone; a hub tries again within 60 s."""


class Post:
    """A daemon and its hub, which tells a broker; without a machine of their own, on this one."""

    def __init__(
        self,
        name: str,
        folder: Path,
        environment: dict[str, str],
        sound: np.ndarray,
        machine: Machine | None,
        broker: Mosquitto,
        token: Path,
    ) -> None:
        folder.mkdir()
        self.name = name
        self._machine = machine
        inside = () if machine is None else machine.inside
        address = "127.0.0.1" if machine is None else machine.address
        self.hub = Hub(
            folder,
            environment,
            *("--hub-socket", "live.sock", "--hub-log", "logs", "--hub-metrics"),
            *("--hub-address", address, "--hub-auth", "always", "--hub-token-file", str(token)),
            *("--hub-mqtt-broker", "127.0.0.1" if machine is None else HERE),
            *("--hub-mqtt-port", str(broker.port), "--hub-mqtt-node", name),
            tracer=inside,
        )
        self.instance = f"{address}:{self.hub.port}"
        self._programs = Programs(folder, environment, sound, inside)
        self.daemon = self._programs.daemon("--name", name, "--live-socket", "live.sock")

    def cut_off(self) -> None:
        """Pull the cable; without one, stop the hub, as a machine that sleeps does."""
        if self._machine is None:
            self.hub.program.send_signal(signal.SIGSTOP)
        else:
            self._machine.pull()

    def come_back(self) -> None:
        if self._machine is None:
            self.hub.program.send_signal(signal.SIGCONT)
        else:
            self._machine.plug()

    def logged(self, kind: type[Record]) -> list[Record]:
        return [each for each in so_far(self._programs.logs) if isinstance(each, kind)]

    def ids(self) -> list[str]:
        """Return the ids of all utterances so far."""
        return [each.id for each in self.logged(Utterance)]

    def end(self) -> None:
        self._programs.end()
        self.hub.kill()


class House:
    """Three posts, and the broker and the Prometheus that they share."""

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        sample: np.ndarray,
        machines: list[Machine | None],
        stack: ExitStack,
    ) -> None:
        token = folder / "token"
        token.touch(0o600)
        token.write_text(secrets.token_urlsafe(32))
        anywhere = {} if None in machines else {"address": ""}
        self._broker = Mosquitto(folder, **anywhere)
        stack.callback(self._broker.end)
        self._subscriber = Subscriber(self._broker.port)
        stack.callback(self._subscriber.end)
        self.posts: list[Post] = []
        sound = np.concatenate((QUIET, sample))
        for name, machine in zip(NAMES, machines, strict=True):
            place = folder / name
            self.posts.append(Post(name, place, environment, sound, machine, self._broker, token))
            stack.callback(self.posts[-1].end)
        instances = [each.instance for each in self.posts]
        self._prometheus = Prometheus(folder, *instances, token=token, every="1s")
        stack.callback(self._prometheus.kill)

    def heard(self, post: Post) -> list[str]:
        """Return the ids of the utterances that the broker was told."""
        told = self._subscriber.payloads(f"emotiond/{post.name}/{post.name}/utterance")
        return [json.loads(each)["id"] for each in told]

    def available(self, post: Post) -> list[bytes]:
        """Return all that was said of the availability of a hub."""
        return self._subscriber.payloads(f"emotiond/{post.name}/availability")

    def discovered(self, post: Post) -> bool:
        device = f"emotiond_{post.name}_{post.name}"
        microphone = f"emotiond/{post.name}/{post.name}/availability"
        return (
            self._subscriber.last(f"homeassistant/device/{device}/config") is not None
            and self._subscriber.last(microphone) == b"online"
        )

    def value(self, query: str, post: Post) -> float | None:
        """Return the value of a query; its ``{}`` stands for the hub of a post."""
        return self._prometheus.value(query.replace("{}", f'{{instance="{post.instance}"}}'))


@pytest.fixture(params=["namespaces", "loopback"])
def machines(request: pytest.FixtureRequest) -> Iterator[list[Machine | None]]:
    """Return three machines with networks of their own; or none, for three hubs on this one."""
    if request.param == "loopback":
        yield [None] * len(NAMES)
        return
    with ExitStack() as stack:
        try:
            found = stack.enter_context(bridged(len(NAMES)))
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"needs root, iproute2 and the right to make networks: {error}")
        yield [*found]


@pytest.mark.slow
def test_a_machine_that_is_cut_off_loses_nothing_and_the_others_go_on(
    tmp_path: Path,
    environment: dict[str, str],
    sample: np.ndarray,
    machines: list[Machine | None],
) -> None:
    with ExitStack() as stack:
        house = House(tmp_path, environment, sample, machines, stack)
        away, *others = house.posts
        for post in house.posts:
            wait_for(lambda p=post: house.heard(p), "an utterance arrives", PATIENCE_SECONDS)
            assert house.discovered(post)
            assert house.available(post) == [b"online"]
            wait_for(lambda p=post: house.value("up{}", p) == 1, "Prometheus reaches the hub")

        away.cut_off()
        before = set(away.ids())
        wait_for(
            lambda: house.available(away)[-1] == b"offline",
            "the broker says that the hub is away",
            PATIENCE_SECONDS,
        )
        assert [house.value("up{}", each) for each in house.posts] == [0, 1, 1]
        missed = set(away.ids()) - before
        assert missed
        assert not missed & set(house.heard(away))
        for post in others:
            ids = set(post.ids())
            assert ids
            wait_for(lambda p=post, i=ids: i <= set(house.heard(p)), "others are still heard")

        away.come_back()
        wait_for(
            lambda: house.available(away)[-1] == b"online", "the hub is back", PATIENCE_SECONDS
        )
        for post in house.posts:
            post.daemon.send_signal(signal.SIGTERM)
            assert post.daemon.wait(timeout=30) == 0
            ids = post.ids()
            wait_for(lambda p=post, i=ids: set(house.heard(p)) == set(i), "all utterances arrive")
            for name, kind in (("predictions", Prediction), ("utterances", Utterance)):
                wait_for(
                    lambda p=post, n=name, k=kind: (
                        house.value(f"sum(emotiond_{n}_total{{}})", p) == len(p.logged(k))
                    ),
                    f"Prometheus has counted all {name}",
                )
        for post in others:
            assert house.heard(post) == post.ids()  # each once, and in order
            assert house.available(post) == [b"online"]
            assert house.value("min_over_time(up{}[1h])", post) == 1
            assert post.hub.end() == (0, b"")
        code, errors = away.hub.end()
        assert (code, b"Traceback" in errors) == (0, False)
