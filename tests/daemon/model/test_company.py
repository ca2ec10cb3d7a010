"""The company of a model lies beside it: no strange sound is claimed, and no label is forgotten."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.errors import ModelError
from emotiond.model.company import ALONE, Background, Company, Prototypes, balance_of
from emotiond.model.company_file import company_file, read_company, write_company
from emotiond.model.contract import OTHER
from emotiond.model.examples import Examples
from emotiond.model.file import read_contract
from emotiond.model.head import fit
from emotiond.paths import LARGE_MODEL, SMALL_MODEL
from emotiond.testing import fake_contract
from tests.daemon.voices import CONTRACT, EMBEDDING

LABELS = len(CONTRACT.reported)


def made_up(count: int = 20, size: int = 5, seed: int = 1) -> tuple[Background, Prototypes]:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(count, LABELS))
    prototypes = [random.normal(size=(LABELS, each)) for each in (size, LABELS)]
    return Background(random.normal(0.0, 3.0, (count, size)), logits), Prototypes(*prototypes)


def test_a_company_is_read_as_it_was_written_but_for_its_few_bits(tmp_path: Path) -> None:
    model, (background, prototypes) = tmp_path / "mine.tflite", made_up()
    path = write_company(model, CONTRACT, background, prototypes)
    assert path == company_file(model) == tmp_path / "mine.company.npz"
    found = read_company(model, CONTRACT)
    steps = np.abs(background.embeddings).max(axis=0) / 127
    assert (
        np.abs(found.background.embeddings - background.embeddings) <= 0.51 * steps + 1e-3
    ).all()
    near = {"rtol": 1e-3, "atol": 1e-3}
    np.testing.assert_allclose(found.background.own_logits, background.own_logits, **near)
    for read, written in zip(found.prototypes, prototypes, strict=True):
        np.testing.assert_allclose(read, written, **near)


def test_a_model_without_a_company_or_beside_that_of_another_has_none(tmp_path: Path) -> None:
    model = tmp_path / "mine.tflite"
    assert read_company(model, CONTRACT) == ALONE
    write_company(model, fake_contract(**EMBEDDING, sha256="f" * 64), *made_up())
    assert read_company(model, CONTRACT) == ALONE


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_damaged_company_is_refused(tmp_path: Path, content: bytes | None) -> None:
    model = tmp_path / "mine.tflite"
    path = write_company(model, CONTRACT, *made_up())
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    with pytest.raises(ModelError, match="damaged; install emotiond again"):
        read_company(model, CONTRACT)


@pytest.mark.parametrize("part", [0, 1], ids=["background", "prototypes"])
def test_a_company_of_another_shape_is_refused(tmp_path: Path, part: int) -> None:
    right, wrong = made_up(), made_up(size=4)
    parts = [wrong[number] if number == part else right[number] for number in range(2)]
    write_company(tmp_path / "mine.tflite", CONTRACT, *parts)
    with pytest.raises(ModelError, match="damaged"):
        read_company(tmp_path / "mine.tflite", CONTRACT)


def sounds(places: np.ndarray, count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.repeat(places, count, axis=0) + random.normal(size=(count * len(places), 40))


@pytest.mark.parametrize("labels", [("bark", "cry"), ("calm", "cross", "merry")])
def test_sounds_of_other_kinds_are_none_of_the_labels(labels: tuple[str, ...]) -> None:
    random = np.random.default_rng(2)
    taught, strange = random.normal(0.0, 1.5, (2, 40)), random.normal(0.0, 1.5, (6, 40))
    examples = Examples(
        sounds(taught, 5, 1), np.zeros((10, 3)), np.repeat([0, 1], 5), np.arange(10)
    )
    background = Background(sounds(strange, 10, 2), np.zeros((60, 3)))
    head = fit(examples, CONTRACT.labels, labels, company=Company(background))
    assert head.labels == (*labels, OTHER)
    for places, wanted in ((strange, {len(labels)}), (taught, {0, 1})):
        others = sounds(places, 20, 3)
        answers = head.logits(others, np.zeros((len(others), 3))).argmax(axis=1)
        assert np.mean([answer in wanted for answer in answers]) > 0.95
    assert head.estimate is not None
    assert (head.estimate.examples, head.estimate.right, head.estimate.chance) == (10, 10, 0.5)


def test_a_company_leaves_an_untaught_head_as_it_is() -> None:
    none = Examples(np.zeros((0, 5)), np.zeros((0, 3)), np.zeros(0, int), np.zeros(0, int))
    head = fit(none, CONTRACT.labels, company=Company(*made_up()))
    assert head.labels == CONTRACT.labels


def test_one_example_beside_a_background_does_not_make_its_speaker_a_stranger() -> None:
    speaker = 6.0 + np.random.default_rng(3).normal(size=(4, 5))
    one = Examples(speaker[:1], np.eye(3)[:1], np.array([0]), np.array([0]))
    head = fit(one, CONTRACT.labels, company=Company(made_up()[0]))
    answers = head.logits(speaker[1:], 3.0 * np.eye(3)).argmax(axis=1)
    assert OTHER not in [head.labels[answer] for answer in answers]


def voices(places: np.ndarray, count: int, own: float, seed: int) -> Examples:
    """Return recordings around the place of each label, of which the model knows a little."""
    random = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(len(places)), count)
    logits = own * np.eye(len(places))[numbers] + random.normal(size=(len(numbers), len(places)))
    embeddings = places[numbers] + random.normal(size=(len(numbers), places.shape[1]))
    return Examples(embeddings, logits, numbers, np.arange(len(numbers)))


@pytest.mark.parametrize("taught", [(0,), (1,), (2,)])
def test_labels_that_nobody_taught_are_not_forgotten(taught: tuple[int, ...]) -> None:
    places = np.random.default_rng(4).normal(0.0, 1.5, (LABELS, 40))
    # The model hears everybody in this room as its second label.
    room, leaning = np.full(40, 2.0), np.array([0.0, 3.0, 0.0])
    typical = Prototypes(places, 2.0 * np.eye(LABELS))
    everything = voices(places + room, 100, 2.0, 5)
    everything = everything._replace(own_logits=everything.own_logits + leaning)
    one = voices(places + room, 3, 2.0, 6)
    one = one._replace(own_logits=one.own_logits + leaning)
    some = Examples(*(each[np.isin(one.labels, taught)] for each in one))

    def right(company: Company) -> float:
        head = fit(some, CONTRACT.labels, company=company)
        answers = head.logits(everything.embeddings, everything.own_logits).argmax(axis=1)
        return float(np.mean(answers == everything.labels))

    alone, together = right(ALONE), right(Company(prototypes=typical))
    untaught = np.mean(everything.own_logits.argmax(axis=1) == everything.labels)
    assert together > max(alone, untaught) + 0.1


def test_prototypes_change_nothing_where_every_label_was_taught() -> None:
    examples = voices(np.random.default_rng(4).normal(size=(LABELS, 5)), 3, 1.0, 5)
    alone = fit(examples, CONTRACT.labels)
    together = fit(examples, CONTRACT.labels, company=Company(prototypes=made_up()[1]))
    for found, wanted in zip(together, alone, strict=True):
        assert np.array_equal(found, wanted) or found == wanted


def test_prototypes_of_a_model_say_nothing_about_labels_that_it_lacks() -> None:
    examples = voices(np.random.default_rng(4).normal(size=(2, 5)), 3, 1.0, 5)
    examples = examples._replace(own_logits=np.zeros((6, LABELS)))
    alone = fit(examples, CONTRACT.labels, ("bark", "cry"))
    company = Company(prototypes=made_up()[1])
    together = fit(examples, CONTRACT.labels, ("bark", "cry"), company=company)
    np.testing.assert_array_equal(together.on_direction, alone.on_direction)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_labels_taught_equally_often_need_no_balance_and_others_one_by_their_numbers(
    numbers: list[int],
) -> None:
    labels = ("a", "b", "c", "d", OTHER)
    found = balance_of(np.array(numbers), labels)
    counts = np.bincount(numbers, minlength=4)
    assert np.array_equal(np.argsort(counts, kind="stable"), np.argsort(found[:4], kind="stable"))
    assert found[4] == pytest.approx(0.0)
    assert (len(set(counts)) == 1) == bool(np.allclose(found, 0.0))


@pytest.mark.parametrize("model", [LARGE_MODEL, SMALL_MODEL], ids=["large", "small"])
def test_each_shipped_model_has_a_company_of_its_own_in_few_bytes(model: Path) -> None:
    if not model.exists():
        pytest.skip("this installation has no large model")
    contract = read_contract(model)
    background, prototypes = read_company(model, contract)
    assert background is not None, "the model is a new one: run tools/make_company.py"
    assert background.embeddings.shape == (64, contract.embedding_size)
    # The voices of each label are typical of it: the model itself knows them.
    assert prototypes is not None
    assert (prototypes.own_logits.argmax(axis=1) == np.arange(len(contract.reported))).all()
    assert company_file(model).stat().st_size < 360_000
