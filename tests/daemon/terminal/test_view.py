"""The view: what a frame shows large is never less probable than what it shows small beside it."""

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiond.recognition.engine import Engine
from emotiond.record import Correction, Prediction, Utterance, Voices
from emotiond.terminal.look import look_of
from emotiond.terminal.utterances import judged
from emotiond.terminal.view import View
from emotiond.terminal.word import percent, word_of
from emotiond.testing import FakeModel
from tests.daemon.sounds import silence, speech
from tests.daemon.terminal.screens import frame, prediction, shown_after, utterance, view, views

LABELS = ("angry", "happy", "neutral", "sad")


def agrees(shown: View) -> None:
    """Fail if word, bars and list of a view contradict each other."""
    word = word_of(shown, look_of(shown.labels, "none"))
    rows = frame(shown, 100, 60).splitlines()
    bars = [int(found[1]) for row in rows if (found := re.search(r"[━█─] +(\d+) %$", row.rstrip()))]
    marked = [row for row in rows if "▶" in row and "%" in row]
    if shown.state == "emotion" and shown.sound_lost is None:
        assert word.note == percent(max(shown.probabilities.values()))
        assert shown.probabilities[shown.label] == max(shown.probabilities.values())
        assert len(marked) == 1
        assert bars
        assert word.note == f"{max(bars)} %"
        assert marked[0].rstrip().endswith(word.note)
    else:
        assert not marked
    for heard in shown.heard:
        label, probability = judged(heard)
        if label is not None:
            assert all(p <= probability for p in heard.utterance.probabilities.values() if p <= 1)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), sharpness=st.sampled_from([0.05, 0.3, 1.0, 10.0]))
def test_no_record_and_no_frame_contradicts_itself(seed: int, sharpness: float) -> None:
    generator = np.random.default_rng(seed)

    def answer(_window: np.ndarray) -> np.ndarray:
        return generator.dirichlet([sharpness] * len(LABELS)).astype(np.float32)

    threshold = float(generator.uniform(0.2, 0.9))
    engine = Engine(FakeModel(LABELS, answer, abstain_below=threshold))
    shown = view(labels=LABELS)
    scene = np.concatenate([speech(20.0), silence(2.0), speech(3.0), silence(2.0), speech(1.0)])
    for record in engine.push(scene) + engine.finish():
        assert isinstance(record, Prediction | Utterance)
        if record.state == "emotion":
            best = max(record.probabilities.values())
            assert record.probabilities[record.label] == record.confidence == best >= threshold
        shown = shown_after(shown, record)
        assert shown.state == record.state or isinstance(record, Utterance)
        agrees(shown)


words = st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=9, unique=True)


@given(views(words.map(tuple)))
def test_no_messages_of_any_daemon_make_a_frame_contradict_itself(shown: View) -> None:
    agrees(shown)


def test_a_label_that_another_daemon_holds_on_to_is_uncertain() -> None:
    held = view(prediction(label="sad", probabilities={"sad": 0.4, "happy": 0.6}))
    assert (held.state, held.label) == ("uncertain", None)
    late = view(utterance("sad", 0.0, probabilities={"sad": 0.4, "happy": 0.6}))
    assert judged(late.heard[0])[0] is None


def test_a_corrected_utterance_is_shown_as_it_was_corrected_until_that_is_taken_back() -> None:
    shown = view(utterance(None, 0.0, id="5f3a9c1e-1"), labels=LABELS)
    seen = []
    for label in ("sad", "angry", None):
        correction = Correction(model="m", utterance="5f3a9c1e-1", label=label, by="cli")
        shown = shown_after(shown, correction)
        seen.append(re.search(r"\d\d:\d\d:\d\d  \S  (\w+ +(fixed)?)", frame(shown))[1].split())
    assert seen == [["sad", "fixed"], ["angry", "fixed"], ["uncertain"]]
    other = Correction(model="m", utterance="another", label="sad", by="cli")
    assert shown_after(shown, other).heard == shown.heard


def test_the_screen_counts_the_examples_that_it_was_taught_and_has_their_labels() -> None:
    shown = view(prediction(), examples=0, log="/l")
    assert "with your voices" not in frame(shown)
    more = shown.taught(Voices(labels=shown.labels, examples=1))
    assert "with your voices (1 example)" in frame(more)
    assert (more.past, more.tally) == (shown.past, shown.tally)
    other = more.taught(Voices(labels=("bark", "laugh"), examples=2))
    assert other.labels == ("bark", "laugh")
    assert "bark" in frame(other)
    agrees(other)


def test_the_answer_to_a_key_is_shown_even_where_room_is_short() -> None:
    words = "corrected: sad, was angry"
    for height in (6, 24):
        assert words in frame(view(prediction()), 80, height, notice=words)
