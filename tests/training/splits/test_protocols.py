"""Rounds: trainings that several protocols share."""

from collections import Counter

import msgspec
import numpy as np
import pytest

from emotiond.errors import InputError
from emotiond_training.splits.leaks import check_round
from emotiond_training.splits.protocols import (
    PROTOCOLS,
    HeldOut,
    Round,
    heard_in,
    plan_rounds,
    with_at_most,
)
from tests.training.splits.tables import clips_of, of, written


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


def test_calibration_speakers_are_a_tenth_of_each_corpus_with_enough_speakers(joined):
    for plan in plan_rounds(["speakers", "tess-random"], joined, 7):
        speakers = Counter(str(name)[:4] for name in of(joined, plan.calibration, "speaker"))
        assert speakers == {"ravd": 2, "nemo": 1, "ased": 6}
        assert not of(joined, plan.calibration, "speaker") & of(joined, plan.train, "speaker")


@pytest.mark.parametrize("seed", range(12))
def test_no_calibration_speaker_is_tested_whatever_the_seed(joined, seed: int):
    for plan in plan_rounds(["speakers"], joined, seed):
        tested = {name for each in plan.tests for name in of(joined, each.clips, "speaker")}
        calibrating = of(joined, plan.calibration, "speaker")
        assert not calibrating & tested
        # A tested speaker takes no other's place among the calibration speakers.
        assert Counter(str(name)[:4] for name in calibrating) == {"ravd": 2, "nemo": 1, "ased": 6}


def test_cross_corpus_tests_only_emotions_that_other_corpora_have(joined):
    rounds = plan_rounds(["cross-corpus"], joined, 7)
    plan = next(plan for plan in rounds if plan.name == "without-ased")
    [test] = plan.tests
    assert of(joined, test.clips, "label") == {"sad"}
    assert "ased" not in of(joined, np.concatenate((plan.train, plan.calibration)), "corpus")


def test_cross_corpus_leaves_out_only_the_named_corpora(joined):
    rounds = plan_rounds(["cross-corpus"], joined, 7, ["nemo", "ased"])
    assert {plan.name for plan in rounds} == {"without-nemo", "without-ased"}


def test_clips_of_unknown_speakers_do_not_train_where_unseen_speakers_are_tested(joined, touch):
    unknown = clips_of("folders", ("a",), 2)
    unknown = [msgspec.structs.replace(clip, speaker=None) for clip in written(touch, unknown)]
    clips = joined + unknown
    for plan in plan_rounds([], clips, 7):
        check_round(clips, plan)
        trains = "folders" in of(clips, plan.train, "corpus")
        # cross-corpus leaves corpora unseen, not speakers.
        assert trains == (plan.name.startswith("without-") and plan.name != "without-folders")


def test_at_most_so_many_recordings_of_a_corpus_are_heard_and_training_stays_as_it_is(joined):
    rounds = plan_rounds([], joined, 7)
    fewer = with_at_most(rounds, joined, 5, 7)
    assert max(Counter(joined[index].corpus for index in heard_in(fewer)).values()) == 5
    for one, other in zip(rounds, fewer, strict=True):
        assert np.array_equal(one.train, other.train)
        assert set(other.calibration) <= set(one.calibration)
        for before, after in zip(one.tests, other.tests, strict=True):
            assert set(after.clips) <= set(before.clips)
    everything = with_at_most(rounds, joined, len(joined), 7)
    assert np.array_equal(heard_in(everything), heard_in(rounds))


def test_what_is_heard_is_what_any_round_tests_or_calibrates_on(joined):
    rounds = plan_rounds([], joined, 7)
    wanted = {int(i) for plan in rounds for test in plan.tests for i in test.clips}
    wanted |= {int(i) for plan in rounds for i in plan.calibration}
    assert heard_in(rounds).tolist() == sorted(wanted)


def test_the_same_seed_gives_the_same_rounds(joined):
    first, again = plan_rounds([], joined, 7), plan_rounds([], joined, 7)
    other = plan_rounds([], joined, 8)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.train, two.train)
        np.testing.assert_array_equal(one.calibration, two.calibration)
    assert any(
        len(one.train) != len(two.train) or (one.train != two.train).any()
        for one, two in zip(first, other, strict=True)
    )


def test_tess_alone_takes_one_training_a_fold(tess):
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


@pytest.mark.parametrize(
    ("name", "need"),
    [
        ("tess-random", "tess-random needs the corpus tess: --corpus tess=FOLDER"),
        ("tess-words", "tess-words needs the corpus tess, several words: --corpus tess=FOLDER"),
        ("speakers", "speakers needs a corpus of at least 3 known speakers"),
        ("cross-corpus", "cross-corpus needs two corpora with a label that both have"),
    ],
)
def test_a_protocol_without_its_corpus_says_which(tess, name, need):
    others = [msgspec.structs.replace(clip, corpus="folders") for clip in tess]
    with pytest.raises(InputError, match=need):
        plan_rounds([name], others, 7)


@pytest.mark.parametrize(
    ("name", "attribute"), [("tess-words", "text"), ("tess-speakers", "speaker")]
)
def test_a_part_of_tess_with_one_word_or_speaker_is_one_sentence(tess, name, attribute):
    part = [clip for clip in tess if getattr(clip, attribute) == getattr(tess[0], attribute)]
    with pytest.raises(InputError, match=f"{name} needs the corpus tess, "):
        plan_rounds([name], part, 7)
    assert name not in {each.protocol for plan in plan_rounds([], part, 7) for each in plan.tests}


def test_every_protocol_has_a_meaning_for_the_card():
    assert all(protocol.meaning for protocol in PROTOCOLS.values())
