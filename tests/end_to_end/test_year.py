"""A year of logs is summed up in little memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "year.py"
MOST_MEGABYTES = 200


@pytest.mark.slow
def test_a_year_of_logs_takes_little_memory() -> None:
    ended = subprocess.run(
        [sys.executable, SCRIPT, "--megabytes", "100", "--json"], capture_output=True, check=True
    )
    figures = json.loads(ended.stdout)
    assert figures.pop("megabytes") >= 90
    assert len(figures) == 3
    for figure in figures.values():
        assert figure["memory_megabytes"] < MOST_MEGABYTES
