"""Rounds one after the other, or several at a time in processes of their own."""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

from rich.console import Console

from emotiond.cluster import in_order as cluster_in_order
from emotiond.errors import EmotiondError
from emotiond.pool import in_order
from emotiond_export.tensorflow import import_tensorflow
from emotiond_training.evaluation.rounds import RoundResult, Task, Train, run_round
from emotiond_training.progress import Reporter


def run_rounds(
    tasks: Sequence[Task],
    reporter: Reporter,
    train: Train,
    jobs: int = 1,
    *,
    cluster: str | None = None,
) -> list[RoundResult]:
    """Run rounds.

    Parameters
    ----------
    tasks : sequence of Task
        The rounds.
    reporter : Reporter
        Shows the progress.
    train : callable
        :func:`emotiond_training.fitting.train.train_round`, or a function with its parameters.
    jobs : int
        Rounds at a time, at least 1. With more than 1, each round runs in a fresh process with one
        thread.
    cluster : str or None
        Address of a cluster whose workers run the rounds, each with one thread; None: this machine.

    Returns
    -------
    list of RoundResult
        In the order of the tasks.

    Raises
    ------
    EmotiondError
        If a round fails (:func:`emotiond_training.evaluation.rounds.run_round`), or if its process
        dies. Rounds that are under way are finished first.
    """
    if jobs == 1 and cluster is None:
        done = []
        for number, task in enumerate(tasks, 1):
            reporter.say(f"round {number} of {len(tasks)}: {task.round.name}")
            done.append(run_round(task, reporter, train))
        return done
    results = []
    alone = [task._replace(jobs=1) for task in tasks]
    make = partial(_runner, train)
    with closing(
        cluster_in_order(cluster, make, alone)
        if cluster is not None
        else in_order(make, alone, jobs, fresh=True)
    ) as rounds:
        for each in rounds:
            if each is None:
                raise EmotiondError(
                    "a training process died, perhaps for lack of memory; "
                    "run the same command again to go on"
                )
            results.append(each)
    return results


def _runner(train: Train) -> Callable[[Task], RoundResult]:
    """Limit TensorFlow to one thread, and return a function that runs a round."""
    import_tensorflow()
    import tensorflow as tf

    # The other cores run other rounds.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # Plain lines: progress bars of several processes would overwrite each other.
    console = Console(stderr=True, force_terminal=False)
    return lambda task: run_round(task, Reporter(console, f"{task.round.name}: "), train)
