"""Test clips through the model file and the engine, as the daemon hears; without TensorFlow."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from emotiond.classify import classify
from emotiond.runtime import Classifier
from emotiond.sound import file_blocks

WORKERS: Final = 2

_classifier: Classifier | None = None
"""The classifier of a worker process, loaded once."""


@contextmanager
def heard(model: Path, recordings: Sequence[Path]) -> Iterator[Iterator[tuple[float, ...]]]:
    """Hear recordings, several at a time.

    Parameters
    ----------
    model : Path
        A model file.
    recordings : sequence of Path
        Sound files.

    Yields
    ------
    iterator of tuple of float
        Probabilities of each recording in turn, in the order of the model's labels; empty where the
        engine heard no speech.

    Raises
    ------
    EmotiondError
        If the model or a recording can't be used.
    """
    pool = ProcessPoolExecutor(
        WORKERS, mp_context=get_context("spawn"), initializer=_load, initargs=(model,)
    )
    with pool:
        yield pool.map(_hear, recordings, chunksize=8)


def _load(model: Path) -> None:
    global _classifier
    _classifier = Classifier(model)


def _hear(recording: Path) -> tuple[float, ...]:
    if _classifier is None:
        raise RuntimeError("this process has loaded no classifier")
    contract = _classifier.contract
    verdict = classify(_classifier, file_blocks(recording, contract.mfcc.sample_rate))
    if not verdict.probabilities:
        return ()
    return tuple(verdict.probabilities[label] for label in contract.reported)
