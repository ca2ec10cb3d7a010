"""Several processes: the order of their results, their end, and a death among them."""

import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import islice
from multiprocessing import active_children
from pathlib import Path
from threading import Lock

import pytest

from emotiond.errors import DeviceError, EmotiondError, SoundError
from emotiond.pool import AHEAD, cores, in_order
from tests.deadly import Deadly


def negative() -> Callable[[int], int]:
    return lambda item: -item


def mortal() -> Callable[[int], int]:
    """Return a worker that 3 kills."""
    return lambda item: item if item != 3 else os._exit(1)


def exhausted() -> Callable[[int], int]:
    """Return a worker that has no memory for 3."""

    def work(item: int) -> int:
        if item == 3:
            raise MemoryError
        return item

    return work


def refusing(folder: Path) -> Callable[[int], int]:
    """Return a worker that refuses 0, takes long over 1, and leaves a file for all that it did."""

    def work(item: int) -> int:
        if item == 0:
            raise SoundError("a.wav: not a sound file")
        if item == 1:
            time.sleep(0.5)
        (folder / str(item)).touch()
        return item

    return work


def refused() -> Callable[[int], int]:
    """Refuse to work at all."""
    raise SoundError("no model")


def dividing() -> Callable[[int], float]:
    return lambda item: 1 / item


def unsendable() -> Callable[[int], int]:
    """Return a worker that raises what can be sent to no other process."""

    def work(_item: int) -> int:
        error = ValueError("a lock was left")
        error.lock = Lock()  # type: ignore[attr-defined]
        raise error

    return work


def unreadable() -> Callable[[int], int]:
    """Return a worker that raises what can be sent to another process, but not read there."""

    def work(_item: int) -> int:
        raise DeviceError("no microphone", "plug one in")

    return work


def process_id() -> Callable[[int], int]:
    return lambda _item: os.getpid()


def parent() -> Callable[[int], list[int | None]]:
    """Return a worker that has processes of its own."""
    return lambda item: list(in_order(negative, [item, item + 1], 2))


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
    assert list(in_order(Deadly(), range(4), 2)) == [None] * 4


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


def test_an_item_that_takes_all_memory_costs_only_its_own_result() -> None:
    assert list(in_order(exhausted, range(6), 2)) == [0, 1, 2, None, 4, 5]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_comes_in_the_place_of_its_result(jobs: int) -> None:
    results = in_order(dividing, [2, 1, 0, 1], jobs)
    assert [next(results), next(results)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError, match="division by zero") as raised:
        next(results)
    if jobs > 1:
        assert "lambda item: 1 / item" in raised.value.__notes__[0]  # the way to the fault
    assert not active_children()


def test_what_is_under_way_is_finished_and_nothing_is_begun_after_an_exception(
    tmp_path: Path,
) -> None:
    with pytest.raises(SoundError, match=r"^a\.wav: not a sound file$"):
        next(in_order(partial(refusing, tmp_path), range(100), 2))
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_a_process_that_refuses_to_work_says_why() -> None:
    with pytest.raises(SoundError, match="no model"):
        next(in_order(refused, range(4), 2))


@pytest.mark.parametrize(
    ("make", "text"), [(unsendable, "a lock was left"), (unreadable, "no microphone; plug one in")]
)
def test_an_exception_that_cannot_be_sent_is_its_text(
    make: Callable[[], Callable[[int], int]], text: str
) -> None:
    with pytest.raises(EmotiondError, match=f"^{re.escape(text)}$"):
        next(in_order(make, range(2), 2))


def test_processes_that_serve_one_item_are_fresh_and_may_have_processes_of_their_own() -> None:
    assert len(set(in_order(process_id, range(4), 2, fresh=True))) == 4
    assert not active_children()
    assert list(in_order(parent, [1, 2], 2, fresh=True)) == [[-1, -2], [-2, -3]]


def test_there_is_a_core() -> None:
    assert cores() >= 1
