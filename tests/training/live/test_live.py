"""Live protocols, streaming and non-speech, measure a finished model."""

import re

import msgspec
import numpy as np
import pytest
import soundfile

from emotiond.audio.files import read_sound
from emotiond.cli import main
from emotiond.errors import InputError
from emotiond.recognition.settings import GateSettings
from emotiond.testing import LABELS, FakeModel
from emotiond_training.card.live import live_section
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.noises import TRAINING_HALF, Noise, half_of
from emotiond_training.live.nonspeech import generators, non_speech
from emotiond_training.live.results import Live
from emotiond_training.live.streaming import (
    Shown,
    Strangers,
    Streamed,
    changes_of,
    first_stable,
    streaming,
)
from emotiond_training.live.timelines import Span

RATE = 16_000
SENTENCES = ((0.0, 5.0), (5.5, 9.5), (13.8, 17.3), (17.7, 22.0))


class OneMind(FakeModel):
    """A model that gives every window the same probabilities."""

    def __init__(self, *row: float, **changes: object) -> None:
        given = {"opens_for": "speech", "window_frames": 60, **changes}
        super().__init__(answer=lambda _: np.array(row), **given)


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory, sample: np.ndarray) -> list[Clip]:
    """Sentences of the sample as clips, with two labels in turn."""
    folder = tmp_path_factory.mktemp("spoken")
    clips = []
    for number, (start, end) in enumerate(SENTENCES):
        path = folder / f"{number}.wav"
        soundfile.write(path, sample[round(start * RATE) : round(end * RATE)], RATE)
        clips.append(Clip(path, LABELS[number % 2], "nobody", None, "sample"))
    return clips


def test_a_model_that_knows_one_label_is_right_half_the_time_in_every_room(spoken) -> None:
    rows = streaming([Strangers(OneMind(0.9, 0.1, 0.0), spoken)], [], snrs=(30.0, 10.0))
    assert [row.snr_db for row in rows] == [30.0, 10.0, None]
    for row in rows:
        assert row.clip_uar == (None if row.snr_db is None else 0.5)
        assert row.uar == 0.5
        assert (row.missed, row.invented, row.changes_a_minute) == (0, 0, 0.0)
        assert 0.0 < row.seconds_to_right < 3.0
        assert row.seconds_to_stable < 3.0
        assert row.never_right == 0.5
    assert [row.clips for row in rows] == [4, 4, 2]


def test_several_models_hear_a_share_each_of_their_own_strangers(spoken) -> None:
    right, wrong = OneMind(0.9, 0.1, 0.0), OneMind(0.1, 0.9, 0.0)
    calm = [clip for clip in spoken if clip.label == LABELS[0]]
    rows = streaming([Strangers(right, calm), Strangers(wrong, calm)], [], most=2, snrs=(30.0,))
    assert [row.clips for row in rows] == [2, 2]
    assert [row.uar for row in rows] == [0.5, 0.5]
    assert rows[0].clip_uar == 0.5


def test_long_speech_is_of_one_person_in_one_emotion(spoken) -> None:
    model = OneMind(0.9, 0.1, 0.0)
    several = [msgspec.structs.replace(clip, speaker=str(n)) for n, clip in enumerate(spoken)]
    assert [row.snr_db for row in streaming([Strangers(model, several)], [], snrs=())] == []
    assert [row.snr_db for row in streaming([Strangers(model, spoken)], [], snrs=())] == [None]


def test_the_same_seed_gives_the_same_figures_and_a_room_may_be_given(spoken, tmp_path) -> None:
    path = tmp_path / "fan.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(RATE), RATE)
    for noises in ([], [Noise(path, "fan")]):
        one, other = (
            streaming([Strangers(OneMind(0.6, 0.3, 0.1), spoken[:2])], noises, snrs=(20.0,), seed=3)
            for _ in range(2)
        )
        assert one == other


def test_what_the_gate_never_hears_is_missed_and_wrong(spoken) -> None:
    deaf = GateSettings(open_above=1.0)
    row = streaming([Strangers(OneMind(0.9, 0.1, 0.0), spoken)], [], snrs=(30.0,), gate=deaf)[0]
    assert (row.clips, row.missed, row.uar, row.never_right) == (4, 4, 0.0, 1.0)
    assert row.seconds_to_right is row.seconds_to_stable is None


def test_clips_with_labels_that_the_model_does_not_know_are_refused(spoken) -> None:
    with pytest.raises(InputError, match="knows"):
        streaming([Strangers(OneMind(0.5, 0.5, labels=("one", "other")), spoken)], [])


@pytest.mark.parametrize(
    ("labels", "changes"),
    [
        ([], 0),
        ([None, None], 0),
        ([None, "a", "a", None], 0),
        (["a", "b", "a"], 2),
        (["a", None, "a"], 2),
        ([None, "a", "b", None, None], 1),
    ],
)
def test_changes_are_counted_between_the_first_and_the_last_label(labels, changes) -> None:
    assert changes_of([Shown(float(end), label) for end, label in enumerate(labels)]) == changes


@pytest.mark.parametrize(
    ("labels", "label", "delay"),
    [
        (["a", "a", "a"], "a", 0.5),
        (["b", "a", "a", "a"], "a", 1.0),
        (["a", "b", "b", "b"], "a", None),
        (["a", "b", "a", "a", "a"], "a", 1.5),
        ([None, "b", "b", "b"], None, 1.0),
        ([None, "b", "b", "b"], "a", None),
        ([], None, None),
    ],
)
def test_the_delay_is_to_the_first_label_that_stays(labels, label, delay) -> None:
    shown = [Shown(1.0 + 0.5 * (number + 1), each) for number, each in enumerate(labels)]
    assert first_stable(shown, Span(1.0, 4.0, "a"), label) == delay


def test_generated_sounds_give_no_emotion() -> None:
    result = non_speech([OneMind(1.0, 0.0, 0.0)], [])
    assert {each.category for each in result.categories} == {
        name for name, _ in generators(RATE, 1.0)
    }
    assert result.emotions_an_hour == sum(each.emotions for each in result.categories) == 0
    assert result.hours == pytest.approx(7 * 30 / 3600)
    assert result.ordinary is None


def test_false_emotions_are_counted_by_category(spoken, sample, tmp_path) -> None:
    soundfile.write(tmp_path / "1-quiet.wav", np.zeros(RATE), RATE)
    noises = [Noise(clip.path, "voices") for clip in spoken]
    noises.append(Noise(tmp_path / "1-quiet.wav", "quiet"))
    result = non_speech([OneMind(0.2, 0.8, 0.0)], noises)
    voices, quiet = result.categories
    assert (voices.category, quiet.category) == ("voices", "quiet")
    assert voices.emotions >= 4
    assert (quiet.emotions, quiet.hops) == (0, 0)
    hours = sum(len(read_sound(each.path, RATE)) for each in noises) / RATE / 3600
    assert result.hours == pytest.approx(hours, abs=1e-4)
    assert result.emotions_an_hour == pytest.approx(voices.emotions / hours, rel=1e-2)
    assert result.emotions_an_hour_by_model == (result.emotions_an_hour,)
    # This model gives no_speech the highest probability.
    silent = OneMind(0.3, 0.1, 0.6, labels=("calm", "cross", "no_speech"))
    assert non_speech([silent], noises).emotions_an_hour == 0
    both = non_speech([silent, OneMind(0.2, 0.8, 0.0)], noises)
    assert both.emotions_an_hour_by_model == (0.0, result.emotions_an_hour)
    assert both.emotions_an_hour == pytest.approx(result.emotions_an_hour / 2)
    assert both.hours == pytest.approx(result.hours)


@pytest.mark.parametrize(
    ("row", "marked", "name"),
    [
        ((0.9, 0.1, 0.0), 0.0, "neutral"),
        ((0.1, 0.9, 0.0), 1.0, "cross"),
        ((0.4, 0.35, 0.25), 0.0, "uncertain"),
    ],
)
def test_ordinary_speech_counts_as_marked_unless_it_is_neutral_or_uncertain(
    spoken, row, marked, name
) -> None:
    model = OneMind(*row, labels=("neutral", "cross", "merry"))
    readers = [Noise(clip.path, "reader") for clip in spoken[:2]]
    result = non_speech([model], readers[:1], readers)
    assert result.ordinary.utterances_marked == marked
    assert set(result.ordinary.labels) == {name}
    assert result.ordinary.utterances >= 2


def test_the_command_measures_the_shipped_model_and_asks_for_recordings(tmp_path, capsys) -> None:
    out = str(tmp_path / "figures")
    assert main(["evaluate", "--protocol", "non-speech", "--out", out]) == 0
    found = msgspec.json.decode((tmp_path / "figures" / "live.json").read_bytes(), type=Live)
    assert found.non_speech.hours > 0.0
    assert not found.streaming
    assert "false emotions an hour" in capsys.readouterr().out
    assert "false emotions an hour" in live_section(found)
    assert main(["evaluate", "--protocol", "streaming", "--out", out]) == 2
    assert "--corpus" in capsys.readouterr().err


def test_the_rooms_of_streaming_come_from_the_half_without_training_noise(
    three_labels, tmp_path, monkeypatch
) -> None:
    for name in "abcdefgh":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(160), RATE)
    rooms = []

    def streamed(listeners: object, noises: list[Noise], **_: object) -> list[Streamed]:
        rooms.extend(noises)
        return []

    monkeypatch.setattr("emotiond_training.live.streaming.streaming", streamed)
    command = ["evaluate", "--protocol", "streaming", "--noise", str(tmp_path)]
    corpus = ["--corpus", str(three_labels), "--out", str(tmp_path / "out")]
    assert main([*command, *corpus]) == 0
    assert 0 < len(rooms) < 8
    assert {half_of(room) for room in rooms} == {1 - TRAINING_HALF}


def test_the_card_has_a_row_for_each_room_and_the_labels_of_ordinary_speech(spoken) -> None:
    model = OneMind(0.9, 0.1, 0.0)
    readers = [Noise(clip.path, "reader") for clip in spoken[:1]]
    text = live_section(
        Live(
            models=("0123",),
            streaming=streaming([Strangers(model, spoken)], [], snrs=(30.0,)),
            non_speech=non_speech([model], readers, readers),
        )
    )
    assert "| 30 dB | 4 | 50.0% | **50.0%** | 0 | 0 | 0.0 |" in text
    assert "| continuous | 2 |" in text
    assert re.search(r"room noise and music .*: reader [1-9]", text)
    assert "neither neutral nor uncertain" in text
