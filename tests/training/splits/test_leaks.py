"""The leak checker catches everything that a test set must not share."""

import itertools

import msgspec
import numpy as np
import pytest

from emotiond.errors import EmotiondError
from emotiond_training.splits.folds import Fold
from emotiond_training.splits.leaks import LeakError, check_fold, check_round, check_windows
from emotiond_training.splits.protocols import Round, plan_rounds


def fold_of(train: list[int], test: list[int]) -> Fold:
    return Fold(np.array(train), np.array(test))


def test_leak_checker_catches_a_shared_file(tess):
    with pytest.raises(LeakError, match="in both the training and the test set"):
        check_fold(tess, fold_of([0, 1], [1, 2]), None)


def test_leak_checker_catches_a_file_reached_by_another_path(tess):
    link = tess[0].path.with_name("link.wav")
    link.symlink_to(tess[0].path)
    tess[5] = msgspec.structs.replace(tess[5], path=link)
    with pytest.raises(LeakError, match="in both"):
        check_fold(tess, fold_of([0, 1], [5]), None)


def test_leak_checker_catches_a_seen_word(tess):
    with pytest.raises(LeakError, match="text '0' is in both"):
        check_fold(tess, fold_of([0], [1]), "text")


def test_leak_checker_catches_a_seen_speaker(tess):
    with pytest.raises(LeakError, match="speaker 'tess_OAF' is in both"):
        check_fold(tess, fold_of([0], [19]), "speaker")


def test_leak_checker_refuses_an_unknown_speaker(tess):
    tess[0] = msgspec.structs.replace(tess[0], speaker=None)
    with pytest.raises(LeakError, match=r"speaker of .* is unknown: both sets may have it"):
        check_fold(tess, fold_of([0], [25]), "speaker")


PARTS = ("train", "calibration", "speakers", "tess-speakers")


def plant(plan: Round, part: str, index: int) -> Round:
    """Add a clip to a part of a round that it doesn't belong to."""
    if part in ("train", "calibration"):
        return plan._replace(**{part: np.append(getattr(plan, part), index)})
    tests = tuple(
        each._replace(clips=np.append(each.clips, index)) if each.protocol == part else each
        for each in plan.tests
    )
    return plan._replace(tests=tests)


def first_of(plan: Round, part: str) -> int:
    if part in ("train", "calibration"):
        return int(getattr(plan, part)[0])
    return int(next(each for each in plan.tests if each.protocol == part).clips[0])


@pytest.mark.parametrize(
    ("source", "goal"),
    [pair for pair in itertools.permutations(PARTS, 2) if set(pair) & set(PARTS[:2])],
)
def test_leak_checker_catches_a_file_and_a_copy_of_it_in_any_two_sets(joined, source, goal):
    plan = plan_rounds([], joined, 7)[0]
    index = first_of(plan, source)
    with pytest.raises(LeakError, match="is in both the"):
        check_round(joined, plant(plan, goal, index))
    copy = joined[first_of(plan, goal)].path
    copy.write_bytes(joined[index].path.read_bytes())
    with pytest.raises(LeakError, match="has the content of"):
        check_round(joined, plan)


@pytest.mark.parametrize(
    ("number", "part", "protocol", "attribute"),
    [
        (0, "train", "speakers", "speaker"),
        (0, "train", "tess-speakers", "speaker"),
        (0, "calibration", "speakers", "speaker"),
        (3, "train", "tess-words", "text"),
        (5, "train", "cross-corpus", "corpus"),
        (5, "calibration", "cross-corpus", "corpus"),
    ],
)
def test_leak_checker_catches_a_speaker_word_or_corpus_of_the_test_set_in_any_set(
    joined, number, part, protocol, attribute
):
    """A training or calibration clip gets the speaker, word or corpus of a test clip."""
    plan = plan_rounds([], joined, 7)[number]
    tested = joined[first_of(plan, protocol)]
    indices = getattr(plan, part)
    index = next(i for i in indices if attribute != "text" or joined[i].corpus == tested.corpus)
    stolen = {attribute: getattr(tested, attribute)}
    joined[index] = msgspec.structs.replace(joined[index], **stolen)
    with pytest.raises(LeakError, match=f"leak: {attribute} .* is in both the"):
        check_round(joined, plan)


def test_leak_checker_catches_a_calibration_speaker_that_trains(joined):
    plan = plan_rounds([], joined, 7)[0]
    speaker = joined[plan.calibration[0]].speaker
    joined[plan.train[0]] = msgspec.structs.replace(joined[plan.train[0]], speaker=speaker)
    with pytest.raises(LeakError, match="in both the training and the calibration set"):
        check_round(joined, plan)


def test_leak_checker_catches_an_augmented_sibling_of_a_test_clip(tess):
    train = np.array([0, 1])
    check_windows(tess, train, np.array([0, 0, 1, 1]))
    with pytest.raises(LeakError, match=r"training window was cut from .*OAF_1_happy"):
        check_windows(tess, train, np.array([0, 0, 1, 2]))


def test_a_leak_fails_the_command():
    assert issubclass(LeakError, EmotiondError)
    assert LeakError.exit_code == 1
