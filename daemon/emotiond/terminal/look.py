"""The look of a frame: styles and characters for the labels of a model."""

from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style

from emotiond.colours import places_of
from emotiond.terminal.glyphs import ASCII, UNICODE, Glyphs, letters_of
from emotiond.terminal.lines import clean, column, shortened
from emotiond.terminal.styles import Palette, Styles, styles_of


@dataclass(frozen=True)
class Look:
    """Styles and characters for some labels."""

    styles: Styles
    glyphs: Glyphs
    ascii_only: bool
    places: dict[str, int]
    """Label -> the place of its colour."""
    letters: dict[str, str]
    """Label -> its character in the strip."""

    def bar(self, label: str | None) -> Style:
        """Return the style of a label's bar."""
        return self._of(self.styles.bars, label)

    def word(self, label: str | None) -> Style:
        """Return the style of a label's name."""
        return self._of(self.styles.words, label)

    def field(self, label: str | None) -> Style:
        """Return the style of letters on a label's field."""
        return self._of(self.styles.fields, label)

    def clean(self, text: str) -> str:
        """Return text that can't steer the terminal, and that it can encode."""
        return clean(text, self.ascii_only)

    def short(self, text: str, width: int) -> str:
        """Return text of at most some cells."""
        return shortened(self.clean(text), width, self.glyphs.ellipsis)

    def column(self, text: str, width: int) -> str:
        """Return text of exactly some cells."""
        return column(self.clean(text), width, self.glyphs.ellipsis)

    def _of(self, styles: tuple[Style, ...], label: str | None) -> Style:
        place = self.places.get(label) if label is not None else None
        return self.styles.quiet if place is None else styles[place % len(styles)]


@lru_cache(maxsize=8)
def look_of(labels: tuple[str, ...], palette: Palette, ascii_only: bool = False) -> Look:
    """Return the look for the labels of a model, in a palette.

    Parameters
    ----------
    labels : tuple of str
        In the model's order.
    palette : Palette
        Colours of the terminal.
    ascii_only : bool
        Whether to use ASCII alone, for encodings without line-drawing characters.
    """
    return Look(
        styles_of(palette),
        ASCII if ascii_only else UNICODE,
        ascii_only,
        places_of(labels),
        letters_of(labels, ascii_only),
    )
