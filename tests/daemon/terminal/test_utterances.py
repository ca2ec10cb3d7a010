"""The list of utterances."""

from datetime import timedelta

from emotiond.terminal.look import look_of
from emotiond.terminal.utterances import utterances
from emotiond.terminal.view import UTTERANCES_KEPT, View
from tests.daemon.terminal.screens import LABELS, NOW, reading, utterance, view

LOOK = look_of(LABELS, "none")


def rows_of(shown: View, width: int, height: int) -> list[str]:
    block = utterances(shown, LOOK, width, height)
    return ["".join(segment.text for segment in line) for line in block]


def test_a_line_has_time_label_confidence_and_length_the_newest_first() -> None:
    shown = view(reading(10.0), utterance("sad", 5.0), utterance(None, 7.0, end=9.5))
    assert NOW + timedelta(seconds=0.5 - 3) == shown.heard[-1].began
    assert rows_of(shown, 60, 5) == [
        "12:00:27  ?  uncertain            2.5 s",
        "12:00:25  s  sad           50 %   1.0 s",
    ]
    assert rows_of(shown, 24, 1) == ["12:00  ?  uncertain      "]


def test_a_wide_window_has_several_columns() -> None:
    shown = view(*(utterance("sad", 1.0 * number) for number in range(7)))
    rows = rows_of(shown, 130, 3)
    assert [row.count("sad") for row in rows] == [3, 2, 2]
    assert all(len(row) <= 130 for row in rows)


def test_no_more_are_kept_than_a_window_shows() -> None:
    shown = view(*(utterance("sad", 1.0 * number) for number in range(2 * UTTERANCES_KEPT)))
    assert len(shown.heard) == UTTERANCES_KEPT
