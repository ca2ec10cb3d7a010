"""Markdown tables for the cards."""

from collections.abc import Sequence


def table(header: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown.

    Parameters
    ----------
    header : str
        Names of the columns, separated by `` | ``.
    rows : sequence of sequence of str
        Rows, with one cell for each column.
    """
    names = header.split(" | ")
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
