"""The summary at the end, and the tally that it is made of."""

import sys

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from emotiond.terminal.summary import summary
from emotiond.terminal.tally import Tally
from emotiond.terminal.view import View
from tests.daemon.terminal.screens import prediction, reading, view, views


def test_the_end_says_how_long_which_shares_and_where_the_log_is() -> None:
    hops = [reading(0.5 * hop) for hop in range(150)]
    said = [
        *[prediction(label="happy", start=hop, end=hop + 1.0) for hop in range(6)],
        prediction(label="sad", start=6.0, end=7.0),
        prediction("uncertain", None, start=7.0, end=10.0),
    ]
    assert summary(view(*hops, *said, log="/var/log/emotiond"), 80) == [
        "emotiond listened for 1 min 14 s; somebody spoke for 10 s:",
        "  happy      60 %  ████████████",
        "  uncertain  30 %  ██████",
        "  sad        10 %  ██",
        "The log is in /var/log/emotiond",
    ]


def test_silence_has_no_shares() -> None:
    assert summary(view(reading(0.5), reading(1.0)), 80) == [
        "emotiond listened for 0 s; nobody spoke."
    ]


@given(views(), st.integers(20, 200))
def test_no_line_is_wider_than_the_terminal(shown: View, width: int) -> None:
    for ascii_only in (False, True):
        lines = summary(shown, width, ascii_only)
        log = [f"The log is in {shown.hello.log}"] if shown.hello.log else []
        assert all(cell_len(line) <= width for line in lines[: len(lines) - len(log)])
        assert not ascii_only or "".join(lines).isascii()


@given(st.lists(st.tuples(st.text(max_size=5), st.floats(width=32)), max_size=200))
def test_shares_add_up_and_memory_is_constant(predictions: list[tuple[str, float]]) -> None:
    tally = Tally()
    for label, seconds in predictions:
        labels = ("a", "b", label)
        tally = tally.predicted("emotion", label, seconds).renamed(labels)
        assert len(tally.speech) <= len(labels) + 2
    assert not tally.speech or abs(sum(share for _, share in tally.shares) - 1.0) < 1e-6
    assert sys.getsizeof(tally.speech) < 1000


def test_a_gap_and_another_stream_count_nothing() -> None:
    shown = view(reading(1000.0), reading(1000.5), reading(5000.0), reading(0.5), reading(1.0))
    assert shown.tally.heard == 1.0
