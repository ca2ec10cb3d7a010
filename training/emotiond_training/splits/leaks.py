"""The leak checker: a figure is worth nothing if the test set was seen in training."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emotiond.errors import EmotiondError
from emotiond_training.corpora.clips import Clip, content_hash
from emotiond_training.splits.folds import Fold, Indices
from emotiond_training.splits.protocols import HeldOut, Round, Unseen


class LeakError(EmotiondError):
    """Training saw what it is tested on."""


def check_round(clips: Sequence[Clip], checked: Round) -> None:
    """Check that what trains, what calibrates and what tests share nothing they may not share.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    checked : Round
        Indices into it.

    Raises
    ------
    LeakError
        If two of the sets share a file or a file's content, if the calibration set shares a speaker
        with another, or if what a protocol says is unseen was seen or is unknown of a clip.
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
    """Check the two sides of a fold as :func:`check_round` checks a round."""
    held_out = HeldOut("", "", fold.test, unseen)
    check_round(clips, Round("fold", fold.train, fold.train[:0], (held_out,)))


def check_windows(clips: Sequence[Clip], train: Indices, sources: Indices) -> None:
    """Check that every training window, augmented or not, was cut from a training clip.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    train : np.ndarray [shape=(n,)]
        Indices of the clips to train on.
    sources : np.ndarray [shape=(windows,)]
        Index of the clip that each window was cut from.

    Raises
    ------
    LeakError
        If one was not.
    """
    strangers = np.setdiff1d(sources, train)
    if len(strangers):
        path = clips[strangers[0]].path
        raise LeakError(f"leak: a training window was cut from {path}, no clip to train on")


def _name_of(held_out: HeldOut) -> str:
    return f"{held_out.protocol} test".strip()


def _check_files(clips: Sequence[Clip], sets: dict[str, Indices], tests: Sequence[HeldOut]) -> None:
    """Check that no file and no content is in two of the sets, or in one and a test set."""
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
    """Return the clips of two sets; for texts only those of corpora that are tested."""
    test = [clips[index] for index in held_out.clips]
    others = [clips[index] for index in indices]
    if held_out.unseen == "text":
        # Texts have names within a corpus: sentence 1 of another is another sentence.
        corpora = {clip.corpus for clip in test}
        others = [clip for clip in others if clip.corpus in corpora]
    return others, test


def _check_unseen(
    seen: Sequence[Clip], test: Sequence[Clip], unseen: Unseen, names: tuple[str, str]
) -> None:
    """Check that two sets share no value of ``unseen``, and that it is known of all."""
    for clip in (*seen, *test):
        if getattr(clip, unseen) is None:
            raise LeakError(f"leak: the {unseen} of {clip.path} is not known, so it may be seen")
    known = {getattr(clip, unseen) for clip in seen}
    for clip in test:
        if (value := getattr(clip, unseen)) in known:
            raise LeakError(
                f"leak: {unseen} {value!r} is in both the {names[0]} and the {names[1]} set"
            )
