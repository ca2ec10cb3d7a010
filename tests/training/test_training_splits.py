"""Splits and the leak checker."""

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from emotiond.errors import EmotiondError, InputError
from emotiond_training.clips import Clip
from emotiond_training.leaks import LeakError, check_fold, check_windows
from emotiond_training.splits import PROTOCOLS, Fold, clips_for, random_split


@pytest.fixture
def table(touch) -> list[Clip]:
    """Two speakers, ten words, two labels: 40 clips."""
    clips = [
        Clip(Path(f"{speaker}_{word}_{label}.wav"), label, speaker, str(word), "tess")
        for speaker in ("OAF", "YAF")
        for word in range(10)
        for label in ("happy", "sad")
    ]
    folder = touch(*(clip.path.name for clip in clips))
    return [msgspec.structs.replace(clip, path=folder / clip.path) for clip in clips]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_tests_what_it_has_not_trained_on_and_passes_the_leak_checker(table, name):
    protocol = PROTOCOLS[name]
    for fold in protocol.split(table, 7):
        assert len(fold.train)
        assert len(fold.test)
        assert sorted([*fold.train, *fold.test]) == list(range(40))
        check_fold(table, fold, protocol.unseen)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_split_depends_on_its_seed_alone(table, name):
    split = PROTOCOLS[name].split
    for first, again in zip(split(table, 7), split(table, 7), strict=True):
        np.testing.assert_array_equal(first.test, again.test)


def test_random_split_holds_out_a_fifth_of_each_label(table):
    [fold] = PROTOCOLS["tess-random"].split(table, 7)
    assert Counter(table[index].label for index in fold.test) == {"happy": 4, "sad": 4}


def test_word_split_holds_out_a_fifth_of_the_words(table):
    [fold] = PROTOCOLS["tess-words"].split(table, 7)
    assert len({table[index].text for index in fold.test}) == 2
    assert len(fold.test) == 8


def test_speaker_split_goes_both_ways(table):
    folds = PROTOCOLS["tess-speakers"].split(table, 7)
    assert [{table[index].speaker for index in fold.test} for fold in folds] == [{"OAF"}, {"YAF"}]


def test_a_random_split_of_two_clips_a_label_trains_and_tests_each_label(table):
    few = [table[0], table[1], table[2], table[3]]
    [fold] = random_split(few, 7)
    assert {few[index].label for index in fold.train} == {"happy", "sad"}
    assert {few[index].label for index in fold.test} == {"happy", "sad"}


def test_a_label_with_one_clip_cannot_be_split(table):
    with pytest.raises(InputError, match="label 'happy' has only one recording"):
        random_split([table[0], table[1], table[3]], 7)


def test_a_protocol_without_its_corpus_says_which(table):
    others = [msgspec.structs.replace(clip, corpus="folders") for clip in table]
    with pytest.raises(InputError, match="tess-words needs the corpus tess: --corpus tess=FOLDER"):
        clips_for("tess-words", others)


def fold_of(train: list[int], test: list[int]) -> Fold:
    return Fold(np.array(train), np.array(test))


def test_leak_checker_catches_a_shared_file(table):
    with pytest.raises(LeakError, match="in both the training and the test set"):
        check_fold(table, fold_of([0, 1], [1, 2]), None)


def test_leak_checker_catches_a_file_reached_by_another_path(table):
    link = table[0].path.with_name("link.wav")
    link.symlink_to(table[0].path)
    table[5] = msgspec.structs.replace(table[5], path=link)
    with pytest.raises(LeakError, match="in both"):
        check_fold(table, fold_of([0, 1], [5]), None)


def test_leak_checker_catches_a_copy_of_a_file(table):
    table[5].path.write_bytes(table[0].path.read_bytes())
    with pytest.raises(LeakError, match="has the content of"):
        check_fold(table, fold_of([0, 1], [5]), None)


def test_leak_checker_catches_a_seen_word(table):
    with pytest.raises(LeakError, match="text '0' is in both"):
        check_fold(table, fold_of([0], [1]), "text")


def test_leak_checker_catches_a_seen_speaker(table):
    with pytest.raises(LeakError, match="speaker 'OAF' is in both"):
        check_fold(table, fold_of([0], [19]), "speaker")


def test_leak_checker_refuses_an_unknown_speaker(table):
    table[0] = msgspec.structs.replace(table[0], speaker=None)
    with pytest.raises(LeakError, match=r"speaker of .* is not known"):
        check_fold(table, fold_of([0], [25]), "speaker")


def test_leak_checker_catches_an_augmented_sibling_of_a_test_clip(table):
    fold = fold_of([0, 1], [2, 3])
    check_windows(table, fold, np.array([0, 0, 1, 1]))
    with pytest.raises(LeakError, match=r"training window was cut from .*OAF_1_happy"):
        check_windows(table, fold, np.array([0, 0, 1, 2]))


def test_a_leak_fails_the_command():
    assert issubclass(LeakError, EmotiondError)
    assert LeakError.exit_code == 1
