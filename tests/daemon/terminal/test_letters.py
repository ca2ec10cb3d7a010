"""Big letters: every label that has them, as large as there is room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from emotiond.terminal.letters import LARGE, SIZES, SMALL, Size, largest, picture


def test_a_word_is_drawn_in_half_blocks() -> None:
    assert picture("sad", Size(5, 1)) == (
        "▄▀▀ ▄▀▄ █▀▄",
        " ▀▄ █▀█ █ █",
        "▀▀  ▀ ▀ ▀▀ ",
    )


def test_ascii_has_a_line_for_each_pixel() -> None:
    assert picture("hi", Size(5, 1), ascii_only=True) == (
        "# # ###",
        "# #  # ",
        "###  # ",
        "# #  # ",
        "# # ###",
    )


@pytest.mark.parametrize(("font", "height"), [(SMALL, 5), (LARGE, 7)])
def test_both_fonts_have_all_letters_and_digits_and_no_two_are_alike(
    font: dict[str, tuple[str, ...]], height: int
) -> None:
    assert "".join(sorted(font)) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert {len(rows) for rows in font.values()} == {height}
    assert all(len({len(row) for row in rows}) == 1 for rows in font.values())
    alike = {"0", "O"} if font is SMALL else set()
    assert len(set(font.values())) >= len(font) - len(alike)


def test_accents_are_left_out_and_other_scripts_have_no_big_letters() -> None:
    assert picture("glücklich", SIZES[0]) == picture("glucklich", SIZES[0])
    assert picture("愤怒", SIZES[0]) is None
    assert picture("радость", SIZES[0]) is None
    assert picture("", SIZES[0]) is None


@given(st.text(max_size=20), st.sampled_from(SIZES), st.booleans())
def test_all_rows_are_equally_long(word: str, size: Size, ascii_only: bool) -> None:
    rows = picture(word, size, ascii_only)
    assert rows is None or len({cell_len(row) for row in rows}) == 1


@given(st.integers(0, 300), st.integers(0, 80))
def test_the_largest_size_fits_every_word_that_fits_at_all(width: int, height: int) -> None:
    words = ("sad", "surprise", "x" * 70, "愤怒")
    size = largest(words, width, height)
    smallest = picture("sad", SIZES[-1])
    assert smallest is not None
    assert (size is None) == (width < len(smallest[0]) or height < len(smallest))
    if size is not None:
        rows = picture("sad", size)
        assert rows is not None
        assert len(rows) <= height
        assert len(rows[0]) <= width
