"""Several processes: the order of their results, their end, and a death among them."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import islice
from multiprocessing import active_children
from pathlib import Path

import pytest

from emotiond.pool import AHEAD, cores, in_order


def negative() -> Callable[[int], int]:
    return lambda item: -item


def mortal() -> Callable[[int], int]:
    """Return a worker that 3 kills."""
    return lambda item: item if item != 3 else os._exit(1)


def stillborn() -> Callable[[int], int]:
    """Die before any item is read."""
    os._exit(1)


def interrupted() -> Callable[[int], bool]:
    """Return a worker that Ctrl-C reaches."""

    def work(_item: int) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return True

    return work


def patient(folder: Path, others: int) -> Callable[[int], int]:
    """Return a worker that leaves a file for each item; 0 waits until so many are there."""

    def work(item: int) -> int:
        give_up = time.monotonic() + 30.0
        while item == 0 and len(list(folder.iterdir())) < others and time.monotonic() < give_up:
            time.sleep(0.02)
        (folder / str(item)).touch()
        return item

    return work


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_results_come_in_the_order_of_the_items(jobs: int, count: int) -> None:
    assert list(in_order(negative, range(count), jobs)) == [-each for each in range(count)]


def test_an_item_that_kills_its_process_costs_only_its_own_result() -> None:
    assert list(in_order(mortal, range(6), 2)) == [0, 1, 2, None, 4, 5]


def test_processes_that_die_before_they_read_an_item_cost_only_results() -> None:
    assert list(in_order(stillborn, range(4), 2)) == [None] * 4


def test_an_interrupt_of_the_terminal_does_not_end_a_worker() -> None:
    assert list(in_order(interrupted, range(3), 2)) == [True] * 3


def test_closing_early_ends_the_processes() -> None:
    with closing(in_order(negative, range(1000), 2)) as results:
        assert list(islice(results, 3)) == [0, -1, -2]
        assert active_children()
    assert not active_children()


def test_no_process_runs_far_ahead_of_the_first_result(tmp_path: Path) -> None:
    # All that may be worked on meanwhile is done before the first: what is given then is the most.
    results = in_order(partial(patient, tmp_path, 2 * AHEAD - 1), range(10 * AHEAD), 2)
    with closing(results):
        assert next(results) == 0
        assert len(list(tmp_path.iterdir())) <= 2 * AHEAD


def test_there_is_a_core() -> None:
    assert cores() >= 1
