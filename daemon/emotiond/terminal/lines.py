"""Lines of a frame: runs of text with a style, cut and filled to a number of cells."""

import unicodedata
from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from emotiond.text import one_line

Line = list[Segment]
Block = list[Line]
"""Lines of one width, top to bottom."""


def run(text: str, style: Style | None = None) -> Segment:
    """Return text in a style."""
    return Segment(text, style)


def width_of(line: Line) -> int:
    """Return the cells that a line takes."""
    return Segment.get_line_length(line)


def simplified(cells: Iterable[Segment]) -> Line:
    """Join neighbouring runs of one style: a few long runs are drawn faster."""
    return list(Segment.simplify(cells))


def fitted(line: Line, width: int, style: Style | None = None) -> Line:
    """Return a line of exactly some cells: cut, or filled with spaces."""
    return Segment.adjust_line_length(line, max(0, width), style)


def centred(line: Line, width: int, style: Style | None = None) -> Line:
    """Return a line of exactly some cells, its text in the middle."""
    left = max(0, (width - width_of(line)) // 2)
    return fitted([run(" " * left, style), *line], width, style)


def ends(left: Line, right: Line, width: int) -> Line:
    """Return a line with text at both ends; without the right one if there is no room."""
    gap = width - width_of(left) - width_of(right)
    return fitted([*left, run(" " * gap), *right] if gap >= 1 else left, width)


def stacked(block: Block, width: int, height: int, style: Style | None = None) -> Block:
    """Return a block of exactly some lines and cells, its lines in the middle."""
    above = max(0, (height - len(block)) // 2)
    lines: Block = [[] for _ in range(above)]
    lines += block
    lines += [[] for _ in range(height - len(lines))]
    return [fitted(line, width, style) for line in lines[: max(0, height)]]


def beside(left: Block, right: Block, gap: int) -> Block:
    """Return two blocks of one height side by side."""
    return [[*a, run(" " * gap), *b] for a, b in zip(left, right, strict=True)]


def shortened(text: str, width: int, ellipsis: str) -> str:
    """Return text of at most some cells, with an ellipsis where it is cut."""
    if cell_len(text) <= width:
        return text
    if width < 2:
        return set_cell_size(text, max(0, width))
    return set_cell_size(text, width - 1).rstrip() + ellipsis


def column(text: str, width: int, ellipsis: str) -> str:
    """Return text of exactly some cells."""
    return set_cell_size(shortened(text, width, ellipsis), max(0, width))


def clean(text: str, ascii_only: bool) -> str:
    """Return text on one line that can't steer a terminal; in ASCII, letters lose their accents."""
    text = one_line(text)
    if ascii_only:
        bare = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        text = "".join(bare).encode("ascii", "replace").decode()
    return text
