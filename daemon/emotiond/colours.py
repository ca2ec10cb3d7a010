"""Colours of the labels: for dark ground, for light ground, and of the sixteen of a terminal.

A colour never stands alone: a word or a symbol beside it says the same. The colours go by the order
of the labels, so that labels of one's own have theirs, too. Words have a contrast of at least 4.5
with black or white and with both grounds of Solarized, letters on a field as much with the field.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple


class Colour(NamedTuple):
    """The colours of one label, ``#rrggbb``."""

    on_dark: str
    """Word or bar on dark ground."""
    on_light: str
    """Word or bar on light ground."""
    field: str
    """Field behind letters, on any ground."""
    letters: str
    """Letters on the field."""


class Basic(NamedTuple):
    """The colours of one label among the sixteen of a terminal, by their numbers."""

    field: int
    """Field, or bar: seen on black, on white and on both grounds of Solarized."""
    letters: int
    """Letters on the field: 0 black or 15 white."""


COLOURS: Final = (
    Colour("#ff8278", "#b3261e", "#b3261e", "#ffffff"),  # red
    Colour("#86cc6a", "#2f6b1f", "#356f26", "#ffffff"),  # green
    Colour("#c4a3ff", "#6a3fb5", "#6440ab", "#ffffff"),  # violet
    Colour("#ffd24a", "#7a5a00", "#f0c02e", "#1a1500"),  # yellow
    Colour("#86d9c0", "#106b62", "#1d6b68", "#ffffff"),  # teal
    Colour("#6cacff", "#1f5fae", "#1f5fae", "#ffffff"),  # blue
    Colour("#ff9bd2", "#a3277a", "#a8327d", "#ffffff"),  # pink
    Colour("#ffa04a", "#8f3d00", "#e5832a", "#1c0d00"),  # orange
    Colour("#d3ef5c", "#4f6200", "#c3db5c", "#161a00"),  # lime
    Colour("#d6b693", "#6b4a33", "#7a5230", "#ffffff"),  # brown
    Colour("#58dff5", "#006c86", "#8ed8fa", "#00202e"),  # sky
    Colour("#c585b4", "#7a4a7a", "#d3a0ce", "#2a0a28"),  # mauve
)
"""Colours in the order of the labels; repeated for more labels."""
BASIC: Final = (
    Basic(1, 15),  # red
    Basic(2, 0),  # green
    Basic(13, 0),  # bright magenta, the violet of Solarized
    Basic(3, 0),  # yellow
    Basic(6, 0),  # cyan
    Basic(4, 15),  # blue
    Basic(5, 15),  # magenta
    Basic(9, 0),  # bright red, the orange of Solarized
)
"""The same of sixteen colours. Solarized has greys in the place of the other bright ones."""
ON_LIGHT: Final = tuple(colour.on_light for colour in COLOURS)
ON_DARK: Final = tuple(colour.on_dark for colour in COLOURS)


def places_of(labels: Sequence[str]) -> dict[str, int]:
    """Return label -> place of its colour in ``COLOURS``, repeated if needed.

    Parameters
    ----------
    labels : sequence of str
        Labels in the order of the model.
    """
    return {label: number % len(COLOURS) for number, label in enumerate(labels)}
