"""Rounds of an evaluation: each is trained, calibrated and tested in a folder of its own.

Each finished step leaves a file, so an interrupted evaluation goes on with the first missing step.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import numpy as np

from emotiond.errors import InputError, reason
from emotiond.model.file import read_model, write_model
from emotiond_export.files import FLOAT32, quantised_name
from emotiond_training.corpora.clips import Clip, content_hash, labels_of, opens_for
from emotiond_training.evaluation.calibration import Calibration, calibrate
from emotiond_training.evaluation.hearing import Heard, hearing, joined, pooled
from emotiond_training.evaluation.trunk import (
    CHECKED,
    check_file,
    classified,
    statistics_heard,
)
from emotiond_training.fitting.frozen import CLASSIFIER
from emotiond_training.fitting.materials import Materials
from emotiond_training.fitting.statistics import trunk_file
from emotiond_training.networks.perceptron import Perceptron
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.splits.folds import Indices
from emotiond_training.splits.leaks import check_round
from emotiond_training.splits.protocols import Round

CONDITIONS: Final = {"quantised": 0.0, "float32": 0.0, "quiet": -30.0, "loud": 10.0}
"""Test conditions: gain of the test clips (dB). All but float32 are of the quantised file."""
PLAIN: Final = ("quantised", "float32")
"""Conditions of all test clips."""
PLAIN_FROZEN: Final = ("quantised",)
"""The same for recipes on a fixed trunk, whose files are compared at export."""
ROBUSTNESS: Final = ("quiet", "loud")
"""Conditions of the test clips of the protocol ``speakers``, if they are asked for."""

PLAN: Final = "round.json"
TRAINED: Final = "trained.json"
CALIBRATED: Final = "calibrated.json"
TEST: Final = "test.json"
RESULT: Final = "heard.json"

Train = Callable[
    [Sequence[Clip], Indices, Recipe, tuple[str, ...], Materials, Path, Reporter], None
]
"""A function with the parameters of :func:`emotiond_training.fitting.train.train_round`."""
Content = TypeVar("Content")


class Task(NamedTuple):
    """A round to run.

    Parameters
    ----------
    round : Round
        The round.
    clips : sequence of Clip
        The whole table.
    recipe : Recipe
        The recipe.
    folder : Path
        Folder of the round; made if it is missing.
    materials : Materials
        Noises and rooms for a mixture.
    heard : np.ndarray [shape=(n,)]
        Indices of the clips that any round tests or calibrates on, in ascending order.
    conditions : tuple of str
        Test conditions, of :data:`CONDITIONS`.
    jobs : int
        Processes that classify recordings, at least 1.
    """

    round: Round
    clips: Sequence[Clip]
    recipe: Recipe
    folder: Path
    materials: Materials
    heard: Indices
    conditions: tuple[str, ...] = PLAIN
    jobs: int = 1

    @property
    def labels(self) -> tuple[str, ...]:
        """Emotions in the order of the network's outputs."""
        plan = self.round
        sets = (plan.train, plan.calibration, *(each.clips for each in plan.tests))
        return labels_of([self.clips[index] for indices in sets for index in indices])

    @property
    def model(self) -> Path:
        """The round's quantised model file."""
        return self.folder / quantised_name(self.recipe.quantisation)


class ClipResult(msgspec.Struct, frozen=True):
    """The model's result for a test clip.

    Parameters
    ----------
    path : str
        Path of the recording.
    label : str
        True label.
    probabilities : dict of str to tuple of float
        For each condition, the probabilities in the order of the round's labels; empty if the
        engine found no speech.
    """

    path: str
    label: str
    probabilities: dict[str, tuple[float, ...]]


class RoundResult(msgspec.Struct, frozen=True):
    """Content of a round's ``heard.json``.

    Parameters
    ----------
    labels : tuple of str
        Labels in the order of the probabilities, without ``no_speech``.
    calibration : Calibration
        Calibration of the model files.
    conditions : tuple of str
        Conditions under which the clips were tested.
    clips : list of ClipResult
        Result of each test clip.
    """

    labels: tuple[str, ...]
    calibration: Calibration
    conditions: tuple[str, ...]
    clips: list[ClipResult]


class TestSet(msgspec.Struct, frozen=True):
    """A test set in a round's ``test.json``: clips of one corpus for one protocol.

    Parameters
    ----------
    protocol : str
        Name of the protocol.
    corpus : str
        Name of the corpus.
    clips : list of tuple of (str, str, str or None)
        Path, true label and speaker of each clip.
    """

    protocol: str
    corpus: str
    clips: list[tuple[str, str, str | None]]


def run_round(task: Task, reporter: Reporter, train: Train) -> RoundResult:
    """Train, calibrate and test a round; skip the steps that are finished.

    Parameters
    ----------
    task : Task
        The round.
    reporter : Reporter
        Shows the progress.
    train : callable
        :func:`emotiond_training.fitting.train.train_round`, or a function with its parameters.

    Raises
    ------
    EmotiondError
        If the round leaks, if the folder holds another round, or if a step fails.
    """
    folder = task.folder
    check_round(task.clips, task.round)
    _claim(task)
    done = _read(folder / RESULT, RoundResult)
    if done and set(task.conditions) <= set(done.conditions):
        return done
    if not (folder / TRAINED).exists():
        reporter.say(f"training on {len(task.round.train)} clips")
        plan, materials = task.round, task.materials
        train(task.clips, plan.train, task.recipe, task.labels, materials, folder, reporter)
        _write(folder / TRAINED, {"labels": task.labels})
        _check_trunk(task, reporter)
    calibration = _read(folder / CALIBRATED, Calibration)
    if calibration is None:
        calibration = _calibrate(task, reporter)
        for path in (task.model, folder / FLOAT32):
            _write_contract(path, calibration)
        _write(folder / CALIBRATED, calibration)
    result = _test(task, calibration, reporter)
    _write(folder / RESULT, result)
    return result


def round_clips(path: Path) -> list[Clip]:
    """Return the test clips of the protocol ``speakers`` from a round's ``test.json``.

    Raises
    ------
    InputError
        If the file can't be read, or if it is not the ``test.json`` of a round.
    """
    try:
        tests = msgspec.json.decode(path.read_bytes(), type=list[TestSet])
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not the test.json of a round") from error
    rows = {
        recording: Clip(Path(recording), label, speaker, None, test.corpus)
        for test in tests
        if test.protocol == "speakers"
        for recording, label, speaker in test.clips
    }
    return list(rows.values())


def _claim(task: Task) -> None:
    """Write what a round is made from into its folder, or refuse the folder of another round."""
    plan = task.round
    sets = (plan.train, plan.calibration, *(each.clips for each in plan.tests))
    files = [
        sorted(
            (str(clip.path), content_hash(clip.path), clip.label)
            for clip in map(task.clips.__getitem__, indices)
        )
        for indices in sets
    ]
    tests = [
        TestSet(
            each.protocol,
            each.corpus,
            [
                (str(clip.path), clip.label, clip.speaker)
                for clip in map(task.clips.__getitem__, each.clips)
            ],
        )
        for each in plan.tests
    ]
    digest = hashlib.sha256(msgspec.json.encode((files, tests))).hexdigest()
    content = {"recipe": task.recipe, "clips": digest, "materials": task.materials.digest()}
    task.folder.mkdir(parents=True, exist_ok=True)
    known = _read(task.folder / PLAN, dict[str, Any])
    if known is not None and known != msgspec.json.decode(msgspec.json.encode(content)):
        raise InputError(
            f"{task.folder}: a round of another recipe, other recordings or other protocols; "
            "give another --out, or remove this folder"
        )
    _write(task.folder / TEST, tests)
    _write(task.folder / PLAN, content)


def _calibrate(task: Task, reporter: Reporter) -> Calibration:
    """Find temperature and threshold on the calibration clips, through the quantised file."""
    indices = task.round.calibration
    if not len(indices):
        return Calibration(abstain_below=task.recipe.abstain_below)
    contract, _ = read_model(task.model)
    clips = [task.clips[index] for index in indices]
    outputs = _outputs(task, indices, "quantised", reporter, "classifying calibration clips")
    corpora = sorted({clip.corpus for clip in clips})
    return calibrate(
        outputs,
        contract.labels,
        np.array([contract.reported.index(clip.label) for clip in clips]),
        tuple(str(clip.speaker) for clip in clips),
        np.array([corpora.index(clip.corpus) for clip in clips]),
        task.recipe.precision,
    )


def _write_contract(path: Path, calibration: Calibration) -> None:
    """Write temperature and threshold into a model file."""
    contract, flatbuffer = read_model(path)
    calibrated = msgspec.structs.replace(
        contract, temperature=calibration.temperature, abstain_below=calibration.abstain_below
    )
    write_model(path, flatbuffer, calibrated)


def _test(task: Task, calibration: Calibration, reporter: Reporter) -> RoundResult:
    """Classify all test clips, once under each condition."""
    contract, _ = read_model(task.model)
    indices = np.unique(np.concatenate([each.clips for each in task.round.tests]))
    results: list[dict[str, tuple[float, ...]]] = [{} for _ in indices]
    for condition in task.conditions:
        # Robustness is measured on speakers outside the training only.
        wanted = indices if condition in PLAIN else _strangers(task.round)
        if not len(wanted):
            continue
        outputs = _outputs(
            task, wanted, condition, reporter, f"classifying test clips, {condition}"
        )
        rows = pooled(outputs, contract.labels, contract.temperature)
        for index, row in zip(wanted, rows, strict=True):
            probabilities = tuple(np.round(row, 6).tolist()) if row.any() else ()
            results[int(np.searchsorted(indices, index))][condition] = probabilities
    clips = [task.clips[index] for index in indices]
    return RoundResult(
        labels=contract.reported,
        calibration=calibration,
        conditions=task.conditions,
        clips=[
            ClipResult(str(clip.path), clip.label, each)
            for clip, each in zip(clips, results, strict=True)
        ],
    )


def _strangers(plan: Round) -> Indices:
    """Return the test clips of the protocol ``speakers``."""
    sets = [each.clips for each in plan.tests if each.protocol == "speakers"]
    return np.unique(np.concatenate(sets)) if sets else np.array([], np.intp)


def _outputs(task: Task, indices: Indices, condition: str, reporter: Reporter, what: str) -> Heard:
    """Return the outputs of a round's model for clips under a condition."""
    if task.recipe.frozen:
        classifier = Perceptron.read(task.folder / CLASSIFIER)
        heard = _statistics(task, indices, CONDITIONS[condition], reporter)
        return classified(heard, classifier)
    model = task.folder / FLOAT32 if condition == "float32" else task.model
    paths = [task.clips[index].path for index in indices]
    with closing(hearing(model, paths, task.jobs, gain_db=CONDITIONS[condition])) as each:
        return joined(list(reporter.track(each, len(paths), what)))


def embeddings_of(task: Task, indices: Indices, reporter: Reporter) -> tuple[Heard, Heard]:
    """Return the embeddings and the calibrated logits of clips under a round on a fixed trunk.

    Parameters
    ----------
    task : Task
        The round, which is finished.
    indices : np.ndarray [shape=(n,)]
        Indices of the clips, in ascending order.
    reporter : Reporter
        Shows the progress.
    """
    classifier = Perceptron.read(task.folder / CLASSIFIER)
    contract, _ = read_model(task.model)
    heard = _statistics(task, indices, 0.0, reporter)
    logits = classified(heard, classifier).logits / contract.temperature
    return heard._replace(logits=classifier.standard(heard.logits)), heard._replace(logits=logits)


def _statistics(task: Task, indices: Indices, gain_db: float, reporter: Reporter) -> Heard:
    """Return what a round's trunk says of clips."""
    materials, train = task.materials, task.round.train
    return statistics_heard(
        trunk_file(task.recipe, materials, opens_for([task.clips[index] for index in train])),
        [task.clips[index] for index in task.heard],
        np.searchsorted(task.heard, indices),
        materials.cache,
        reporter,
        gain_db=gain_db,
        jobs=task.jobs,
    )


def _check_trunk(task: Task, reporter: Reporter) -> None:
    """Check that a round's own file says what its trunk and its classifier say, on a few clips."""
    if not task.recipe.frozen:
        return
    chosen = task.heard[:: max(1, len(task.heard) // CHECKED)][:CHECKED]
    check_file(
        task.model,
        [task.clips[index] for index in chosen],
        _statistics(task, chosen, 0.0, reporter),
        Perceptron.read(task.folder / CLASSIFIER),
        task.jobs,
    )


def _read(path: Path, kind: type[Content]) -> Content | None:
    """Read a file of a round; None if it is missing or of another version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _write(path: Path, content: object) -> None:
    """Write a file of a round atomically, so that a file that exists is complete."""
    text = msgspec.json.encode(content)
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(msgspec.json.format(text, indent=1) + b"\n")
    new.replace(path)
