"""Measures what an installation takes on disk, by the ways that people install.

    python benchmarks/disk.py

Makes virtual environments in a temporary folder, so it needs what pip needs: a network. The figures
are those of ``du -sm``: whole blocks, in units of 1024 x 1024 bytes, with pip and with bytecode.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[1]
SLIM = '. tools/packages.sh; make_venv "$1" "$2"; "$1/bin/pip" install -q %s; slim "$1/bin/python"'
WAYS = {
    "`make run`": SLIM % "-e .",
    "a service": SLIM % ".",
    "`pip install .`": '"$2" -m venv "$1"; "$1/bin/pip" install -q .',
}
"""Way -> shell script that installs into the folder ``$1`` with the Python ``$2``."""


def size(path: Path) -> int:
    """Return the size of a folder on disk as ``du -sm`` counts."""
    ended = subprocess.run(["du", "-sm", path], capture_output=True, check=True, text=True)
    return int(ended.stdout.split()[0])


def measured() -> dict[str, int]:
    """Return way of installing -> size on disk; and of pip, which is in both."""
    found = {}
    # Not the virtual environment that runs this: its Python.
    python = Path(sys.base_prefix, "bin", "python3")
    with tempfile.TemporaryDirectory() as folder:
        for number, (way, script) in enumerate(WAYS.items()):
            venv = Path(folder, str(number))
            command = ["sh", "-euc", script, "sh", venv, python]
            subprocess.run(command, cwd=PROJECT, check=True, stdout=sys.stderr)
            found[way] = size(venv)
        found["of that, pip itself"] = size(next(venv.glob("lib/python3*/site-packages/pip")))
    return found


if __name__ == "__main__":
    print(json.dumps(measured(), indent=1))
