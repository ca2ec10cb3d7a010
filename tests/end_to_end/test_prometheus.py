"""Metrics with the real Prometheus: its linter, a scrape, and the alerts of the documentation."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emotiond.hub.connections import ANSWER_SECONDS
from emotiond.record import Utterance
from tests.daemon.logs import so_far
from tests.end_to_end.clients import METRICS
from tests.end_to_end.hubs import Hub
from tests.end_to_end.programs import Programs, wait_for
from tests.end_to_end.prometheus import Prometheus, tool

MANY = 2000
"""Requests that have larger answers than a connection takes while nobody reads them."""


@pytest.fixture
def hub(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Hub]]:
    """Return a function that starts a hub."""
    started: list[Hub] = []

    def start(*flags: str) -> Hub:
        started.append(Hub(tmp_path, environment, *flags))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def test_prometheus_scrapes_a_guarded_hub_and_counts_what_was_logged(
    programs: Programs, hub: Callable[..., Hub], tmp_path: Path
) -> None:
    guarded = ("--hub-auth", "always", "--hub-token-file", "token")
    running = hub("--hub-metrics", *guarded, "--hub-log", "logs")
    programs.daemon("--name", "kitchen")
    assert running.ask("/metrics").status == 401
    found = Prometheus(tmp_path, running.port, token=tmp_path / "token")
    try:
        wait_for(
            lambda: (found.value("sum(emotiond_utterances_total)") or 0) > 0,
            "an utterance is counted",
        )
        assert found.value('emotiond_daemon_connected{source="kitchen",job="emotiond"}') == 1
        assert found.value("time() - emotiond_last_hop_timestamp_seconds < 60") is not None
        assert found.value("emotiond_log_bytes") is not None
    finally:
        found.kill()
    logged = sum(isinstance(each, Utterance) for each in so_far(programs.logs))
    token = (tmp_path / "token").read_text().strip()
    text = running.ask("/metrics", headers={"Authorization": f"Bearer {token}"}).body
    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr, checked.stdout) == (0, b"", b""), checked
    counted = [
        float(line.split()[-1])
        for line in text.decode().splitlines()
        if line.startswith("emotiond_utterances_total{")
    ]
    assert 0 < sum(counted) <= logged + 1


def test_a_scraper_that_hangs_in_the_middle_of_an_answer_is_cut_off(
    hub: Callable[..., Hub],
) -> None:
    running = hub("--hub-metrics")
    descriptors = Path(f"/proc/{running.program.pid}/fd")
    before = len(list(descriptors.iterdir()))
    (stuck,) = running.connections(1, MANY * METRICS)
    wait_for(lambda: len(list(descriptors.iterdir())) > before, "it is connected")
    begun = time.monotonic()
    while len(list(descriptors.iterdir())) > before:
        assert running.ask("/metrics").status == 200
        assert time.monotonic() - begun < ANSWER_SECONDS + 30.0
    with stuck.makefile("rb") as answers, contextlib.suppress(ConnectionError):
        assert answers.read().count(b"HTTP/1.1 200") < MANY


def test_a_prometheus_that_is_killed_counts_on_when_it_is_back(
    programs: Programs, hub: Callable[..., Hub], tmp_path: Path
) -> None:
    running = hub("--hub-metrics")
    programs.daemon("--name", "kitchen")
    least = 1.0
    for _ in range(2):
        found = Prometheus(tmp_path, running.port)
        try:
            wait_for(
                lambda n=least, at=found: (at.value("sum(emotiond_hops_total)") or 0) > n,
                "hops are counted",
            )
            least = found.value("sum(emotiond_hops_total)")
        finally:
            found.kill()
    assert running.end() == (0, b"")


def test_a_scraper_that_lies_is_refused_and_the_next_is_answered(hub: Callable[..., Hub]) -> None:
    running = hub("--hub-metrics")
    for body, headers, status in (
        (b"", {}, 405),
        (None, {"Host": "evil.example"}, 403),
        (None, {"Content-Length": "99999"}, 413),
        (None, {"Accept": "image/png", "X-Prometheus-Scrape-Timeout-Seconds": "no"}, 200),
    ):
        assert running.ask("/metrics", body, headers).status == status
    running.connections(1, b"\x16\x03\x01" + METRICS)[0].close()
    assert b"emotiond_build_info" in running.ask("/metrics").body
    assert running.end() == (0, b"")


def test_metrics_are_off_until_they_are_set(hub: Callable[..., Hub]) -> None:
    assert hub().ask("/metrics").status == 404


def test_the_alerts_of_the_documentation_say_what_they_promise() -> None:
    alerts = Path(__file__).with_name("alerts.test.yml")
    subprocess.run([tool("promtool"), "test", "rules", alerts], check=True, timeout=60)
