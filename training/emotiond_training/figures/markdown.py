"""Markdown, as the cards use it."""

from collections.abc import Sequence


def table(header: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a table.

    Parameters
    ----------
    header : str
        Names of the columns, with `` | `` between them.
    rows : sequence of sequence of str
        A cell for each column.
    """
    names = header.split(" | ")
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
