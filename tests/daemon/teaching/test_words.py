"""The words of a guided teaching: sentences, scenes and pages."""

import pytest
from rich.cells import cell_len

from emotiond.model.file import read_contract
from emotiond.paths import LARGE_MODEL
from emotiond.service.requests import Changed
from emotiond.teaching import words
from emotiond.teaching.scenes import SCENES, scene_of
from emotiond.teaching.sentences import SENTENCES, language_of, sentence_of
from emotiond.teaching.session import Prompt, Quiet, Rest, prompts_of
from emotiond.teaching.words import Course, Page
from tests.daemon.terminal.screens import LABELS, hello, utterance

COURSE = Course(LABELS, 3, "en", None)


def text(page: Page) -> str:
    return "\n".join(each.text for each in page)


def test_every_language_has_the_same_sentences_and_none_twice() -> None:
    assert {len(each) for each in SENTENCES.values()} == {8}
    every = [sentence for each in SENTENCES.values() for sentence in each]
    assert len(set(every)) == len(every)
    assert max(map(cell_len, every)) <= 40
    assert all(each.endswith(".") for each in every)  # neither a question nor a shout


def test_every_emotion_of_the_shipped_models_has_scenes() -> None:
    assert set(read_contract(LARGE_MODEL).reported) == set(SCENES)
    assert {len(set(each)) for each in SCENES.values()} == {3}
    assert scene_of("dog", 1) is None
    assert [scene_of("sad", number) for number in (1, 4)] == 2 * [SCENES["sad"][0]]


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "pl_PL"}, "pl"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, "de"),
        ({"LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "fil_PH.UTF-8"}, "en"),
        ({"LANG": "pt"}, "pt"),
        ({}, "en"),
    ],
)
def test_sentences_are_in_the_language_of_the_user(environment, language) -> None:
    assert language_of(environment) == language


def test_a_label_gets_another_sentence_in_each_round() -> None:
    for label in LABELS:
        pages = [
            text(words.asking(COURSE, each))
            for each in prompts_of(LABELS, 3)
            if each.label == label
        ]
        said = {page.partition("Say: ")[2].partition("\n")[0] for page in pages}
        assert len(said) == 3
        assert said <= set(SENTENCES["en"])
    assert sentence_of("it", 8) == sentence_of("it", 0)


def test_a_label_of_ones_own_is_a_sound_and_not_a_sentence() -> None:
    page = text(words.asking(COURSE, Prompt(1, 1, "dog")))
    assert "Make the sound." in page
    assert "Say:" not in page


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (utterance("sad", 0.0, confidence=0.61), "heard: sad, 61 %"),
        (
            utterance(None, 0.0, probabilities={"sad": 0.3, "fear": 0.4}),
            "uncertain, perhaps fear, 40 %",
        ),
        (utterance(None, 0.0, state="no_speech"), "heard: no voice"),
    ],
)
def test_what_was_heard_is_said(record, said) -> None:
    assert said in text(words.judged(Prompt(1, 1, "sad"), (record,)))


def test_that_sound_is_stored_is_said_at_the_start_with_each_recording_and_at_the_end(
    tmp_path,
) -> None:
    stored = COURSE._replace(recordings=tmp_path, profile=tmp_path / "voices.json")
    answer = Changed(utterance=utterance("sad", 0.0), was="sad", label="sad", examples=1)
    pages = (
        words.opening(stored, hello(), 0),
        words.kept(Prompt(1, 1, "sad"), answer, [tmp_path / "sad" / "1.wav"]),
        words.closing(stored, 1),
    )
    for page in pages:
        [said] = [each for each in page if each.kind == "alarm"]
        assert str(tmp_path) in said.text
    assert "No sound is stored" in text(words.opening(COURSE, hello(), 0))


def test_a_label_that_the_daemon_lacks_is_named_with_the_nearest_one() -> None:
    page = words.opening(COURSE._replace(labels=("angy",)), hello(), 2)
    assert "New labels: angy" in text(page)
    assert "did you mean angry?" in text(page)
    assert "2 examples" in text(page)


def test_lines_of_keys_fit_a_terminal_of_forty_columns() -> None:
    pages = (
        words.asking(COURSE, Prompt(1, 1, "sad")),
        words.judged(Prompt(1, 1, "sad"), (utterance("sad", 0.0),)),
        words.resting(COURSE, Rest(1, last=False), "an estimate"),
    )
    for page in pages:
        assert cell_len(page[-1].text) <= 38
    assert "emotiond devices" in text(words.hearing_nothing(Quiet(-62.4)))
    assert "-62 dBFS" in text(words.hearing_nothing(Quiet(-62.4)))
