"""The frame: all that a drawing depends on, beside the view."""

from typing import Literal, NamedTuple

from emotiond.terminal.styles import Palette

Page = Literal["all", "big", "help"]
"""Everything, only the word, or help."""


class Frame(NamedTuple):
    """All that a frame depends on, beside the view."""

    width: int
    height: int
    """Size (cells); any size works."""
    palette: Palette = "none"
    ascii_only: bool = False
    """Whether to use ASCII alone, for encodings without line-drawing characters."""
    keys: tuple[tuple[str, str], ...] = ()
    """Keys and their help."""
    page: Page = "all"
    paused: bool = False
    notice: str | None = None
    """Answer to the last key that was typed."""
