"""The leak checker: a figure is worth nothing if the test set was seen in training."""

from collections.abc import Sequence

from emotiond.errors import EmotiondError
from emotiond_training.clips import Clip, content_hash
from emotiond_training.splits import Fold, Indices, Unseen


class LeakError(EmotiondError):
    """Training saw what it is tested on."""


def check_fold(clips: Sequence[Clip], fold: Fold, unseen: Unseen | None) -> None:
    """Check that the sides of a fold share nothing they may not share.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    fold : Fold
        Indices into it.
    unseen : {"speaker", "text"} or None
        What else the sides may not share.

    Raises
    ------
    LeakError
        If they share a file, a file's content or what should be unseen, or if that is unknown of a
        clip.
    """
    train = [clips[index] for index in fold.train]
    test = [clips[index] for index in fold.test]
    if shared := {clip.path.resolve() for clip in train} & {clip.path.resolve() for clip in test}:
        raise LeakError(f"leak: {min(shared)} is in both the training and the test set")
    trained = {content_hash(clip.path): clip for clip in train}
    for clip in test:
        if twin := trained.get(content_hash(clip.path)):
            raise LeakError(f"leak: the test set's {clip.path} has the content of {twin.path}")
    if unseen is None:
        return
    for clip in (*train, *test):
        if getattr(clip, unseen) is None:
            raise LeakError(f"leak: the {unseen} of {clip.path} is not known, so it may be seen")
    known = {getattr(clip, unseen) for clip in train}
    for clip in test:
        if (value := getattr(clip, unseen)) in known:
            raise LeakError(f"leak: {unseen} {value!r} is in both the training and the test set")


def check_windows(clips: Sequence[Clip], fold: Fold, sources: Indices) -> None:
    """Check that every training window, augmented or not, was cut from a training clip.

    Parameters
    ----------
    clips : sequence of Clip
        The table.
    fold : Fold
        Indices into it.
    sources : np.ndarray [shape=(windows,)]
        Index of the clip that each window was cut from.

    Raises
    ------
    LeakError
        If one was not.
    """
    if strangers := set(sources.tolist()) - set(fold.train.tolist()):
        path = clips[min(strangers)].path
        raise LeakError(f"leak: a training window was cut from {path}, no clip to train on")
