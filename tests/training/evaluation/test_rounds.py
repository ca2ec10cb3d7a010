"""Rounds can be resumed, calibrate their model files, and give the figures of the card."""

import io
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rich.console import Console

from emotiond.errors import EmotiondError, InputError
from emotiond.model.file import read_contract, read_model, write_model
from emotiond.paths import SMALL_MODEL
from emotiond_export.files import FLOAT32, quantised_name
from emotiond_export.tensorflow import import_tensorflow
from emotiond_training.card.card import CARD, METRICS, write_card
from emotiond_training.corpora.clips import Clip, labels_of
from emotiond_training.corpora.folders import read_folders
from emotiond_training.corpora.noises import Noise
from emotiond_training.evaluation.calibration import Calibration
from emotiond_training.evaluation.processes import run_rounds
from emotiond_training.evaluation.rounds import (
    PLAIN,
    ROBUSTNESS,
    ClipResult,
    RoundResult,
    Task,
    run_round,
)
from emotiond_training.evaluation.scores import score
from emotiond_training.evaluation.shipping import read_shipping
from emotiond_training.fitting.materials import Materials
from emotiond_training.networks import Seed
from emotiond_training.progress import Reporter
from emotiond_training.recipe import load_recipe
from emotiond_training.splits.leaks import LeakError
from emotiond_training.splits.protocols import HeldOut, Round, heard_in, plan_rounds
from tests.daemon.clusters import cluster_of
from tests.deadly import Deadly

INT8 = quantised_name("int8")
LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""Labels of the shipped model, which the tests use instead of a trained one."""


@pytest.fixture(scope="module")
def clips(write_tone, tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Clips of two corpora with six and three speakers; each speaker has a clip of each label."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for corpus, speakers in (("nemo", 6), ("ased", 3)):
        for speaker in range(speakers):
            for number, label in enumerate(LABELS):
                seed = 100 * speaker + number + len(made)
                path = folder / f"{corpus}_{speaker}_{label}.wav"
                write_tone(path, 150.0 * (number + 1), seed)
                made.append(Clip(path, label, f"{corpus}_{speaker}", "1", corpus))
    return made


class Trainer:
    """A fake training: copies the shipped model and records the name of the round."""

    def __init__(self) -> None:
        self.trained: list[str] = []

    def __call__(self, clips, train, recipe, labels, materials, folder, reporter) -> None:
        assert labels == LABELS
        self.trained.append(folder.name)
        contract, flatbuffer = read_model(SMALL_MODEL)
        for name in (INT8, FLOAT32):
            write_model(folder / name, flatbuffer, contract)


def interrupted(*arguments: object) -> None:
    """A fake training that is interrupted."""
    raise KeyboardInterrupt


@pytest.fixture
def reporter() -> Reporter:
    return Reporter(Console(file=io.StringIO()))


@pytest.fixture
def plans(clips: list[Clip]) -> list[Round]:
    return plan_rounds(["speakers"], clips, 1)[:2]


def tasks_of(plans: list[Round], clips: list[Clip], out: Path, conditions=PLAIN) -> list[Task]:
    """Return the tasks of planned rounds."""
    recipe, materials = load_recipe("seed"), Materials([], (), out / "copies")
    return [
        Task(
            plan, clips, recipe, out / "rounds" / plan.name, materials, heard_in(plans), conditions
        )
        for plan in plans
    ]


def test_rounds_on_a_cluster_give_the_same_results(clips, tmp_path, reporter):
    pytest.importorskip("distributed", reason="needs the extra cluster")
    plans = plan_rounds(["speakers"], clips, 1)[:2]
    here = run_rounds(tasks_of(plans, clips, tmp_path / "here"), reporter, Trainer())
    with cluster_of(1) as cluster:
        tasks = tasks_of(plans, clips, tmp_path / "there")
        there = run_rounds(tasks, reporter, Trainer(), cluster=cluster.address)
    for one, other in zip(here, there, strict=True):
        assert one.calibration == other.calibration
    assert len(there) == 2


def test_rounds_give_the_figures_the_card_and_the_calibration_to_ship(clips, tmp_path, reporter):
    plans = plan_rounds(["speakers", "cross-corpus"], clips, 1)
    plans = [plan for plan in plans if plan.name in ("shared-1", "shared-2", "without-ased")]
    tasks = tasks_of(plans, clips, tmp_path, (*PLAIN, *ROBUSTNESS))
    results = run_rounds(tasks, reporter, Trainer())
    evaluation = score(plans, results, clips, load_recipe("seed"))
    write_card(tmp_path, evaluation)

    rows = {(each.row.protocol, each.row.corpus): each.row for each in evaluation.outcomes}
    assert set(rows) == {("speakers", "nemo"), ("speakers", "ased"), ("cross-corpus", "ased")}
    assert rows["cross-corpus", "ased"].clips == 21
    assert rows["cross-corpus", "ased"].speakers == 3
    assert rows["cross-corpus", "ased"].quiet_uar is None
    assert rows["speakers", "ased"].quiet_uar is not None
    assert {row.interval_over for row in rows.values()} == {"speakers"}
    # The fake training writes the same network into both files.
    assert all(row.float32_uar == row.uar for row in rows.values())

    card = (tmp_path / CARD).read_text()
    for (protocol, corpus), row in rows.items():
        assert f"| `{protocol}` | {corpus} | **{row.uar:.1%}** |" in card
        assert f"confusion-{protocol}-{corpus}.png" in card
    assert "14.3% (7 answers)" in card
    assert "## Robustness" in card
    for name in ("shared-1", "shared-2", "without-ased"):
        assert f"| {name} | 7 | 1 |" in card
    for picture in (tmp_path / "evaluation").iterdir():
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert f"(evaluation/{picture.name})" in card
    assert str(tmp_path) not in card

    shipping = read_shipping(tmp_path / METRICS)
    assert shipping == evaluation.shipping
    found = [each.calibration.temperature for each in results]
    assert shipping.temperature == pytest.approx(np.median(found), abs=1e-4)


def test_clips_whose_text_belongs_to_one_emotion_are_left_out_of_the_shared_text_figure(
    clips, tmp_path, reporter
):
    # Two emotions of the second corpus have sentences of their own.
    table = [
        msgspec.structs.replace(each, text=each.label)
        if each.corpus == "ased" and each.label in ("fear", "sad")
        else each
        for each in clips
    ]
    plans = plan_rounds(["speakers"], table, 1)
    results = run_rounds(tasks_of(plans, table, tmp_path), reporter, Trainer())
    evaluation = score(plans, results, table, load_recipe("seed"))
    write_card(tmp_path, evaluation)
    rows = {each.row.corpus: each for each in evaluation.outcomes}
    assert rows["nemo"].row.shared_text_uar is None
    ased = rows["ased"]
    assert (ased.row.clips, ased.row.shared_text_clips) == (21, 15)
    shared = [number for number, label in enumerate(LABELS) if label not in ("fear", "sad")]
    recalls = [ased.confusion[number, number] / 3 for number in shared]
    assert ased.row.shared_text_uar == pytest.approx(np.mean(recalls))
    sentence = f"Some sentences of ased .* the UAR is **{np.mean(recalls):.1%}** (`speakers`, 15)."
    before, _, after = sentence.partition(".*")
    card = (tmp_path / CARD).read_text()
    assert before in card
    assert after in card


@pytest.mark.parametrize(
    ("abstain_below", "coverage", "precision"),
    [(0.6, 0.5, 1.0), (0.0, 0.75, 2 / 3), (1.0, 0, None)],
)
def test_a_clip_without_speech_counts_as_wrong_and_reaches_no_threshold(
    abstain_below: float, coverage: float, precision: float | None
):
    said = [("high", (0.9, 0.1)), ("low", (0.2, 0.8)), ("low", (0.55, 0.45)), ("high", ())]
    table = [Clip(Path(f"{i}.wav"), said[i][0], f"{i}", None, "mine") for i in range(4)]
    none, everything = np.array([], int), np.arange(4)
    held_out = HeldOut("speakers", "mine", everything, "speaker")
    result = RoundResult(
        ("high", "low"),
        Calibration(abstain_below=abstain_below),
        PLAIN,
        [
            ClipResult(str(clip.path), clip.label, dict.fromkeys(PLAIN, row))
            for clip, (_, row) in zip(table, said, strict=True)
        ],
    )
    plan = Round("one", none, none, (held_out,))
    (outcome,) = score([plan], [result], table, load_recipe("seed")).outcomes
    assert outcome.confidence.tolist() == [0.9, 0.8, 0.55, 0.0]
    assert outcome.right.tolist() == [True, True, False, False]
    assert outcome.confusion.tolist() == [[1, 0, 1], [1, 1, 0]]
    row = outcome.row
    assert (row.clips, row.no_speech, row.accuracy, row.uar) == (4, 1, 0.5, 0.5)
    assert (row.coverage, row.precision) == (coverage, pytest.approx(precision))


def test_a_round_calibrates_both_files_on_speakers_outside_training_and_test(
    clips, plans, tmp_path, reporter
):
    task = tasks_of(plans, clips, tmp_path)[0]
    found = run_round(task, reporter, Trainer()).calibration
    assert (found.clips, found.speakers) == (7, 1)
    assert found.nll_after <= found.nll_before
    for name in (INT8, FLOAT32):
        contract = read_contract(task.folder / name)
        assert contract.temperature == found.temperature
        assert contract.abstain_below == found.abstain_below
    tests = json.loads((task.folder / "test.json").read_text())
    assert [(each["protocol"], each["corpus"]) for each in tests] == [
        ("speakers", "ased"),
        ("speakers", "nemo"),
    ]
    result = json.loads((task.folder / "heard.json").read_text())
    assert {each["path"] for each in result["clips"]} == {
        path for each in tests for path, _, _ in each["clips"]
    }


def test_an_interrupted_evaluation_goes_on_with_the_next_round(clips, plans, tmp_path, reporter):
    tasks = tasks_of(plans, clips, tmp_path)
    run_round(tasks[0], reporter, Trainer())
    with pytest.raises(KeyboardInterrupt):
        run_rounds(tasks, reporter, interrupted)
    before = (tasks[0].folder / "heard.json").read_bytes()

    second = Trainer()
    results = run_rounds(tasks, reporter, second)
    assert second.trained == ["shared-2"]
    assert (tasks[0].folder / "heard.json").read_bytes() == before
    # The result is that of an evaluation without interruption.
    fresh = tasks_of(plans, clips, tmp_path / "fresh")[1]
    assert results[1] == run_round(fresh, reporter, Trainer())


def refused(*arguments: object) -> None:
    """A fake training whose export fails."""
    raise EmotiondError("disagrees too often")


@pytest.mark.parametrize(
    ("train", "message"),
    [(refused, "^disagrees too often$"), (Deadly(), "a training process died, .* to go on$")],
)
def test_a_failure_in_a_training_process_is_reported_in_one_sentence(
    clips, plans, tmp_path, reporter, train, message
):
    with pytest.raises(EmotiondError, match=message):
        run_rounds(tasks_of(plans[:1], clips, tmp_path), reporter, train, jobs=2)


def test_rounds_in_parallel_give_the_same_results_as_one_after_the_other(
    clips, plans, tmp_path, reporter
):
    one, two = (tasks_of(plans, clips, tmp_path / jobs) for jobs in ("one", "two"))
    assert run_rounds(one, reporter, Trainer()) == run_rounds(two, reporter, Trainer(), jobs=2)


def test_a_round_that_was_trained_but_not_tested_is_not_trained_again(
    clips, plans, tmp_path, reporter
):
    task = tasks_of(plans, clips, tmp_path)[0]
    first = run_round(task, reporter, Trainer())
    (task.folder / "heard.json").unlink()
    again = Trainer()
    assert run_round(task, reporter, again) == first
    assert not again.trained


@pytest.mark.parametrize("change", ["recipe", "clips", "noise", "another noise", "rooms"])
def test_the_folder_of_another_evaluation_is_refused(
    clips, plans, tmp_path, reporter, write_tone, change
):
    for name in ("rain.wav", "halls/1.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_tone(tmp_path / name, 300.0, 1)
    noises = [Noise(tmp_path / "rain.wav", "rain")]
    materials = Materials(noises, (tmp_path / "halls",), tmp_path / "copies")
    task = tasks_of(plans, clips, tmp_path)[0]._replace(materials=materials)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_round(task, reporter, interrupted)
    if change == "recipe":
        task = task._replace(recipe=msgspec.structs.replace(task.recipe, epochs=99))
    elif change == "clips":
        task = task._replace(round=task.round._replace(train=task.round.train[1:]))
    elif change == "noise":
        write_tone(tmp_path / "rain.wav", 300.0, 2)
    elif change == "another noise":
        task = task._replace(materials=materials._replace(noises=[*noises, *noises]))
    else:
        write_tone(tmp_path / "halls" / "2.wav", 300.0, 1)
    with pytest.raises(
        InputError, match=r"a round of another recipe, other recordings or other protocols"
    ):
        run_round(task, reporter, Trainer())


def test_a_round_with_a_recording_that_has_changed_is_refused(clips, plans, tmp_path, reporter):
    first = plans[0].train[0]
    path = tmp_path / "mine.wav"
    path.write_bytes(clips[first].path.read_bytes())
    table = [*clips]
    table[first] = msgspec.structs.replace(clips[first], path=path)
    task = tasks_of(plans, table, tmp_path)[0]
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_round(task, reporter, interrupted)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(InputError, match=r"of another recipe, other recordings or other protocols"):
        run_round(task, reporter, Trainer())


def test_a_run_whose_export_failed_is_exported_without_training_again(
    three_labels, tmp_path, reporter, monkeypatch
):
    import_tensorflow()
    from emotiond_training.fitting import train as training

    clips = read_folders(three_labels)
    small = Seed(filters=(4, 4), kernel=3, pool=4, dense=4, dropout=0.0)
    recipe = msgspec.structs.replace(load_recipe("seed", epochs=1), network=small)
    folder = tmp_path / "rounds" / "one"
    folder.mkdir(parents=True)
    materials = Materials([], (), tmp_path / "copies")
    train = np.arange(len(clips))
    arguments = (clips, train, recipe, labels_of(clips), materials, folder, reporter)
    with monkeypatch.context() as patch:
        patch.setattr(training, "export_run", refused)
        with pytest.raises(EmotiondError, match="disagrees"):
            training.train_round(*arguments)
    assert not (folder / INT8).exists()
    assert set(json.loads((folder / "history.json").read_bytes())) == {"loss", "accuracy"}
    assert (folder / "learning-curves.png").exists()
    monkeypatch.delattr(training, "fit")
    # After one epoch the files may disagree on a few clips.
    monkeypatch.setattr("emotiond_export.parity.ALLOWED", {"float32": 1.0, "int8": 1.0})
    training.train_round(*arguments)
    assert read_contract(folder / INT8).labels == ("high", "low", "middle")


def test_a_round_that_leaks_is_not_trained(clips, plans, tmp_path, reporter):
    task = tasks_of(plans, clips, tmp_path)[0]
    leaking = np.append(task.round.train, task.round.tests[0].clips[0])
    trainer = Trainer()
    with pytest.raises(LeakError):
        run_round(task._replace(round=task.round._replace(train=leaking)), reporter, trainer)
    assert not trainer.trained
    assert not task.folder.exists()
