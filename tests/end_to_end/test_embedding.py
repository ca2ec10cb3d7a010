"""emotiond inside another program: the example of docs/API.md in an environment of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_example_hears_the_sample_in_a_fresh_environment(
    tmp_path: Path, sample_path: Path, environment: dict[str, str]
) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", ROOT]
    subprocess.run(pip, check=True, cwd=tmp_path)
    ended = subprocess.run(
        [venv / "bin" / "python", ROOT / "examples" / "listen.py", sample_path],
        cwd=tmp_path,
        env={key: value for key, value in environment.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    utterances = ended.stdout.splitlines()
    assert len(utterances) == 5
    assert all(" s: " in line for line in utterances)
    assert ended.stderr.splitlines()[-1].startswith("source_ended")
