"""The summary: printed when the console is left."""

from typing import Final

from rich.cells import cell_len, set_cell_size

from emotiond.terminal.lines import clean, shortened
from emotiond.terminal.view import View
from emotiond.terminal.word import percent
from emotiond.text import duration

BAR: Final = 20
"""Cells of the bar of a share of 100 %."""
NAMES: Final = 24
"""Most cells of a label."""


def summary(view: View, width: int, ascii_only: bool = False) -> list[str]:
    """Return how long was listened, the share of each label, and the log's folder.

    Parameters
    ----------
    view : View
        The last view.
    width : int
        Columns of the terminal; no line is wider, but for the one with the folder.
    ascii_only : bool
        Whether to use ASCII alone.
    """
    spoken = sum(view.tally.speech.values())
    head = f"emotiond listened for {duration(view.tally.heard)}"
    if spoken > 0.0:
        lines = [f"{head}; somebody spoke for {duration(spoken)}:"]
    else:
        lines = [f"{head}; nobody spoke."]
    full, ellipsis = ("#", "~") if ascii_only else ("█", "…")
    shares = [(clean(name or "uncertain", ascii_only), share) for name, share in view.tally.shares]
    names = min(NAMES, max((cell_len(name) for name, _ in shares), default=0))
    for name, share in shares:
        cells = set_cell_size(shortened(name, names, ellipsis), names)
        lines.append(f"  {cells} {percent(share):>5}  {full * round(share * BAR)}".rstrip())
    lines = [shortened(line, width, ellipsis) for line in lines]
    if view.hello.log:  # whole, so that it can be copied
        lines.append(f"The log is in {clean(view.hello.log, ascii_only)}")
    return lines
