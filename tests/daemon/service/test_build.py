"""The daemon's parts: the sample as a source."""

from threading import Event

import numpy as np
import pytest

from emotiond.audio.source import Block
from emotiond.service.build import SAMPLE, SAMPLE_TIMES, sample_of

RATE = 16_000


class NeverWaits(Event):
    """An event that is never set, and costs no time."""

    def wait(self, timeout: float | None = None) -> bool:
        return False


@pytest.mark.parametrize("again", [False, True])
def test_the_sample_is_played_several_times_only_where_somebody_may_watch(
    again: bool, sample: np.ndarray
) -> None:
    source = sample_of(RATE, NeverWaits(), again=again)
    assert source.name == SAMPLE
    heard = 0
    for item in source.blocks(lambda: 8000):
        assert isinstance(item, Block)
        heard += len(item.samples)
    assert heard == (SAMPLE_TIMES if again else 1) * len(sample)
