"""All corpora in one table of clips, and the files that were left out of it."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from emotiond.errors import InputError, reason
from emotiond.text import one_line
from emotiond_training.corpora.broken import without_broken
from emotiond_training.corpora.clips import Clip, content_hash, labels_of
from emotiond_training.corpora.files import files_below, why_unread
from emotiond_training.corpora.readers import READERS
from emotiond_training.progress import Reporter

COPY: Final = "the same recording as another"
"""Why a byte-identical recording is left out."""


class LeftOut(NamedTuple):
    """A file of a corpus that is not in the table.

    Parameters
    ----------
    path : Path
        The file, or a hidden folder.
    corpus : str
        Name of the corpus.
    why : str
        Reason, in a few words.
    """

    path: Path
    corpus: str
    why: str


class Collection(NamedTuple):
    """Corpora that were read.

    Parameters
    ----------
    clips : list of Clip
        Recordings to train or test on, in an order that depends on the names only.
    left_out : list of LeftOut
        Files that are not among them.
    """

    clips: list[Clip]
    left_out: list[LeftOut]


def read_corpora(
    specs: Sequence[str], reporter: Reporter, *, skip_broken: bool = False
) -> Collection:
    """Read corpora into one table, without empty files and byte-identical copies.

    Parameters
    ----------
    specs : sequence of str
        ``NAME=FOLDER``, ``FOLDER`` for a folder with one folder a label, or ``FILE`` for a table.
    reporter : Reporter
        Shows the progress; gets a line for each recording that can't be read.
    skip_broken : bool
        Leave out recordings that can't be read.

    Raises
    ------
    InputError
        If a name is unknown, a folder is missing or has no recording of its corpus, a label can't
        be written, a recording can't be read or has two labels, or there are fewer than two labels.
    """
    clips: list[Clip] = []
    left_out: list[LeftOut] = []
    for spec in specs:
        found, unread = _read(spec)
        clips += found
        left_out += unread
    # One folder may hold several corpora.
    read = {clip.path for clip in clips}
    left_out = [each for each in left_out if each.path not in read]
    labels = labels_of(clips)
    _check_labels(clips)
    if len(labels) < 2:
        raise InputError(
            f"{', '.join(specs)}: only the label {labels[0]!r}; training needs two"
            + _hint(specs, labels[0])
        )
    kept, empty = _without_empty(clips)
    kept, broken = without_broken(kept, lambda clip: clip.path, reporter, skip=skip_broken)
    kept, copies = distinct(kept)
    for why, others in (("empty", empty), ("broken", broken), (COPY, copies)):
        left_out += [LeftOut(clip.path, clip.corpus, why) for clip in others]
    if lost := set(labels) - set(labels_of(kept)):
        raise InputError(f"label {min(lost)!r}: all its recordings are empty or broken")
    return Collection(kept, left_out)


def distinct(clips: Iterable[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Take out the clips whose file is byte-identical to an earlier one's; return both kinds.

    Raises
    ------
    InputError
        If byte-identical files have different labels.
    """
    seen: dict[str, Clip] = {}
    copies = []
    for clip in clips:
        first = seen.setdefault(content_hash(clip.path), clip)
        if first.label != clip.label:
            raise InputError(
                f"{first.path} and {clip.path} are the same recording, "
                f"but one is {first.label!r} and the other {clip.label!r}"
            )
        if first is not clip:
            copies.append(clip)
    return list(seen.values()), copies


def _read(spec: str) -> tuple[list[Clip], list[LeftOut]]:
    """Read one corpus."""
    name, separator, folder = spec.partition("=")
    if not separator or Path(spec).exists():
        name, folder = ("table" if Path(spec).is_file() else "folders"), spec
    if name not in READERS:
        raise InputError(f"unknown corpus {name!r}; known are {', '.join(READERS)}")
    path = Path(folder).expanduser()
    if not path.is_dir() and not (name == "table" and path.is_file()):
        raise InputError(f"{folder}: no such {'table or ' * (name == 'table')}folder")
    try:
        clips = READERS[name](path)
        unread = list(_unread(path, name, clips)) if path.is_dir() else []
    except OSError as error:
        raise InputError(f"{error.filename or folder}: {reason(error)}") from error
    if not clips:
        raise InputError(f"{folder}: holds no recording that the corpus {name!r} would have")
    return clips, unread


def _unread(folder: Path, corpus: str, clips: Sequence[Clip]) -> Iterator[LeftOut]:
    """Yield the files below a folder that its reader made no clip of."""
    read = {clip.path.resolve() for clip in clips}
    names = {path.stem.lower() for path in read}
    for path in files_below(folder):
        if path.resolve() not in read:
            why = why_unread(path)
            if why is None and corpus == "folders":
                why = "in no folder of a label"
            elif why is None and corpus != "table" and path.stem.lower() in names:
                why = "another recording has its name"
            yield LeftOut(path, corpus, why or "no recording that the corpus would have")


def _check_labels(clips: Sequence[Clip]) -> None:
    """Check that logs, screens and a model's contract can hold each label."""
    for clip in clips:
        if not clip.label or clip.label != one_line(clip.label):
            raise InputError(
                f"label {clip.label!r} can't be written: it must be UTF-8 text without control "
                f"characters and without spaces at its ends; rename it ({clip.path})"
            )


def _without_empty(clips: Iterable[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Take out the clips whose file is empty; return both kinds."""
    kept: list[Clip] = []
    empty: list[Clip] = []
    for clip in clips:
        has_none = clip.path.is_file() and clip.path.stat().st_size == 0
        (empty if has_none else kept).append(clip)
    return kept, empty


def _hint(specs: Sequence[str], label: str) -> str:
    """Return a hint for the case that the folder of the only label holds the folders of labels."""
    for spec in specs:
        folder = Path(spec, label)
        if folder.is_dir() and sum(each.is_dir() for each in folder.iterdir()) > 1:
            return f"; if the folders in it are the labels: --corpus {folder}"
    return ""
