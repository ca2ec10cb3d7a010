"""A day of sound through the whole daemon."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "day.py"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_day_of_sound_leaks_neither_memory_nor_descriptors() -> None:
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), "--json"], capture_output=True, check=False, timeout=1700
    )
    assert ended.stderr == b""
    figures = json.loads(ended.stdout)
    assert ended.returncode == 0, figures
    assert figures["log_files"] == ["predictions-2026-02-27.jsonl", "predictions-2026-02-28.jsonl"]
    assert figures["megabytes"][-1] - figures["megabytes"][0] <= 2.0
    assert len(figures["megabytes"]) == 24
    # Memory does not creep either: the second half of the day adds next to nothing, except at
    # midnight, when the first new file begins (half a megabyte).
    *steps, midnight = sorted(b - a for a, b in pairwise(figures["megabytes"][12:]))
    assert midnight <= 1.0
    assert steps[-1] <= 0.25
