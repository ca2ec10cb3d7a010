"""Leak checker: a figure means nothing if training has seen the test set."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emotiond.errors import EmotiondError
from emotiond_training.corpora.clips import Clip, content_hash
from emotiond_training.splits.folds import Fold, Indices
from emotiond_training.splits.protocols import HeldOut, Round, Unseen


class LeakError(EmotiondError):
    """A training set and a test set share something that they must not share."""


def check_round(clips: Sequence[Clip], checked: Round) -> None:
    """Check that the training, calibration and test sets of a round share nothing forbidden.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    checked : Round
        Round, with indices into the table.

    Raises
    ------
    LeakError
        If two of the sets share a file or a file's content; if the calibration set shares a speaker
        with another set; or if a test set shares what its protocol calls unseen (speaker, text or
        corpus), or that is unknown of a clip.
    """
    sets = {"training": checked.train, "calibration": checked.calibration}
    _check_files(clips, sets, checked.tests)
    for held_out in checked.tests:
        if held_out.unseen:
            for name, others in sets.items():
                seen, test = _comparable(clips, others, held_out)
                _check_unseen(seen, test, held_out.unseen, (name, _name_of(held_out)))
    calibrating = [clips[index] for index in checked.calibration]
    known = [clips[index] for index in checked.train if clips[index].speaker is not None]
    _check_unseen(known, calibrating, "speaker", ("training", "calibration"))
    if calibrating:
        for held_out in checked.tests:
            test = [clips[index] for index in held_out.clips if clips[index].speaker is not None]
            _check_unseen(calibrating, test, "speaker", ("calibration", _name_of(held_out)))


def check_fold(clips: Sequence[Clip], fold: Fold, unseen: Unseen | None) -> None:
    """Check the training and the test set of a fold, as :func:`check_round` does for a round."""
    held_out = HeldOut("", "", fold.test, unseen)
    check_round(clips, Round("fold", fold.train, fold.train[:0], (held_out,)))


def check_windows(clips: Sequence[Clip], train: Indices, sources: Indices) -> None:
    """Check that every training window, augmented or not, comes from a training clip.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    train : np.ndarray [shape=(n,)]
        Indices of the training clips.
    sources : np.ndarray [shape=(windows,)]
        Index of the clip that each window comes from.

    Raises
    ------
    LeakError
        If a window comes from another clip.
    """
    others = np.setdiff1d(sources, train)
    if len(others):
        path = clips[others[0]].path
        raise LeakError(f"leak: a training window was cut from {path}, not a training clip")


def check_taught(
    clips: Sequence[Clip],
    contents: Sequence[str],
    taught: Indices,
    tested: Indices,
    texts_apart: bool,
) -> None:
    """Check that recordings which a voice is taught by and tested on share nothing forbidden.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    contents : sequence of str
        What tells the content of each clip's file, such as its SHA-256.
    taught, tested : np.ndarray [shape=(n,)]
        Indices into the table.
    texts_apart : bool
        Whether the text of a tested clip must not have been taught, nor be unknown.

    Raises
    ------
    LeakError
        If the two sets share a file's content or, where it matters, a text of one corpus.
    """
    known = {contents[index]: index for index in taught}
    for index in tested:
        if contents[index] in known:
            twin = clips[known[contents[index]]].path
            raise LeakError(f"leak: the tested {clips[index].path} has the content of {twin}")
    if texts_apart:
        corpora = {clips[index].corpus for index in tested}
        seen = [clips[index] for index in taught if clips[index].corpus in corpora]
        _check_unseen(seen, [clips[index] for index in tested], "text", ("taught", "tested"))


def _name_of(held_out: HeldOut) -> str:
    return f"{held_out.protocol} test".strip()


def _check_files(clips: Sequence[Clip], sets: dict[str, Indices], tests: Sequence[HeldOut]) -> None:
    """Check that no file, and no content of a file, is in two sets; test sets may overlap."""
    paths: dict[Path, str] = {}
    contents: dict[str, tuple[str, Clip]] = {}
    named = [*sets.items(), *((_name_of(each), each.clips) for each in tests)]
    for name, indices in named:
        for clip in (clips[index] for index in indices):
            path = clip.path.resolve()
            content = content_hash(path)
            other = paths.get(path, name)
            if other != name:
                raise LeakError(f"leak: {clip.path} is in both the {other} and the {name} set")
            other, twin = contents.get(content, (name, clip))
            if other != name:
                raise LeakError(
                    f"leak: the {name} set's {clip.path} has the content of {twin.path}, "
                    f"which is in the {other} set"
                )
            if name in sets:
                paths[path], contents[content] = name, (name, clip)


def _comparable(
    clips: Sequence[Clip], indices: Indices, held_out: HeldOut
) -> tuple[list[Clip], list[Clip]]:
    """Return the clips of a set and of a test set, of the same corpora if texts are compared."""
    test = [clips[index] for index in held_out.clips]
    others = [clips[index] for index in indices]
    if held_out.unseen == "text":
        # Sentence 1 of another corpus is another sentence.
        corpora = {clip.corpus for clip in test}
        others = [clip for clip in others if clip.corpus in corpora]
    return others, test


def _check_unseen(
    seen: Sequence[Clip], test: Sequence[Clip], unseen: Unseen, names: tuple[str, str]
) -> None:
    """Check that two sets share no value of the attribute ``unseen``, which all clips must have."""
    for clip in (*seen, *test):
        if getattr(clip, unseen) is None:
            raise LeakError(f"leak: the {unseen} of {clip.path} is unknown: both sets may have it")
    known = {getattr(clip, unseen) for clip in seen}
    for clip in test:
        if (value := getattr(clip, unseen)) in known:
            raise LeakError(
                f"leak: {unseen} {value!r} is in both the {names[0]} and the {names[1]} set"
            )
