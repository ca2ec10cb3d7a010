"""Sound from a pipe is as old as it is, so that a machine that is too slow is noticed."""

import os
from collections.abc import Iterator
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.audio.live_pipe import LivePipe, is_empty
from emotiond.audio.source import Block, Demand, Item
from emotiond.record import News

RATE = 1000
BLOCK = 0.25
NEWS = News("microphone_lost", "gone")


class Script:
    """A source that yields given items; ``waiting`` says whether more waits behind the last."""

    name = "script"

    def __init__(self, *blocks: tuple[float, bool]) -> None:
        self._blocks = blocks
        self.waiting = False

    def blocks(self, at_least: Demand) -> Iterator[Item]:
        for arrived, waiting in self._blocks:
            self.waiting = waiting
            yield Block(np.zeros(round(BLOCK * RATE), np.float32), arrived)


def ages(*blocks: tuple[float, bool]) -> list[float]:
    """Return the age (s) of each block (time of reading, whether more waits) when it is read."""
    script = Script(*blocks)
    source = LivePipe(script, RATE, lambda: not script.waiting)
    return [
        round(read - item.arrived, 3)
        for (read, _), item in zip(blocks, source.blocks(lambda: 1), strict=True)
    ]


def test_sound_that_is_read_as_it_comes_has_no_age() -> None:
    assert ages(*[(100.0 + BLOCK * number, False) for number in range(20)]) == [0.0] * 20


def test_sound_that_waited_is_as_old_as_the_wait() -> None:
    # The machine takes twice as long as it may, then a tenth, and has caught up.
    slow = list(accumulate([2 * BLOCK] * 10, initial=100.0))
    fast = list(accumulate([0.1 * BLOCK] * 12, initial=slow[-1]))[1:]
    reads = [*((each, True) for each in slow), *((each, True) for each in fast)]
    found = ages(*reads[:-1], (*reads[-1][:1], False))
    assert found[:11] == [round(BLOCK * number, 3) for number in range(11)]
    assert found[11:-1] == sorted(found[11:-1], reverse=True)
    assert found[-1] == 0.0


def test_a_writer_that_pauses_is_not_late() -> None:
    assert ages((100.0, False), (160.0, False), (160.25, True), (160.5, False)) == [0.0] * 4


@pytest.mark.parametrize("more", [True, False])
def test_a_writer_that_is_ahead_of_real_time_is_never_late(more: bool) -> None:
    reads = [100.0 + 0.001 * number for number in range(100)]
    stalled = [each + 10.0 for each in reads]  # less than what came already
    assert ages(*[(each, more) for each in (*reads, *stalled)]) == [0.0] * 200


def test_a_clock_that_is_a_little_fast_or_slow_is_forgiven() -> None:
    for pace in (0.9995, 1.0005):
        day = [(100.0 + pace * BLOCK * number, False) for number in range(20_000)]
        stall = [(day[-1][0] + 5.0 + 0.01 * number, True) for number in range(3)]
        assert ages(*day, *stall)[-3] == pytest.approx(5.0 - BLOCK, abs=0.01)


@given(
    blocks=st.lists(st.tuples(st.floats(0.0, 5.0), st.booleans()), min_size=1),
)
def test_no_sound_comes_after_it_is_read_and_an_empty_pipe_has_no_age(
    blocks: list[tuple[float, bool]],
) -> None:
    reads = list(accumulate(pause for pause, _ in blocks))
    found = ages(*zip(reads, [more for _, more in blocks], strict=True))
    assert all(age >= 0.0 for age in found)
    assert all(age == 0.0 for age, (_, more) in zip(found, blocks, strict=True) if not more)


def test_news_and_the_name_pass() -> None:
    class Silent:
        name = "silent"

        def blocks(self, at_least: Demand) -> Iterator[Item]:
            yield NEWS

    source = LivePipe(Silent(), RATE, lambda: True)
    assert (source.name, list(source.blocks(lambda: 1))) == ("silent", [NEWS])


def test_a_pipe_is_empty_until_something_is_written() -> None:
    reader, writer = os.pipe()
    try:
        assert is_empty(reader)
        os.write(writer, b"x")
        assert not is_empty(reader)
    finally:
        os.close(reader)
        os.close(writer)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 (a descriptor that can't tell)
        assert is_empty(nothing.fileno())
