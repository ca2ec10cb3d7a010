"""TESS through the int8 file and the engine: the figures that the seed recipe must reach."""

import json
from pathlib import Path

import pytest

from tests.conftest import Run

LEAST = {"tess-random": 0.995, "tess-words": 0.985}


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_seed_recipe_reaches_its_figures_on_tess(emotiond: Run, corpora: Path, tmp_path: Path):
    protocols = [word for name in LEAST for word in ("--protocol", name)]
    tess = f"tess={corpora / 'tess'}"
    flags = ("--corpus", tess, "--recipe", "seed", "--jobs", "2", "--out", tmp_path / "out")
    ended = emotiond("evaluate", *protocols, *flags, timeout=1700)
    assert ended.returncode == 0, ended.stderr.decode()
    rows = json.loads((tmp_path / "out" / "metrics.json").read_text())["rows"]
    found = {row["protocol"]: row["accuracy"] for row in rows}
    assert {row["clips"] for row in rows} == {560}
    assert found.keys() == LEAST.keys()
    assert all(found[name] >= least for name, least in LEAST.items()), found
