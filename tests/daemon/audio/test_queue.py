"""Captured sound that waits to be worked with."""

from itertools import pairwise
from threading import Thread

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emotiond.audio.queue import Captured, Pending

LIMIT = 100


def block(first: int, length: int) -> np.ndarray:
    """Return a block of consecutive numbers."""
    return np.arange(first, first + length, dtype=np.int16)[:, None]


def put_all(pending: Pending, lengths: list[int]) -> int:
    """Put blocks of such lengths one behind the other and return how many samples they are."""
    total = 0
    for length in lengths:
        pending.put(block(total, length), float(total + length))
        total += length
    return total


@given(
    blocks=st.lists(st.tuples(st.integers(1, 30), st.sampled_from([0, 0, 7])), max_size=20),
    enough=st.integers(-5, 2 * LIMIT),
)
def test_nothing_is_lost_unsaid_or_joined_or_out_of_order(
    blocks: list[tuple[int, int]], enough: int
) -> None:
    pending = Pending(LIMIT)
    total = 0
    for length, dropped in blocks:
        total += dropped
        pending.put(block(total, length), float(total + length), dropped)
        total += length
    taken: list[Captured] = []
    while (captured := pending.get(enough, 0.0)) is not None:
        taken.append(captured)
    taken += pending.rest()
    position = 0
    for captured in taken:
        position += captured.dropped
        np.testing.assert_array_equal(captured.samples, block(position, len(captured.samples)))
        position += len(captured.samples)
        assert captured.arrived == position
    assert position == total
    assert sum(len(each.samples) for each in taken) <= LIMIT
    for captured, following in pairwise(taken):
        assert len(captured.samples) >= min(enough, LIMIT // 2) or following.dropped


def test_the_oldest_makes_room() -> None:
    pending = Pending(LIMIT)
    put_all(pending, [40, 40, 40])
    first = pending.get(1, 0.0)
    assert first is not None
    assert (first.dropped, first.samples[0, 0], len(first.samples)) == (40, 40, 40)


def test_who_waits_for_more_than_is_kept_is_given_half_of_it() -> None:
    pending = Pending(LIMIT)
    put_all(pending, [30] * 9)
    first = pending.get(10 * LIMIT, 0.0)
    assert first is not None
    assert len(first.samples) == 60


def test_no_more_blocks_are_taken_than_needed() -> None:
    pending = Pending(LIMIT)
    put_all(pending, [30, 30, 30])
    first = pending.get(31, 0.0)
    assert first is not None
    assert (len(first.samples), first.arrived) == (60, 60.0)


def test_a_reader_sleeps_until_there_is_enough() -> None:
    pending = Pending(LIMIT)
    wakes = []
    notify = pending._changed.notify
    pending._changed.notify = lambda: wakes.append(pending._samples) or notify()
    heard: list[Captured | None] = []
    reader = Thread(target=lambda: heard.append(pending.get(50, 60.0)))
    pending._enough = 50
    reader.start()
    put_all(pending, [20, 20, 20])
    reader.join()
    assert heard[0] is not None
    assert len(heard[0].samples) == 60
    assert wakes == [60]
