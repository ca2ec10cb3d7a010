"""Recordings that can't be read, found before anything is trained."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from emotiond.audio.files import file_blocks
from emotiond.errors import InputError, SoundError
from emotiond.pool import cores, in_order
from emotiond_training.progress import Reporter

Item = TypeVar("Item")

SAMPLE_RATE: Final = 16_000
"""Rate that the first block is read at (Hz); any would do."""
FEW: Final = 1000
"""Recordings that are read in this process: to start others takes longer."""


def without_broken(
    items: Sequence[Item], path_of: Callable[[Item], Path], reporter: Reporter, *, skip: bool
) -> tuple[list[Item], list[Item]]:
    """Take out recordings that can't be read: the first sound of each is read to find them.

    Parameters
    ----------
    items : sequence
        Recordings: paths, clips or noises.
    path_of : callable
        Returns the sound file of a recording.
    reporter : Reporter
        Shows the progress; gets a line for each recording that can't be read.
    skip : bool
        Go on without them.

    Returns
    -------
    list
        Recordings that can be read.
    list
        The others.

    Raises
    ------
    InputError
        If there are others and they are not to be skipped.
    """
    if not items:
        return [], []
    paths = [path_of(item) for item in items]
    jobs = 1 if len(paths) <= FEW else cores()
    with closing(in_order(_checker, paths, jobs)) as problems:
        found = list(reporter.track(problems, len(paths), "checking recordings"))
    for path, problem in zip(paths, found, strict=True):
        if problem != "":
            reporter.say(problem or f"{path}: ends the process that reads it")
    broken = [item for item, problem in zip(items, found, strict=True) if problem != ""]
    if broken and not skip:
        raise InputError(
            f"{len(broken)} of {len(items)} recordings can't be read, as listed above; "
            "mend them, remove them, or leave them out with --skip-broken"
        )
    return [item for item, problem in zip(items, found, strict=True) if problem == ""], broken


def _checker() -> Callable[[Path], str]:
    """Return a function from a recording to the reason that it can't be read; empty if it can."""

    def problem(recording: Path) -> str:
        try:
            any(len(block) for block in file_blocks(recording, SAMPLE_RATE))
        except SoundError as error:
            return str(error)
        return ""

    return problem
