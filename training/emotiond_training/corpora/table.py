"""Recordings of any layout, listed in a table: a CSV file with a row for each.

Columns are ``path`` (from the table's folder), ``emotion`` or ``label``, and, where they are known,
``speaker``, ``text`` and ``corpus``. Emotions get the labels of other corpora, labels are left as
they are. The tables of nkululeko and audformat are read, too: their column ``file`` is the path,
and their ``start`` and ``end`` must be those of whole recordings.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from emotiond.errors import InputError
from emotiond_training.corpora.clips import EMOTIONS, Clip
from emotiond_training.corpora.manifest import MANIFEST, read_rows

CORPUS: Final = "table"
"""Corpus of rows that name none."""
WHOLE: Final = {
    "start": re.compile(r"|0(\.0*)?|0 days|(0 days )?0?0:00:00(\.0*)?"),
    "end": re.compile(r"|nat|none"),
}
"""Columns of a segment, and what they say of a whole recording."""


def read_table(path: Path) -> list[Clip]:
    """Read a table, or the part of a folder's table that lists recordings in a folder.

    Parameters
    ----------
    path : Path
        A CSV file; or a folder with a ``manifest.csv`` in it or in the folder above.

    Raises
    ------
    InputError
        If there is no table, it lacks a column, or a row has no path or label.
    """
    table = _table_of(path) if path.is_dir() else path
    inside = path.resolve() if path.is_dir() else None
    return [
        clip
        for number, row in enumerate(_rows(table), 2)
        if (clip := _clip(table, number, row))
        and (inside is None or clip.path.resolve().is_relative_to(inside))
    ]


def _rows(table: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a table, each of a whole recording."""
    for row in read_rows(table, "path", renamed={"file": "path"}):
        for name, whole in WHOLE.items():
            if not whole.fullmatch(row.get(name, "").lower()):
                raise InputError(
                    f"{table}: {row['path']} has {name} = {row[name]}: parts of recordings "
                    "can't be read; cut them into files of their own"
                )
        yield row


def _table_of(folder: Path) -> Path:
    for each in (folder, folder.resolve().parent):
        if (each / MANIFEST).is_file():
            return each / MANIFEST
    raise InputError(f"{folder}: no {MANIFEST} in it or in the folder above")


def _clip(table: Path, number: int, row: dict[str, str]) -> Clip:
    """Return the clip of a row; the first row behind the names of the columns has number 2."""
    if "emotion" not in row and "label" not in row:
        raise InputError(f"{table}: no column 'emotion' or 'label'")
    emotion = row.get("emotion", "")
    label = row.get("label") or EMOTIONS.get(emotion.lower(), emotion)
    if not row["path"]:
        raise InputError(f"{table}: row {number} has no path")
    if not label:
        raise InputError(f"{table}: {row['path']} has no label")
    corpus = row.get("corpus") or CORPUS
    return Clip(
        path=table.parent / row["path"],
        label=label,
        speaker=f"{corpus}_{row['speaker']}" if row.get("speaker") else None,
        text=row.get("text") or None,
        corpus=corpus,
        # Sounds that are not voices have no column of speakers.
        voice="speaker" in row,
    )
