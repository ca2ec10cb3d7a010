"""Tables of recordings: CSV files, as programs and Excel write them."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from emotiond.errors import InputError, reason

MANIFEST: Final = "manifest.csv"
"""Name of the table of a folder."""


def read_rows(
    path: Path, *columns: str, renamed: Mapping[str, str] | None = None
) -> list[dict[str, str]]:
    """Read a CSV file whose first line names its columns.

    Parameters
    ----------
    path : Path
        UTF-8 text, with or without a byte-order mark; commas, semicolons or tabs between cells.
    *columns : str
        Columns that it must have.
    renamed : mapping of str to str, optional
        Other name of a column -> the name that it gets if no other column has it.

    Returns
    -------
    list of dict of str to str
        Rows with a cell for each column, spaces at the ends removed; names of columns in lower
        case. Empty lines are left out.

    Raises
    ------
    InputError
        If the file can't be read, is not such a table, or lacks a column.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file in UTF-8") from error
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        names, *rows = list(csv.reader(io.StringIO(text), delimiter=delimiter)) or [[]]
    except csv.Error as error:
        raise InputError(f"{path}: not a table of comma-separated values ({error})") from error
    names = [name.strip().lower() for name in names]
    for other, name in (renamed or {}).items():
        names = [name if each == other and name not in names else each for each in names]
    for column in columns:
        if column not in names:
            raise InputError(f"{path}: no column {column!r}")
    filled = ([cell.strip() for cell in row] for row in rows if any(map(str.strip, row)))
    return [dict(zip(names, row + [""] * len(names), strict=False)) for row in filled]
