"""TESS through the int8 file and the engine: the figures that the seed recipe must reach."""

from pathlib import Path

import pytest
from rich.console import Console

from emotiond_export.quiet import import_tensorflow
from emotiond_training.corpora import read_corpora
from emotiond_training.progress import Reporter
from emotiond_training.recipe import load_recipe


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("protocol", "least"), [("tess-random", 0.995), ("tess-words", 0.985)])
def test_seed_recipe_reaches_its_figure_on_tess(corpora: Path, protocol: str, least: float):
    import_tensorflow()
    from emotiond_training.evaluation import evaluate

    clips = read_corpora([f"tess={corpora / 'tess'}"])
    outcome = evaluate(protocol, clips, load_recipe("seed"), Reporter(Console()))
    assert outcome.row.clips == 560
    assert outcome.row.accuracy >= least
