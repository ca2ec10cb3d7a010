"""Rounds of an evaluation: each trained, calibrated and heard in a folder of its own.

What a round has finished stays finished: an evaluation that was interrupted goes on where it was.
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
from emotiond_export.files import FLOAT32, INT8
from emotiond_training.corpora.clips import Clip, content_hash, labels_of
from emotiond_training.evaluation.calibration import Calibration, calibrate
from emotiond_training.evaluation.hearing import Heard, hearing, joined, pooled
from emotiond_training.fitting.materials import Materials
from emotiond_training.progress import Reporter
from emotiond_training.recipe import Recipe
from emotiond_training.splits.folds import Indices
from emotiond_training.splits.leaks import check_round
from emotiond_training.splits.protocols import Round

CONDITIONS: Final = {
    "int8": (INT8, 0.0),
    "float32": (FLOAT32, 0.0),
    "quiet": (INT8, -30.0),
    "loud": (INT8, 10.0),
}
"""How test clips are heard: model file, and how much louder they are made (dB)."""
PLAIN: Final = ("int8", "float32")
ROBUSTNESS: Final = ("quiet", "loud")

PLAN: Final = "round.json"
TRAINED: Final = "trained.json"
CALIBRATED: Final = "calibrated.json"
TEST: Final = "test.json"
HEARD: Final = "heard.json"

Train = Callable[
    [Sequence[Clip], Indices, Recipe, tuple[str, ...], Materials, Path, Reporter], None
]
Content = TypeVar("Content")


class Task(NamedTuple):
    """A round to run, and what it takes."""

    round: Round
    clips: Sequence[Clip]
    recipe: Recipe
    folder: Path
    materials: Materials
    """What training may use beside clips."""
    conditions: tuple[str, ...] = PLAIN
    jobs: int = 1
    """Processes that hear recordings."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Emotions in the order of the network's outputs."""
        plan = self.round
        sets = (plan.train, plan.calibration, *(each.clips for each in plan.tests))
        return labels_of([self.clips[index] for indices in sets for index in indices])


class HeardClip(msgspec.Struct, frozen=True):
    """A test clip as it was heard.

    Parameters
    ----------
    path : str
        Its recording.
    label : str
        What is in it.
    probabilities : dict of str to tuple of float
        By condition, in the order of the round's labels; empty for no speech.
    """

    path: str
    label: str
    probabilities: dict[str, tuple[float, ...]]


class HeardRound(msgspec.Struct, frozen=True):
    """What ``heard.json`` of a round holds."""

    labels: tuple[str, ...]
    calibration: Calibration
    conditions: tuple[str, ...]
    clips: list[HeardClip]


class Tested(msgspec.Struct, frozen=True):
    """A test set in ``test.json``: a protocol's, of one corpus."""

    protocol: str
    corpus: str
    clips: list[tuple[str, str, str | None]]
    """Recording, true label and speaker."""


def run_round(task: Task, reporter: Reporter, train: Train) -> HeardRound:
    """Train, calibrate and hear a round, without what is done already.

    Parameters
    ----------
    task : Task
        The round.
    reporter : Reporter
        Told of the progress.
    train : callable
        As :func:`emotiond_training.fitting.train.train_round`.

    Raises
    ------
    EmotiondError
        If the round leaks, the folder holds another round, or a step fails.
    """
    folder = task.folder
    check_round(task.clips, task.round)
    _claim(task)
    done = _read(folder / HEARD, HeardRound)
    if done and set(task.conditions) <= set(done.conditions):
        return done
    if not (folder / TRAINED).exists():
        reporter.say(f"training on {len(task.round.train)} clips")
        plan, materials = task.round, task.materials
        train(task.clips, plan.train, task.recipe, task.labels, materials, folder, reporter)
        _write(folder / TRAINED, {"labels": task.labels})
    calibration = _read(folder / CALIBRATED, Calibration)
    if calibration is None:
        calibration = _calibrate(task, reporter)
        _write_contracts(folder, calibration)
        _write(folder / CALIBRATED, calibration)
    heard = _hear_tests(task, calibration, reporter)
    _write(folder / HEARD, heard)
    return heard


def round_clips(path: Path) -> list[Clip]:
    """Read the clips of strangers that a round of an evaluation tested, from its ``test.json``.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        tests = msgspec.json.decode(path.read_bytes(), type=list[Tested])
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
    """Write into a round's folder what it is of, or check that it is of the same."""
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
        Tested(
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
            f"{task.folder}: of another recipe, other recordings or other protocols; "
            "give another --out, or remove it"
        )
    _write(task.folder / TEST, tests)
    _write(task.folder / PLAN, content)


def _calibrate(task: Task, reporter: Reporter) -> Calibration:
    """Hear the calibration clips and find temperature and threshold on them."""
    indices = task.round.calibration
    if not len(indices):
        return Calibration(abstain_below=task.recipe.abstain_below)
    contract, _ = read_model(task.folder / INT8)
    clips = [task.clips[index] for index in indices]
    heard = _hear(task, indices, "int8", reporter, "hearing calibration clips")
    corpora = sorted({clip.corpus for clip in clips})
    return calibrate(
        heard,
        contract.labels,
        np.array([contract.reported.index(clip.label) for clip in clips]),
        tuple(str(clip.speaker) for clip in clips),
        np.array([corpora.index(clip.corpus) for clip in clips]),
    )


def _write_contracts(folder: Path, calibration: Calibration) -> None:
    """Write temperature and threshold into both model files."""
    for name in (INT8, FLOAT32):
        contract, flatbuffer = read_model(folder / name)
        calibrated = msgspec.structs.replace(
            contract,
            temperature=calibration.temperature,
            abstain_below=calibration.abstain_below,
        )
        write_model(folder / name, flatbuffer, calibrated)


def _hear_tests(task: Task, calibration: Calibration, reporter: Reporter) -> HeardRound:
    """Hear all test clips, each once for each condition."""
    contract, _ = read_model(task.folder / INT8)
    indices = np.unique(np.concatenate([each.clips for each in task.round.tests]))
    said: list[dict[str, tuple[float, ...]]] = [{} for _ in indices]
    for condition in task.conditions:
        # Robustness is asked of strangers only.
        wanted = indices if condition in PLAIN else _strangers(task.round)
        if not len(wanted):
            continue
        heard = _hear(task, wanted, condition, reporter, f"hearing test clips, {condition}")
        rows = pooled(heard, contract.labels, contract.temperature)
        for index, row in zip(wanted, rows, strict=True):
            spoken = tuple(np.round(row, 6).tolist()) if row.any() else ()
            said[int(np.searchsorted(indices, index))][condition] = spoken
    clips = [task.clips[index] for index in indices]
    return HeardRound(
        labels=contract.reported,
        calibration=calibration,
        conditions=task.conditions,
        clips=[
            HeardClip(str(clip.path), clip.label, each)
            for clip, each in zip(clips, said, strict=True)
        ],
    )


def _strangers(plan: Round) -> Indices:
    """Return the test clips of the protocol ``speakers``."""
    sets = [each.clips for each in plan.tests if each.protocol == "speakers"]
    return np.unique(np.concatenate(sets)) if sets else np.array([], np.intp)


def _hear(task: Task, indices: Indices, condition: str, reporter: Reporter, what: str) -> Heard:
    name, gain_db = CONDITIONS[condition]
    paths = [task.clips[index].path for index in indices]
    with closing(hearing(task.folder / name, paths, task.jobs, gain_db=gain_db)) as outputs:
        return joined(list(reporter.track(outputs, len(paths), what)))


def _read(path: Path, kind: type[Content]) -> Content | None:
    """Read a file of a round; None where there is none, or what is there is of another version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _write(path: Path, content: object) -> None:
    """Write a file of a round in one step: it is there only when it is whole."""
    text = msgspec.json.encode(content)
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(msgspec.json.format(text, indent=1) + b"\n")
    new.replace(path)
