"""Sound files below a folder."""

from pathlib import Path
from typing import Final

FORMATS: Final = "aif aifc aiff au caf flac mp3 oga ogg opus rf64 snd w64 wav"
SOUND_ENDINGS: Final = frozenset(f".{name}" for name in FORMATS.split())
LOSSY_ENDINGS: Final = frozenset((".mp3", ".oga", ".ogg", ".opus"))


def sound_files(folder: Path) -> list[Path]:
    """Return all sound files in a folder and below: the least deep first, lossy ones last.

    CREMA-D comes as MP3 and, beside it, as WAV under the same names.
    Hidden files and folders are left out: archives made on a Mac hold a ``._name.wav`` for each
    file.
    """
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SOUND_ENDINGS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    return sorted(
        found, key=lambda path: (len(path.parts), path.suffix.lower() in LOSSY_ENDINGS, path)
    )


def once_by_name(paths: list[Path]) -> dict[str, Path]:
    """Return name without ending (lower case) -> the first path of that name.

    Archives of some corpora hold everything twice, in a folder inside the folder.
    """
    first: dict[str, Path] = {}
    for path in paths:
        first.setdefault(path.stem.lower(), path)
    return first
