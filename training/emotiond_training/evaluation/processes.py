"""Rounds in processes of their own, several at a time."""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

from rich.console import Console

from emotiond.errors import EmotiondError
from emotiond.pool import in_order
from emotiond_export.tensorflow import import_tensorflow
from emotiond_training.evaluation.rounds import HeardRound, Task, Train, run_round
from emotiond_training.progress import Reporter


def run_rounds(
    tasks: Sequence[Task], reporter: Reporter, train: Train, jobs: int = 1
) -> list[HeardRound]:
    """Run rounds.

    Parameters
    ----------
    tasks : sequence of Task
        The rounds.
    reporter : Reporter
        Told of the progress.
    train : callable
        As :func:`emotiond_training.fitting.train.train_round`.
    jobs : int
        How many at a time; more than one run in fresh processes with one thread each.

    Raises
    ------
    EmotiondError
        As :func:`emotiond_training.evaluation.rounds.run_round`; rounds that are under way are
        finished first.
    """
    if jobs == 1:
        results = []
        for number, task in enumerate(tasks, 1):
            reporter.say(f"round {number} of {len(tasks)}: {task.round.name}")
            results.append(run_round(task, reporter, train))
        return results
    heard = []
    alone = [task._replace(jobs=1) for task in tasks]
    with closing(in_order(partial(_runner, train), alone, jobs, fresh=True)) as rounds:
        for each in rounds:
            if each is None:
                raise EmotiondError(
                    "a training process died, out of memory perhaps; "
                    "the same command goes on where it was"
                )
            heard.append(each)
    return heard


def _runner(train: Train) -> Callable[[Task], HeardRound]:
    """Return a function that runs a round; TensorFlow has one thread for it."""
    import_tensorflow()
    import tensorflow as tf

    # As many rounds run as there are cores for.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # Bars of several processes would overwrite each other.
    console = Console(stderr=True, force_terminal=False)
    return lambda task: run_round(task, Reporter(console, f"{task.round.name}: "), train)
