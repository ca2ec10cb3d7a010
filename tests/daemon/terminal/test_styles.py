"""Styles: a palette for each terminal."""

import re
from typing import get_args

import pytest

from emotiond.terminal.console import text_of
from emotiond.terminal.frame import Frame
from emotiond.terminal.styles import GREYS, Palette, palette_of, styles_of
from tests.daemon.terminal.screens import (
    LABELS,
    prediction,
    reading,
    terminal,
    utterance,
    view,
)
from tests.daemon.test_colours import LEAST_CONTRAST, contrast


@pytest.mark.parametrize(
    ("colours", "ground", "palette"),
    [
        ("truecolor", "dark", "dark"),
        ("256", "light", "light"),
        ("truecolor", None, "basic"),
        ("standard", "light", "basic"),
        (None, "dark", "none"),
    ],
)
def test_the_palette_suits_the_terminal(
    colours: str | None, ground: str | None, palette: Palette
) -> None:
    assert palette_of(colours, ground) == palette


@pytest.mark.parametrize("palette", ["dark", "light", "basic"])
def test_each_of_the_shipped_labels_has_colours_of_its_own(palette: Palette) -> None:
    styles = styles_of(palette)
    assert len(set(styles.bars[: len(LABELS)])) == len(LABELS)
    assert len(set(styles.fields[: len(LABELS)])) == len(LABELS)


@pytest.mark.parametrize(("palette", "ground"), [("dark", "#000000"), ("light", "#ffffff")])
def test_quiet_words_are_legible_too(palette: str, ground: str) -> None:
    words, _, calm = GREYS[palette]
    assert contrast(words, ground) >= LEAST_CONTRAST
    assert contrast(words, calm) >= LEAST_CONTRAST


def codes(palette: Palette, environment: dict[str, str], colour_system: str = "auto") -> set[int]:
    """Return the numbers of all control sequences of a frame."""
    shown = view(utterance("sad", 0.0), prediction(), reading(2.0))
    console = terminal(_environ={"TERM": "xterm-256color"} | environment)
    text = text_of(console, shown, Frame(80, 24, palette))
    return {int(n) for found in re.findall(r"\x1b\[([0-9;]*)m", text) for n in found.split(";")}


def test_no_colour_is_sent_where_none_is_wanted() -> None:
    for palette in get_args(Palette):
        assert codes(palette, {"NO_COLOR": "1"}) <= {0, 1, 3, 7}  # reset, bold, italic, reverse
    assert codes("none", {}) <= {0, 1, 7}


def test_sixteen_colours_never_write_grey_words() -> None:
    # Solarized has its grounds and its greys there: words would be invisible.
    sent = codes("basic", {})
    assert not sent & {30 + 8, 90, 92, 93, 94, 96}
    assert 2 not in sent  # faint
