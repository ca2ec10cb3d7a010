"""Parts of the commands that work on recordings: flags, the model, processes, the exit code."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from emotiond.cluster import in_order as cluster_in_order
from emotiond.errors import InputError, SoundError
from emotiond.model.choice import AUTO, model_file
from emotiond.model.interface import Model
from emotiond.model.runtime import load_quietly
from emotiond.model.taught import TaughtModel, Voices, taught
from emotiond.model.voices import chosen_profile
from emotiond.pool import cores, in_order
from emotiond.streams import complain, keep_stderr
from emotiond.terminal.bar import file_bar
from emotiond.values import at_least_one

Result = TypeVar("Result")


class ErrorLine(msgspec.Struct, frozen=True):
    """A line of JSON for a file that can't be read."""

    file: str
    error: str


class Chosen(NamedTuple):
    """A model and the voices that it was taught, as each process can load them.

    Parameters
    ----------
    path : Path
        The model file.
    voices : Voices or None
        All that a voice profile changes in it.
    """

    path: Path
    voices: Voices | None

    def load(self) -> Model:
        """Return the model."""
        untaught = load_quietly(self.path)
        return untaught if self.voices is None else TaughtModel(untaught, self.voices)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the files, ``--model``, ``--profile`` and ``--jobs``."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="sound files of any length, or folders of them"
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        default=AUTO,
        help="model: small, large, a file, or auto (default: auto)",
    )
    parser.add_argument(
        "--profile",
        metavar="FILE",
        help="voice profile: a file, or none (default: voices.json in the state folder, if it is "
        "there and of the model)",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=at_least_one,
        default=cores(),
        help="number of files at the same time (default: the number of cores)",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="let the workers of a dask cluster do the work; they need the same files at the same "
        "paths (default: the processes of --jobs, here)",
    )


def chosen_model(args: argparse.Namespace) -> tuple[Chosen, Model]:
    """Return the model that the flags choose, and load it: a bad one is reported once, here.

    Raises
    ------
    InputError, ModelError
        If the model or a named profile can't be used.
    """
    path = model_file(args.model)
    untaught = load_quietly(path)
    model = taught(untaught, chosen_profile(untaught.contract, args.profile, complain))
    return Chosen(path, model.voices if isinstance(model, TaughtModel) else None), model


def work_through(
    names: Sequence[str],
    chosen: Chosen,
    work: Callable[[str, Model], Result],
    show: Callable[[str, Result | str], object],
    jobs: int,
    *,
    cluster: str | None = None,
    printing: bool = True,
) -> int:
    """Work on recordings in several processes, and go on after one that can't be read.

    Parameters
    ----------
    names : sequence of str
        The files.
    chosen : Chosen
        The model, as :func:`chosen_model` returns it.
    work : callable
        Works on the file of a name; sent to each process.
    show : callable
        Called here with each name, in order, and the result, or the sentence that says why there
        is none.
    jobs : int
        Most processes.
    cluster : str or None
        Address of a cluster that does the work; None: processes here.
    printing : bool
        Whether ``show`` prints lines, which show the progress on a terminal.

    Returns
    -------
    int
        Exit code: 1 if some files have no result, 2 if none could be read.
    """
    unread = died = 0
    make, remedy = partial(_worker, chosen, work), "try --jobs 1"
    if cluster is not None:
        results = cluster_in_order(cluster, make, names)
        remedy = "give the workers more"
    else:
        jobs = min(jobs, len(names))
        if jobs == 1:
            keep_stderr()
        results = in_order(make, names, jobs)
    with closing(results), file_bar(len(names), printing=printing) as advance:
        for name, result in zip(names, results, strict=True):
            unread += isinstance(result, str)
            died += result is None
            show(name, result or f"{name}: its process died, perhaps out of memory; {remedy}")
            advance()
    if unread == len(names):
        return InputError.exit_code
    return 1 if unread or died else 0


def _worker(chosen: Chosen, work: Callable[[str, Model], Result]) -> Callable[[str], Result | str]:
    """Return a function that works on a file; it returns a message if the file can't be read."""
    if parent_process() is not None:
        keep_stderr()
    model = chosen.load()

    def result(name: str) -> Result | str:
        try:
            return work(name, model)
        except SoundError as error:
            return str(error)

    return result
