"""The bars: aligned in any script, the most probable ones where room is short."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from emotiond.terminal.bars import bars
from emotiond.terminal.glyphs import letters_of
from emotiond.terminal.look import look_of
from emotiond.terminal.view import View
from tests.daemon.terminal.screens import label_sets, prediction, view


def rows_of(shown: View, width: int, height: int) -> list[str]:
    block = bars(shown, look_of(shown.labels, "none"), width, height)
    return ["".join(segment.text for segment in line) for line in block]


def test_where_room_is_short_the_most_probable_labels_stay_and_the_rest_is_counted() -> None:
    labels = tuple(f"feeling {number}" for number in range(30))
    probabilities = dict.fromkeys(labels, 0.01) | {"feeling 29": 0.5, "feeling 14": 0.2}
    rows = rows_of(
        view(prediction(label="feeling 29", probabilities=probabilities), labels=labels), 60, 6
    )
    assert [re.sub(r".*(feeling \d+).*", r"\1", row).strip() for row in rows[3:]] == [
        "feeling 14",
        "feeling 29",
        "+25 more",
    ]
    assert rows[4].startswith("▶")


def test_bars_stay_aligned_in_any_script() -> None:
    labels = ("愤怒", "καλή διάθεση", "радость", "ชอบ", "x" * 70)
    shown = view(prediction(label="愤怒", probabilities=dict.fromkeys(labels, 0.2)), labels=labels)
    rows = rows_of(shown, 60, 5)
    assert {cell_len(row) for row in rows} == {60}
    assert len({cell_len(re.split("[━█]", row)[0]) for row in rows}) == 1


@pytest.mark.parametrize("height", [14, 20])
def test_rows_stand_apart_where_there_is_room(height: int) -> None:
    assert rows_of(view(prediction()), 40, height)[1::2] == [""] * 6


@given(label_sets, st.booleans())
def test_each_label_has_its_own_character_in_the_strip(
    labels: tuple[str, ...], ascii_only: bool
) -> None:
    legend = letters_of(labels, ascii_only)
    assert len(set(legend.values())) == len(labels)
    assert all(cell_len(key) == 1 for key in legend.values())
    assert not ascii_only or "".join(legend.values()).isascii()
