"""The cards of the shipped models have the figures of their evaluations, the models the medians."""

from pathlib import Path

import msgspec
import pytest

from emotiond.model.choice import SHIPPED
from emotiond.model.file import read_contract
from emotiond_training.card.live import live_section
from emotiond_training.card.taught import taught_section
from emotiond_training.evaluation.scores import Row
from emotiond_training.evaluation.shipping import Shipping
from emotiond_training.evaluation.teaching import Taught
from emotiond_training.live.results import Live
from emotiond_training.recipe import Recipe, load_recipe

MODELS = Path(__file__).resolve().parents[2] / "models"


class Figures(msgspec.Struct):
    """The parts of ``metrics.json`` that are compared."""

    recipe: Recipe
    rows: list[Row]
    shipping: Shipping
    taught: list[Taught] = []


RECIPES = {"large": "whisper", "small": "strangers"}


@pytest.fixture(scope="module", params=RECIPES)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def figures(model: str) -> Figures:
    path = MODELS / model / "evaluation" / "metrics.json"
    return msgspec.json.decode(path.read_bytes(), type=Figures)


@pytest.fixture(scope="module")
def card(model: str) -> str:
    return (MODELS / model / "EVALUATION.md").read_text()


def test_the_card_has_the_figures_of_the_current_recipe(
    model: str, figures: Figures, card: str
) -> None:
    assert figures.recipe == load_recipe(RECIPES[model])
    protocols = {row.protocol for row in figures.rows}
    assert protocols == {"speakers", "tess-speakers", "tess-random", "tess-words", "cross-corpus"}
    for row in figures.rows:
        assert f"| `{row.protocol}` | {row.corpus} | **{row.uar:.1%}** |" in card
        assert f"| {row.uar_low:.1%} to {row.uar_high:.1%} (" in card


def test_the_model_card_has_the_same_figures(figures: Figures) -> None:
    text = (MODELS / "README.md").read_text()
    for row in figures.rows:
        assert f"{100 * row.uar:.1f} %".replace("100.0", "100") in text, row
        if row.shared_text_uar is not None and row.protocol == "speakers":
            assert f"{100 * row.shared_text_uar:.1f} %" in text


def test_the_card_has_the_live_figures(model: str, card: str) -> None:
    path = MODELS / model / "evaluation" / "live.json"
    assert live_section(msgspec.json.decode(path.read_bytes(), type=Live)) in card


def test_the_card_says_what_heard_the_recordings(figures: Figures, card: str) -> None:
    fixed = "The exported file of the fixed layers heard each test recording"
    whole = "The exported int8 file heard each test recording"
    assert (fixed in card, whole in card) == (figures.recipe.frozen, not figures.recipe.frozen)


def test_the_cards_have_the_figures_of_taught_voices(figures: Figures, card: str) -> None:
    if figures.taught:
        assert taught_section(figures.taught) in card
    text = (MODELS / "README.md").read_text()
    for taught in figures.taught:
        if taught.unseen == "corpus":
            for row in taught.rows:
                assert f"{100 * row.uar:.1f} %" in text, row
            for each in taught.partial:
                assert f"| {100 * each.ordinary:.1f} % | {100 * each.other:.1f} % |" in text, each


def test_the_shipped_model_has_the_medians_of_the_rounds(model: str, figures: Figures) -> None:
    contract = read_contract(SHIPPED[model])
    found = Shipping(contract.temperature, contract.abstain_below)
    assert found == figures.shipping
