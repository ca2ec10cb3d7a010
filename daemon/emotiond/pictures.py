"""Pictures by matplotlib, which is not among the program's own packages."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from emotiond.errors import EmotiondError, InputError
from emotiond.paths import replacement

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS: Final = (".png", ".svg")
"""Endings of the files that a picture can have."""


def check_picture(path: Path) -> None:
    """Refuse a picture that can't be made, before any work begins.

    Raises
    ------
    InputError
        If the file's ending is none of ``ENDINGS``.
    EmotiondError
        If matplotlib is not installed.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path}: a picture is a {' or '.join(ENDINGS)} file")
    new_figure(1.0, 1.0)


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of a size in inches; EmotiondError if matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EmotiondError(
            "pictures need matplotlib; install it with: pip install matplotlib"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def save_picture(figure: "Figure", path: Path) -> None:
    """Write a figure to a PNG or an SVG; EmotiondError if it can't be written."""
    with replacement(path) as new:
        figure.savefig(new, format=path.suffix.lower()[1:], dpi=150)
