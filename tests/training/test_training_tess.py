"""TESS through the int8 file and the engine: the figures that the seed recipe must reach."""

import argparse
from pathlib import Path

import pytest
from rich.console import Console

from emotiond_export.quiet import import_tensorflow
from emotiond_training.corpora import read_corpora
from emotiond_training.progress import Reporter
from emotiond_training.protocols import plan_rounds
from emotiond_training.recipe import load_recipe
from emotiond_training.rounds import Task


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("protocol", "least"), [("tess-random", 0.995), ("tess-words", 0.985)])
def test_seed_recipe_reaches_its_figure_on_tess(
    corpora: Path, tmp_path: Path, protocol: str, least: float
):
    import_tensorflow()
    from emotiond_training.evaluation import score
    from emotiond_training.parallel import run_rounds
    from emotiond_training.trainround import train_round

    clips = read_corpora([f"tess={corpora / 'tess'}"])
    recipe = load_recipe("seed")
    plans = plan_rounds([protocol], clips, recipe.seed)
    tasks = [Task(plans[0], clips, recipe, tmp_path / "round", argparse.Namespace())]
    heard = run_rounds(tasks, Reporter(Console()), train_round)
    [outcome] = score(plans, heard, clips, recipe).outcomes
    assert outcome.row.clips == 560
    assert outcome.row.accuracy >= least
