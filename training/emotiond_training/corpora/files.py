"""Files below a folder: the recordings, and why others are not read."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

READABLE: Final = "aif aifc aiff au caf flac mp3 oga ogg opus rf64 snd w64 wav"
UNREADABLE: Final = "3gp aac ac3 amr avi m4a mka mkv mov mp4 mpg webm wma"
SOUND_ENDINGS: Final = frozenset(f".{name}" for name in READABLE.split())
"""Endings of recordings, in lower case."""
FOREIGN_ENDINGS: Final = frozenset(f".{name}" for name in UNREADABLE.split())
"""Endings of files that hold sound which libsndfile can't read."""
LOSSY_ENDINGS: Final = frozenset((".mp3", ".oga", ".ogg", ".opus"))


def files_below(folder: Path) -> Iterator[Path]:
    """Yield all files in a folder and below; links are followed, but not in circles.

    Hidden folders are yielded themselves and not opened. A folder that several links lead to is
    read once.

    Raises
    ------
    OSError
        If a folder can't be opened.
    """
    start = folder.resolve()
    opened: set[tuple[int, int]] = set()
    tops = [folder]
    for top in tops:
        for name, folders, files in os.walk(top, onerror=_raise):
            here = Path(name)
            status = here.stat()
            if (status.st_dev, status.st_ino) in opened:
                folders.clear()
                continue
            opened.add((status.st_dev, status.st_ino))
            hidden = {each for each in folders if each.startswith(".")}
            yield from (here / each for each in sorted((*files, *hidden)))
            links = {each for each in folders if (here / each).is_symlink()} - hidden
            folders[:] = sorted({*folders} - hidden - links)
            # Linked folders come last, so that a recording has its own path where it has one.
            linked = (here / each for each in sorted(links))
            tops += [each for each in linked if not start.is_relative_to(each.resolve())]


def _raise(error: OSError) -> NoReturn:
    raise error


def sound_files(folder: Path) -> list[Path]:
    """Return all recordings in a folder and below: the least deep first, lossy ones last.

    CREMA-D comes as MP3 and, beside it, as WAV under the same names.

    Raises
    ------
    OSError
        If a folder can't be opened.
    """
    return sorted(
        (path for path in files_below(folder) if why_unread(path) is None),
        key=lambda path: (len(path.parts), path.suffix.lower() in LOSSY_ENDINGS, path),
    )


def why_unread(path: Path) -> str | None:
    """Return why a file is not taken for a recording, in a few words; None where it is."""
    ending = path.suffix.lower()
    # Archives made on a Mac hold a ._name.wav for each file.
    if path.name.startswith("."):
        return "hidden"
    if not path.is_file():
        return "a link to nothing" if path.is_symlink() else "not a file"
    if ending in FOREIGN_ENDINGS:
        return f"not readable, convert it: ffmpeg -i X{ending} X.wav"
    return None if ending in SOUND_ENDINGS else f"not sound by its ending ({ending or 'none'})"


def once_by_name(paths: list[Path]) -> dict[str, Path]:
    """Return name without ending (lower case) -> the first path of that name.

    Archives of some corpora hold everything twice, in a folder inside the folder.
    """
    first: dict[str, Path] = {}
    for path in paths:
        first.setdefault(path.stem.lower(), path)
    return first
