"""Styles of a frame: the colours of :mod:`emotiond.colours` as a terminal can show them."""

from functools import lru_cache
from typing import Final, Literal, NamedTuple

from rich.style import Style

from emotiond.colours import BASIC, COLOURS

Palette = Literal["dark", "light", "basic", "none"]
"""Dark or light ground, sixteen colours on any ground, no colour at all."""


class Styles(NamedTuple):
    """Styles of all that a frame shows."""

    bars: tuple[Style, ...]
    """Bars of the labels, by their place."""
    words: tuple[Style, ...]
    """Names of the labels, by their place."""
    fields: tuple[Style, ...]
    """Letters on a field of the label's colour, by its place."""
    calm: Style
    """Field without an emotion."""
    quiet: Style
    """Words that matter less."""
    track: Style
    """Lines behind bars; no words."""
    strong: Style
    alarm: Style


GREYS: Final = {
    "dark": ("#aab4be", "#5d6874", "#20262d"),
    "light": ("#4d5863", "#a3adb7", "#e6eaee"),
}
"""Ground -> colours of quiet words, of tracks and of the calm field."""
STRONG: Final = Style(bold=True)
ALARM: Final = Style(bold=True, reverse=True)


@lru_cache(maxsize=4)
def styles_of(palette: Palette) -> Styles:
    """Return the styles of a palette."""
    if palette == "none":
        plain = Style()
        return Styles((plain,), (plain,), (STRONG,), plain, plain, plain, STRONG, ALARM)
    if palette == "basic":
        # Words are in the terminal's own colour: it is legible on any ground, no other one is.
        bars = tuple(Style.parse(f"color({basic.field})") for basic in BASIC)
        fields = (Style.parse(f"color({c.letters}) on color({c.field})") for c in BASIC)
        plain = Style()
        return Styles(bars, (plain,), tuple(fields), plain, plain, plain, STRONG, ALARM)
    quiet, track, calm = GREYS[palette]
    words = tuple(Style.parse(getattr(colour, f"on_{palette}")) for colour in COLOURS)
    return Styles(
        words,
        words,
        tuple(Style.parse(f"{colour.letters} on {colour.field}") for colour in COLOURS),
        Style.parse(f"{quiet} on {calm}"),
        Style.parse(quiet),
        Style.parse(track),
        STRONG,
        ALARM,
    )


def palette_of(colours: str | None, ground: Literal["dark", "light"] | None) -> Palette:
    """Return the palette that suits a terminal.

    Parameters
    ----------
    colours : str or None
        The colours that it has: ``truecolor``, ``256``, ``standard``; None: none.
    ground : {"dark", "light"} or None
        Its background; None if nothing says so.
    """
    if colours is None:
        return "none"
    if colours == "standard" or ground is None:
        return "basic"
    return ground
