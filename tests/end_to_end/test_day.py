"""A day of sound through the daemon."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "day.py"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_day_of_sound_leaves_memory_and_descriptors_as_they_were() -> None:
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), "--json"], capture_output=True, check=False, timeout=1700
    )
    assert ended.stderr == b""
    figures = json.loads(ended.stdout)
    assert ended.returncode == 0, figures
    assert figures["log_files"] == ["predictions-2026-02-27.jsonl", "predictions-2026-02-28.jsonl"]
    assert figures["megabytes"][-1] - figures["megabytes"][0] <= 2.0
    assert len(figures["megabytes"]) == 24
    # Nor does it creep: but for midnight, when the next file is begun for the first time (half a
    # megabyte), the second half of the day adds next to nothing.
    *steps, midnight = sorted(b - a for a, b in pairwise(figures["megabytes"][12:]))
    assert midnight <= 1.0
    assert steps[-1] <= 0.25
