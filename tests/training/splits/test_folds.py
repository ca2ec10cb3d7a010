"""Splits, the rounds that protocols are joined into, and the leak checker."""

import itertools
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from emotiond.errors import EmotiondError, InputError
from emotiond_training.corpora.clips import Clip
from emotiond_training.splits.folds import RAVDESS_FOLDS, Fold, random_split, speaker_folds
from emotiond_training.splits.leaks import LeakError, check_fold, check_round, check_windows
from emotiond_training.splits.protocols import PROTOCOLS, HeldOut, Round, plan_rounds


@pytest.fixture
def tess(touch) -> list[Clip]:
    """Two speakers, ten words, two labels: 40 clips."""
    return written(touch, clips_of("tess", ("tess_OAF", "tess_YAF"), 10))


@pytest.fixture
def joined(touch) -> list[Clip]:
    """TESS, RAVDESS with 18 actors, nEMO with nine speakers, ASED with one label of its own."""
    clips = [
        *clips_of("tess", ("tess_OAF", "tess_YAF"), 10),
        *clips_of("ravdess", [f"ravdess_{actor:02d}" for actor in range(1, 19)], 2),
        *clips_of("nemo", [f"nemo_{letter}" for letter in "ABCDEFGHI"], 3),
        *clips_of("ased", [f"ased_{number}" for number in range(10, 75)], 1, ("sad", "zeal")),
    ]
    return written(touch, clips)


def clips_of(corpus, speakers, sentences, labels=("happy", "sad")) -> list[Clip]:
    return [
        Clip(Path(f"{speaker}_{sentence}_{label}.wav"), label, speaker, str(sentence), corpus)
        for speaker in speakers
        for sentence in range(sentences)
        for label in labels
    ]


def written(touch, clips: list[Clip]) -> list[Clip]:
    folder = touch(*(clip.path.name for clip in clips))
    return [msgspec.structs.replace(clip, path=folder / clip.path) for clip in clips]


def of(clips: list[Clip], indices: np.ndarray, attribute: str) -> set[object]:
    return {getattr(clips[index], attribute) for index in indices}


def held_out(rounds: list[Round], protocol: str) -> list[tuple[Round, HeldOut]]:
    return [(plan, each) for plan in rounds for each in plan.tests if each.protocol == protocol]


def test_protocols_share_rounds_and_leave_every_test_set_unseen(joined):
    rounds = plan_rounds([], joined, 7)
    names = [f"shared-{number}" for number in range(1, 6)]
    names += [f"without-{name}" for name in ("ased", "nemo", "ravdess", "tess")]
    assert [plan.name for plan in rounds] == names
    assert [sorted({each.protocol for each in plan.tests}) for plan in rounds[:5]] == [
        ["speakers", "tess-speakers"],
        ["speakers", "tess-speakers"],
        ["speakers", "tess-random"],
        ["speakers", "tess-words"],
        ["speakers"],
    ]
    for plan in rounds:
        check_round(joined, plan)
        for each in plan.tests:
            assert not set(plan.train) & set(each.clips)
            assert not set(plan.calibration) & set(each.clips)
            seen = np.concatenate((plan.train, plan.calibration))
            if each.unseen in ("speaker", "corpus"):
                tested = of(joined, each.clips, each.unseen)
                assert not tested & of(joined, seen, each.unseen)


def test_shared_rounds_train_on_everything_else(joined):
    for plan in plan_rounds(["speakers", "tess-words"], joined, 7):
        parts = [plan.train, plan.calibration, *(each.clips for each in plan.tests)]
        assert sorted(np.concatenate(parts)) == list(range(len(joined)))


def test_speakers_tests_every_speaker_once_but_those_of_tess(joined):
    tests = held_out(plan_rounds(["speakers"], joined, 7), "speakers")
    for corpus in ("ravdess", "nemo", "ased"):
        tested = Counter(
            index for _, each in tests if each.corpus == corpus for index in each.clips.tolist()
        )
        members = [index for index, clip in enumerate(joined) if clip.corpus == corpus]
        assert tested == Counter(members)
    assert {each.corpus for _, each in tests} == {"ravdess", "nemo", "ased"}


def test_ravdess_has_the_folds_that_others_report(joined):
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


def test_calibration_speakers_are_a_tenth_of_each_corpus_that_can_spare_them(joined):
    for plan in plan_rounds(["speakers", "tess-random"], joined, 7):
        speakers = Counter(str(name)[:4] for name in of(joined, plan.calibration, "speaker"))
        assert speakers == {"ravd": 2, "nemo": 1, "ased": 6}
        assert not of(joined, plan.calibration, "speaker") & of(joined, plan.train, "speaker")


def test_cross_corpus_tests_the_emotions_that_others_have_too(joined):
    rounds = plan_rounds(["cross-corpus"], joined, 7)
    plan = next(plan for plan in rounds if plan.name == "without-ased")
    [test] = plan.tests
    assert of(joined, test.clips, "label") == {"sad"}
    assert "ased" not in of(joined, np.concatenate((plan.train, plan.calibration)), "corpus")


def test_cross_corpus_leaves_out_only_what_was_asked_for(joined):
    rounds = plan_rounds(["cross-corpus"], joined, 7, ["nemo", "ased"])
    assert {plan.name for plan in rounds} == {"without-nemo", "without-ased"}


def test_clips_of_unknown_speakers_train_only_where_no_stranger_is_tested(joined, touch):
    unknown = clips_of("folders", ("a",), 2)
    unknown = [msgspec.structs.replace(clip, speaker=None) for clip in written(touch, unknown)]
    clips = joined + unknown
    for plan in plan_rounds([], clips, 7):
        check_round(clips, plan)
        trains = "folders" in of(clips, plan.train, "corpus")
        # cross-corpus leaves corpora unseen, not speakers.
        assert trains == (plan.name.startswith("without-") and plan.name != "without-folders")


def test_rounds_depend_on_the_seed_alone(joined):
    first, again = plan_rounds([], joined, 7), plan_rounds([], joined, 7)
    other = plan_rounds([], joined, 8)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.train, two.train)
        np.testing.assert_array_equal(one.calibration, two.calibration)
    assert any(
        len(one.train) != len(two.train) or (one.train != two.train).any()
        for one, two in zip(first, other, strict=True)
    )


def test_tess_alone_is_one_training_a_fold_as_ever(tess):
    rounds = plan_rounds([], tess, 7)
    assert [[each.protocol for each in plan.tests] for plan in rounds] == [
        ["tess-speakers"],
        ["tess-speakers"],
        ["tess-random"],
        ["tess-words"],
    ]
    for plan in rounds:
        check_round(tess, plan)
        assert not len(plan.calibration)
        assert sorted([*plan.train, *plan.tests[0].clips]) == list(range(40))
    assert [of(tess, plan.tests[0].clips, "speaker") for plan in rounds[:2]] == [
        {"tess_OAF"},
        {"tess_YAF"},
    ]
    random, words = rounds[2].tests[0].clips, rounds[3].tests[0].clips
    assert Counter(tess[index].label for index in random) == {"happy": 4, "sad": 4}
    assert len(of(tess, words, "text")) == 2
    assert len(words) == 8


def test_a_random_split_of_two_clips_a_label_trains_and_tests_each_label(tess):
    few = tess[:4]
    [fold] = random_split(few, 7)
    assert of(few, fold.train, "label") == {"happy", "sad"}
    assert of(few, fold.test, "label") == {"happy", "sad"}


def test_a_label_with_one_clip_cannot_be_split(tess):
    with pytest.raises(InputError, match="label 'happy' has only one recording"):
        random_split([tess[0], tess[1], tess[3]], 7)


@pytest.mark.parametrize(
    ("name", "need"),
    [
        ("tess-words", "tess-words needs the corpus tess: --corpus tess=FOLDER"),
        ("speakers", "speakers needs a corpus of at least 3 known speakers"),
        ("cross-corpus", "cross-corpus needs two corpora with a label that both have"),
    ],
)
def test_a_protocol_without_its_corpus_says_which(tess, name, need):
    others = [msgspec.structs.replace(clip, corpus="folders") for clip in tess]
    with pytest.raises(InputError, match=need):
        plan_rounds([name], others, 7)


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
    with pytest.raises(LeakError, match=r"speaker of .* is not known"):
        check_fold(tess, fold_of([0], [25]), "speaker")


PARTS = ("train", "calibration", "speakers", "tess-speakers")


def plant(plan: Round, part: str, index: int) -> Round:
    """Put a clip into a part of a round where it doesn't belong."""
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
def test_leak_checker_catches_what_should_be_unseen_in_any_set(
    joined, number, part, protocol, attribute
):
    """A clip that trains or calibrates gets the speaker, word or corpus of a tested one."""
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


def test_every_protocol_says_what_it_means():
    assert all(protocol.meaning for protocol in PROTOCOLS.values())
