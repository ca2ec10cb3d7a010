"""Recordings through a fixed trunk and the engine, once for all rounds that share the trunk.

The rounds of a recipe on a trunk differ in the classifier alone, and the trunk is nearly all of the
work. So the trunk's own file hears each recording once, and each round puts its classifier behind
what that file said. :func:`check_file` makes sure that the round's own file says the same.
"""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from emotiond.errors import EmotiondError
from emotiond.model.file import read_contract
from emotiond_training.corpora.clips import Clip, content_hash
from emotiond_training.evaluation.hearing import (
    Heard,
    Numbers,
    hearing,
    joined,
    only,
    pooled,
    together,
)
from emotiond_training.fitting.statistics import locked
from emotiond_training.networks.perceptron import Perceptron
from emotiond_training.progress import Reporter

CHUNK: Final = 500
"""Recordings of one file on disk: a work that was broken off goes on with the next."""
CHECKED: Final = 24
"""Recordings that a round's own file hears, too."""
ALLOWED: Final = 0.005
"""Largest mean difference between its probabilities and those of trunk and classifier."""


def statistics_heard(
    trunk: Path,
    clips: Sequence[Clip],
    indices: Numbers,
    folder: Path,
    reporter: Reporter,
    *,
    gain_db: float = 0.0,
    jobs: int = 1,
) -> Heard:
    """Return what a trunk says of recordings, from disk or heard now.

    Parameters
    ----------
    trunk : Path
        Model file of the trunk.
    clips : sequence of Clip
        Recordings that the rounds hear, the same for every round.
    indices : np.ndarray [shape=(n,)]
        Indices of the wanted clips, in ascending order.
    folder : Path
        Folder that keeps the statistics.
    reporter : Reporter
        Shows the progress.
    gain_db : float
        How much louder the recordings are made (dB).
    jobs : int
        Processes that hear, at least 1.

    Returns
    -------
    Heard
        Statistics [shape=(windows, statistics), dtype=float16] in place of logits.
    """
    parts = []
    for start in range(0, len(clips), CHUNK):
        chunk = clips[start : start + CHUNK]
        wanted = indices[(indices >= start) & (indices < start + len(chunk))] - start
        if len(wanted):
            path = folder / f"heard-{_digest(trunk, chunk, gain_db)}.npz"
            with locked(path):
                if not path.exists():
                    what = f"classifying recordings {start + 1} to {start + len(chunk)}"
                    _write(path, _hear(trunk, chunk, gain_db, jobs, reporter, what))
            with np.load(path) as file:
                parts.append(only(Heard(*(file[name] for name in Heard._fields)), wanted))
    return together(parts)


def check_file(
    model: Path, clips: Sequence[Clip], heard: Heard, classifier: Perceptron, jobs: int
) -> None:
    """Check that a model file says of recordings what trunk and classifier say.

    Parameters
    ----------
    model : Path
        The file of a round.
    clips : sequence of Clip
        Recordings.
    heard : Heard
        Statistics of the same recordings.
    classifier : Perceptron
        The classifier of the round.
    jobs : int
        Processes that hear, at least 1.

    Raises
    ------
    EmotiondError
        If the mean difference of the probabilities is above :data:`ALLOWED`.
    """
    labels = read_contract(model).labels
    with closing(hearing(model, [clip.path for clip in clips], jobs)) as each:
        of_file = pooled(joined(list(each)), labels, 1.0)
    of_trunk = pooled(classified(heard, classifier), labels, 1.0)
    difference = float(np.abs(of_file - of_trunk).mean())
    if difference > ALLOWED:
        raise EmotiondError(
            f"{model}: its probabilities differ by {difference:.3f} from those of its trunk and "
            f"classifier, more than the {ALLOWED} allowed"
        )


def classified(heard: Heard, classifier: Perceptron) -> Heard:
    """Return recordings with logits in place of statistics."""
    return heard._replace(logits=classifier.logits(heard.logits))


def _hear(
    trunk: Path, clips: Sequence[Clip], gain_db: float, jobs: int, reporter: Reporter, what: str
) -> Heard:
    paths = [clip.path for clip in clips]
    with closing(hearing(trunk, paths, jobs, gain_db=gain_db, embeddings=True)) as each:
        heard = joined(list(reporter.track(each, len(paths), what)))
    return heard._replace(logits=heard.logits.astype(np.float16))


def _write(path: Path, heard: Heard) -> None:
    """Write a file atomically, so that a file that exists is complete."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        np.savez(file, **heard._asdict())
    new.replace(path)


def _digest(trunk: Path, clips: Sequence[Clip], gain_db: float) -> str:
    content = (content_hash(trunk), [content_hash(clip.path) for clip in clips], gain_db)
    return hashlib.sha256(repr(content).encode()).hexdigest()[:12]
