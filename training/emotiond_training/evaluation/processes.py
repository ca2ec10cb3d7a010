"""Rounds in processes of their own, several at a time."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from rich.console import Console

from emotiond.errors import EmotiondError
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
        As :func:`emotiond_training.fitting.trainround.train_round`.
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
    pool = ProcessPoolExecutor(
        jobs,
        mp_context=get_context("spawn"),
        initializer=_one_thread,
        # A training leaves much memory behind.
        max_tasks_per_child=1,
    )
    with pool:
        waiting = [pool.submit(_run, task._replace(workers=1), train) for task in tasks]
        try:
            return [each.result() for each in waiting]
        except BrokenProcessPool as error:
            raise EmotiondError(
                "a training process died, out of memory perhaps; "
                "the same command goes on where it was"
            ) from error
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _one_thread() -> None:
    """Hold TensorFlow to one thread: as many rounds run as there are cores for."""
    import_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _run(task: Task, train: Train) -> HeardRound:
    # Bars of several processes would overwrite each other.
    console = Console(stderr=True, force_terminal=False)
    return run_round(task, Reporter(console, f"{task.round.name}: "), train)
