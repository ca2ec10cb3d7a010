"""The whole daemon, killed at random moments: no line of its log is lost or torn."""

import contextlib
import multiprocessing
import time
from collections import Counter
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from emotiond import cli
from emotiond.record import Hello, Meter, encode
from emotiond.sinks.client import connect, messages
from emotiond.sinks.log import LogSink
from tests.end_to_end.runs import events, logged

ROUNDS = 200


def run(arguments: list[str]) -> None:
    cli.main(arguments)


def watch_and_kill(
    process: "multiprocessing.Process", socket: Path, count: int, seconds: float
) -> list[bytes]:
    """Kill a daemon ``seconds`` after ``count`` messages; return all records that it published."""
    give_up = time.monotonic() + 60.0
    while True:
        with contextlib.suppress(OSError):
            connection = connect(socket)
            break
        assert time.monotonic() < give_up
        assert process.is_alive()
        time.sleep(0.001)
    seen = []
    for number, message in enumerate(messages(connection, Event())):
        if not isinstance(message, Hello | Meter):
            seen.append(encode(message))
        if number == count:
            time.sleep(seconds)
            process.kill()
    process.kill()
    process.join()
    return seen


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_daemon_killed_hundreds_of_times_has_logged_all_that_it_published(
    tmp_path: Path, sample_path: Path
) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["emotiond.commands.run"])
    random = np.random.default_rng(0)
    socket = tmp_path / "live.sock"
    flags = ["--input", str(sample_path), "--fast", "--headless", f"--live-socket={socket}"]
    published = []
    for _ in range(ROUNDS):
        arguments = ["run", *flags, f"--log-dir={tmp_path / 'logs'}"]
        process = processes.Process(target=run, args=(arguments,))
        process.start()
        count, seconds = int(random.integers(1, 70)), random.uniform(0.0, 0.01)
        published += watch_and_kill(process, socket, count, seconds)
        assert process.exitcode is not None
    LogSink(tmp_path / "logs").close()  # cuts off a line that the last kill may have torn
    records = logged(tmp_path / "logs")
    # A record is logged before it is published.
    assert Counter(published) - Counter(map(encode, records)) == Counter()
    assert events(records).count("started") == ROUNDS
    assert events(records).count("source_ended") < ROUNDS / 2
    assert len(published) > 5 * ROUNDS
