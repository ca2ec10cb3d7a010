"""Hours of sound through daemon, hub, broker and Prometheus, faster than real time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.brokers import needed
from tests.end_to_end.prometheus import tool

HOUSE = Path(__file__).parents[2]


@pytest.mark.slow
def test_two_hours_of_sound_are_counted_alike_everywhere_in_flat_memory() -> None:
    needed("mosquitto", "EMOTIOND_REQUIRE_MOSQUITTO")
    tool("prometheus")
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--hours", "2", "--json"],
        cwd=HOUSE,
        capture_output=True,
        check=False,
        timeout=280,
    )
    assert ended.stderr == b""
    figures = json.loads(ended.stdout)
    assert ended.returncode == 0, figures
    utterances, predictions = figures["utterances"], figures["predictions"]
    assert {*utterances} == {"log", "hub", "prometheus", "mqtt"}
    assert utterances["log"] > 50
    assert {*predictions} == {"log", "hub", "prometheus"}
    assert predictions["log"] > 500
