"""An hour in which all that a hub connects to hangs, dies and lies; the daemon never notices."""

import contextlib
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from emotiond.record import Prediction, Utterance
from tests.conftest import pcm
from tests.daemon.logs import so_far, unstamped
from tests.daemon.sounds import RATE, lines, silence
from tests.end_to_end.clients import Browsers, Scraper
from tests.end_to_end.connectors import Connector, Reached
from tests.end_to_end.hubs import Start
from tests.end_to_end.programs import EMOTIOND, wait_for

FAULTS = ("hangs", "dies", "lies")
PACE = 24
"""Times real time at which the hour passes: a minute takes 2.5 s, an hour two and a half minutes.

Each hook may start every 2 s, so at least once a minute."""
PIECE_SECONDS = 10
"""Sound that is given to the daemons at once (s): a hub that follows gets so much at a time."""


class Minutes:
    """Gives the same sound to two daemons: a minute is the sample and then silence."""

    def __init__(self, sample: np.ndarray, *daemons: "subprocess.Popen[bytes]") -> None:
        self._daemons = daemons
        minute = np.concatenate([sample, silence(60.0 - len(sample) / RATE)])
        self._pieces = [pcm(each) for each in np.split(minute, 60 // PIECE_SECONDS)]
        self.count = 0

    def play(self, count: int = 1) -> None:
        """Let minutes pass."""
        for _ in range(count):
            for piece in self._pieces:
                for daemon in self._daemons:
                    daemon.stdin.write(piece)
                time.sleep(PIECE_SECONDS / PACE)  # the faults last in real time
            self.count += 1

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Let minutes pass until a condition holds."""
        begun = self.count
        while not condition():
            assert self.count - begun < 60, what
            self.play()


@pytest.fixture
def start(
    tmp_path: Path, environment: dict[str, str]
) -> Iterator[Callable[[str], "subprocess.Popen[bytes]"]]:
    """Return a function that starts a daemon: with a log of its name, and a live socket."""
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str) -> "subprocess.Popen[bytes]":
        flags = ("--name", "kitchen", "--log-dir", name, "--live-socket", f"{name}.sock")
        program = subprocess.Popen(
            [*EMOTIOND, "run", "--input", "-", "--fast", "--headless", *flags],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(program)
        return program

    yield start
    for each in started:
        each.kill()
        each.communicate()


def ids(log: Path) -> set[str]:
    return {each.id for each in so_far(log) if isinstance(each, Utterance)}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_for_an_hour_all_connectors_hang_die_and_lie_and_the_log_is_the_same_to_the_byte(
    tmp_path: Path,
    environment: dict[str, str],
    sample: np.ndarray,
    start: Callable[[str], "subprocess.Popen[bytes]"],
    reached: Reached,
    hub: Start,
) -> None:
    (tmp_path / "hub.toml").write_text(reached.settings())
    running = hub("--config", "hub.toml", "--hub-socket", "watched.sock", "--hub-log", "watched")
    alone, watched = start("alone"), start("watched")
    wait_for(running.connected, "the hub reaches the daemon")
    browsers, scraper = Browsers(running), Scraper(tmp_path, running)
    # The address first: its fault is said after half a minute of attempts.
    connectors: tuple[Connector, ...] = (
        *(reached.address, reached.program),
        *(scraper, browsers, reached.broker),
    )
    minutes = Minutes(sample, alone, watched)

    def all_have_said(count: int) -> bool:
        said = Counter(subject_of(each) for each in running.complaints())
        counts = [said[each.subject] for each in connectors if each.subject]
        assert max(counts) <= count, running.complaints()
        return min(counts) == count

    minutes.play(2)
    for number, fault in enumerate(FAULTS):
        with contextlib.ExitStack() as broken:
            for each in connectors:
                broken.enter_context(getattr(each, fault)())
                minutes.play(2)
            minutes.until(lambda n=number: all_have_said(2 * n + 1), f"all have said: {fault}")
            minutes.play(2)  # in which each fails again, and nothing more is said
        minutes.until(lambda n=number: all_have_said(2 * n + 2), f"all work again: {fault}")
    minutes.play(max(2, 59 - minutes.count))

    before = ids(tmp_path / "watched")
    minutes.play()
    assert minutes.count >= 60
    for each in (alone, watched):
        assert each.communicate(timeout=60) == (None, b"")
        assert each.returncode == 0
    everything = ids(tmp_path / "watched")
    last = everything - before
    assert len(last) >= 3
    wait_for(lambda: everything <= browsers.got(), "the browser has all utterances")
    wait_for(lambda: scraper.counted() == len(everything), "Prometheus counts all utterances")
    wait_for(lambda: last <= reached.broker.got(), "the broker has the last utterances")
    wait_for(lambda: last & reached.program.got(), "the program is started")
    wait_for(lambda: last & reached.address.got(), "the address is called")
    scraper.end()
    said = Counter(subject_of(each) for each in running.complaints())
    assert said == {
        # Each fault, and its end.
        **dict.fromkeys(("the MQTT broker", "hook 1", "hook 2"), 2 * len(FAULTS)),
        # Payloads that are none, and one that the daemon refuses.
        "corrections from the MQTT broker": 2,
    }

    records = [so_far(tmp_path / name) for name in ("alone", "watched")]
    one, other = (lines(unstamped(each)) for each in records)
    assert one == other
    assert one.count(b"\n") > 2000
    for log in records:
        others = [each for each in log if not isinstance(each, Prediction | Utterance)]
        assert [each.event for each in others] == ["started", "source_ended"]


def subject_of(complaint: str) -> str:
    """Return the connector that a line of the hub is about."""
    found = re.match("emotiond: ((?:corrections from )?the MQTT broker|hook [12]) ", complaint)
    return found[1] if found else complaint
