"""Folds of whole speakers, and random splits."""

import pytest

from emotiond.errors import InputError
from emotiond_training.splits.folds import RAVDESS_FOLDS, random_split, speaker_folds
from tests.training.splits.tables import of


def test_ravdess_has_the_folds_of_other_publications(joined):
    ravdess = [clip for clip in joined if clip.corpus == "ravdess"]
    folds = [of(ravdess, fold.test, "speaker") for fold in speaker_folds(ravdess, 0)]
    assert folds == [
        {f"ravdess_{actor:02d}" for actor in group if actor <= 18} for group in RAVDESS_FOLDS
    ]


def test_other_corpora_have_balanced_folds_of_whole_speakers(joined):
    nemo = [clip for clip in joined if clip.corpus == "nemo"]
    folds = [of(nemo, fold.test, "speaker") for fold in speaker_folds(nemo, 0)]
    assert sorted(map(len, folds)) == [1, 2, 2, 2, 2]
    four = [clip for clip in nemo if clip.speaker < "nemo_E"]
    assert len(speaker_folds(four, 0)) == 4


def test_a_random_split_of_two_clips_a_label_trains_and_tests_each_label(tess):
    few = tess[:4]
    [fold] = random_split(few, 7)
    assert of(few, fold.train, "label") == {"happy", "sad"}
    assert of(few, fold.test, "label") == {"happy", "sad"}


def test_a_label_with_one_clip_cannot_be_split(tess):
    with pytest.raises(InputError, match="label 'happy' has only one recording"):
        random_split([tess[0], tess[1], tess[3]], 7)


@pytest.mark.parametrize(
    ("rare", "share", "message"),
    [
        (20, 0.99, r"holding out 99 % of 40 recordings leaves too few to train 2 labels on"),
        (2, 0.9, r"holding out 90 % of the recordings leaves none of the label 'sad' to train on"),
    ],
)
def test_a_split_that_leaves_a_label_without_training_clips_is_one_sentence(
    tess, rare, share, message
):
    happy = [clip for clip in tess if clip.label == "happy"]
    sad = [clip for clip in tess if clip.label == "sad"][:rare]
    with pytest.raises(InputError, match=message):
        random_split(happy + sad, 7, share)
    [fold] = random_split(happy + sad, 7, 0.5)
    assert of(happy + sad, fold.train, "label") == {"happy", "sad"}
