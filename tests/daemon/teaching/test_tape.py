"""The last sound in memory, from which recordings are cut if the user asks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emotiond.audio.source import Block
from emotiond.record import News
from emotiond.teaching import tape
from emotiond.teaching.tape import MARGIN_SECONDS, REMEMBERED_SECONDS, Tape

RATE = 100


class Given:
    """A source of given items."""

    name = "given"

    def __init__(self, items) -> None:
        self._items = items

    def blocks(self, _at_least):
        yield from self._items


def played(items) -> Tape:
    """Return a tape after all items."""
    source = Tape(Given(items), RATE)
    assert list(source.blocks(lambda: 1)) == items
    return source


@given(st.lists(st.integers(1, 300), min_size=1, max_size=20), st.data())
def test_a_cut_is_the_sound_between_two_times_with_a_margin(lengths, data) -> None:
    sound = np.arange(sum(lengths), dtype=np.float32)
    parts = np.split(sound, np.cumsum(lengths)[:-1])
    items = [Block(each, 0.0) for each in parts]
    items.insert(1, News("microphone_lost", "gone"))
    end = data.draw(st.integers(1, len(sound)))
    start = data.draw(st.integers(0, end))
    cut = played(items).cut(start / RATE, end / RATE)
    margin = round(MARGIN_SECONDS * RATE)
    assert np.array_equal(cut, sound[max(0, start - margin) : end + margin])


def test_lost_samples_count_in_the_time_of_the_stream() -> None:
    items = [Block(np.zeros(100, np.float32), 0.0), Block(np.ones(100, np.float32), 0.0, 300)]
    assert played(items).cut(4.0, 5.0).tolist() == [1.0] * 100


def test_sound_that_is_no_longer_remembered_is_not_cut() -> None:
    block = Block(np.zeros(10 * RATE, np.float32), 0.0)
    long = played([block] * round(REMEMBERED_SECONDS / 10 + 2))
    assert len(long.cut(0.0, 5.0)) == 0
    assert len(long.cut(REMEMBERED_SECONDS, REMEMBERED_SECONDS + 1.0)) == 2 * RATE


def test_a_recording_is_for_its_owner_alone(tmp_path) -> None:
    path = tmp_path / "kept" / "sad" / "1.wav"
    tape.write_recording(path, np.zeros(100, np.float32), RATE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
