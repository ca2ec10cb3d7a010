"""Control: requests are answered, and their effects reach log, profile and engine."""

import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.model.profile import Profile
from emotiond.recognition.engine import Engine
from emotiond.record import Correction, Prediction, Record, Utterance, Voices
from emotiond.service.control import Control
from emotiond.service.learner import Learner
from emotiond.service.requests import (
    AskExamples,
    AskReload,
    AskStatus,
    Changed,
    Correct,
    Examples,
    Forget,
    Forgotten,
    Refused,
    Reloading,
    Request,
    State,
    Teach,
    Undo,
    encode_line,
)
from tests.daemon.logs import unstamped
from tests.daemon.service.taught_daemon import UTTERANCE, Daemon
from tests.daemon.service.test_loop import block
from tests.daemon.sounds import cut, silence, speech


def test_a_correction_is_logged_and_is_an_example_at_once_that_undo_takes_away(
    daemon: Daemon,
) -> None:
    first, second, undone = daemon.hear(
        *UTTERANCE,
        Correct(label="merry", by="hub"),
        *UTTERANCE,
        Correct(label="calm"),
        Undo(by="terminal"),
        *UTTERANCE,
    )
    one, two, three = daemon.of(Utterance)
    assert b"embedding" not in b"".join(map(encode_line, daemon.answers))
    assert first == Changed(utterance=one, was=one.label or one.state, label="merry", examples=1)
    assert (second.utterance, second.label, second.examples) == (two, "calm", 2)
    assert (undone.utterance, undone.was, undone.label, undone.examples) == (two, "calm", None, 1)
    (kept,) = daemon.profile.examples
    assert (kept.label, kept.origin, kept.recording) == ("merry", "correction", one.id)
    assert stat.S_IMODE(daemon.path.stat().st_mode) == 0o600
    assert [(each.utterance, each.label, each.by) for each in daemon.of(Correction)] == [
        (one.id, "merry", "hub"),
        (two.id, "calm", "cli"),
        (two.id, None, "terminal"),
    ]
    assert {(each.source, each.time[:10]) for each in daemon.of(Correction)} == {
        ("kitchen", "2026-02-28")
    }
    assert [each.examples for each in daemon.voices] == [1, 2, 1]
    # The next utterance is judged by the profile.
    assert (one.profile, three.profile) == (None, daemon.profile.hash)


def test_an_utterance_that_is_corrected_twice_is_one_example_and_undo_gives_the_first_back(
    daemon: Daemon,
) -> None:
    answers = daemon.hear(
        *UTTERANCE, Correct(label="merry"), Correct(label="cross"), Undo(), Undo(), Undo()
    )
    said = [(each.was, each.label, each.examples) for each in answers[:-1]]
    own = daemon.of(Utterance)[0]
    assert said == [
        (own.label or own.state, "merry", 1),
        ("merry", "cross", 1),
        ("cross", "merry", 1),
        ("merry", None, 0),
    ]
    assert answers[-1] == Refused(message="there is no correction to take back", exit_code=1)
    assert [each.label for each in daemon.of(Correction)] == ["merry", "cross", "merry", None]
    assert daemon.profile.examples == ()


def test_any_utterance_in_memory_can_be_corrected_by_its_id(daemon: Daemon) -> None:
    first: list[Utterance] = []

    def correct_the_first() -> None:
        first.append(daemon.control._memory._heard[0].utterance)
        daemon.asking(Correct(label="merry", utterance=first[0].id))()

    (answer,) = daemon.hear(*UTTERANCE, *UTTERANCE, correct_the_first)
    assert answer.utterance == first[0] == daemon.of(Utterance)[0]
    again = Daemon(daemon.path)
    (answer,) = again.hear(*UTTERANCE, Correct(label="merry", utterance=first[0].id))
    assert answer.exit_code == 2
    assert "is in memory: the daemon remembers its last 100" in answer.message


@pytest.mark.parametrize(
    ("request_", "message", "exit_code"),
    [
        (Correct(label="mery"), "unknown label mery; did you mean merry?", 2),
        (Correct(label="xyz"), "unknown label xyz; the labels are calm, cross, merry", 2),
        (Teach(label=" "), "label ' ': must be 1 to 40 printable characters, on one line", 2),
        (Forget(), "forget needs either conditions or all", 2),
        (Forget(all=True, label="calm"), "forget needs either conditions or all", 2),
    ],
)
def test_a_wrong_request_is_refused_in_one_sentence_and_changes_nothing(
    daemon: Daemon, request_: Request, message: str, exit_code: int
) -> None:
    assert daemon.hear(*UTTERANCE, request_) == [Refused(message=message, exit_code=exit_code)]
    assert daemon.of(Correction) == []
    assert not daemon.path.exists()


@pytest.mark.parametrize("request_", [Correct(label="calm"), Teach(label="calm")])
def test_before_the_first_utterance_there_is_nothing_to_correct(
    daemon: Daemon, request_: Request
) -> None:
    message = "there was no utterance yet; say something first"
    assert daemon.hear(request_, *UTTERANCE) == [Refused(message=message, exit_code=1)]


def test_examples_can_be_taught_with_a_new_label_and_forgotten_by_any_condition(
    daemon: Daemon,
) -> None:
    taught = daemon.hear(
        *UTTERANCE,
        Teach(label="tired", speaker="Ada"),
        block(speech(1.0)),
        *UTTERANCE,
        Teach(label="calm"),
    )
    assert [(each.label, each.examples) for each in taught] == [("tired", 1), ("calm", 2)]
    assert daemon.voices == [
        Voices(labels=("tired",), examples=1),
        Voices(labels=("calm", "tired"), examples=2),
    ]
    assert daemon.of(Correction) == []
    assert [(each.label, each.speaker, each.origin) for each in daemon.profile.examples] == [
        ("tired", "Ada", "teach"),
        ("calm", None, "teach"),
    ]
    again = Daemon(daemon.path)
    (listed,) = again.hear(AskExamples())
    assert isinstance(listed, Examples)
    assert [msgspec.structs.astuple(each) for each in listed.examples] == [
        (each.id, each.label, each.speaker, each.time, each.origin)
        for each in daemon.profile.examples
    ]
    assert again.hear(
        Forget(label="calm", speaker="Ada"), Forget(speaker="Ada"), Forget(all=True)
    ) == [
        Forgotten(forgotten=0, examples=2),
        Forgotten(forgotten=1, examples=1),
        Forgotten(forgotten=1, examples=0),
    ]
    assert daemon.profile.examples == ()


def test_the_status_tells_model_labels_profile_and_microphone(daemon: Daemon) -> None:
    before, after = daemon.hear(AskStatus(), *UTTERANCE, Correct(label="merry"), AskStatus())[::2]
    assert before == State(
        model="01234567",
        labels=("calm", "cross", "merry"),
        source="kitchen",
        listening=True,
        uptime=0.0,
        utterances=0,
    )
    assert (after.utterances, after.profile, after.examples) == (1, daemon.profile.hash, 1)
    daemon.control.notice("microphone_lost")
    assert not daemon.control.ask(AskStatus()).listening
    daemon.control.notice("microphone_back")
    assert daemon.control.ask(AskStatus()).listening


def test_a_reload_is_asked_of_the_loop(daemon: Daemon) -> None:
    assert daemon.hear(AskReload()) == [Reloading()]
    assert daemon.reloads == 1


@pytest.mark.parametrize(
    ("profile", "of_the_model", "problem"),
    [
        ("voices.json", {"outputs": None, "embedding_size": None}, "has no embedding"),
        (None, {}, "no voice profile is used; name one with --profile"),
    ],
)
def test_where_nothing_can_be_learnt_a_correction_is_still_logged_and_the_answer_says_why(
    tmp_path: Path, profile: str | None, of_the_model: dict[str, object], problem: str
) -> None:
    daemon = Daemon(None if profile is None else tmp_path / profile, **of_the_model)
    corrected, undone, taught, forgotten = daemon.hear(
        *UTTERANCE, Correct(label="merry"), Undo(), Teach(label="calm"), Forget(all=True)
    )
    assert (corrected.label, corrected.examples) == ("merry", 0)
    assert problem in corrected.problem
    assert (undone.label, undone.problem) == (None, None)
    for each in (taught, forgotten):
        assert problem in each.message
    assert [each.label for each in daemon.of(Correction)] == ["merry", None]
    assert list(tmp_path.iterdir()) == []


def test_after_the_end_requests_are_refused(daemon: Daemon) -> None:
    daemon.hear(*UTTERANCE)
    refused = daemon.control.ask(Correct(label="calm"))
    assert refused == Refused(message="the daemon is stopping", exit_code=1)


def test_requests_are_refused_while_the_loop_takes_none(daemon: Daemon) -> None:
    daemon.hear(*UTTERANCE)
    stuck = Control(Learner(daemon.model, None))
    stuck.remember(daemon.control._memory.find(None))
    answers = [stuck.ask(Correct(label="calm")) for _ in range(200)]
    assert sum(isinstance(each, Changed) for each in answers) == 100
    assert answers[-1].message.endswith("too many requests wait; try again")


def test_a_request_that_hangs_holds_up_neither_the_loop_nor_the_next_for_long(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.hear(*UTTERANCE, Correct(label="calm"))
    monkeypatch.setattr("emotiond.service.control.WAIT_SECONDS", 0.01)
    hanging, released = Event(), Event()

    def hang(*_: object) -> Profile:
        hanging.set()
        released.wait()
        return daemon.profile

    monkeypatch.setattr("emotiond.service.learner.update_profile", hang)
    control = Control(Learner(daemon.model, daemon.path))
    control.remember(daemon.control._memory.find(None))
    asking = threading.Thread(target=control.ask, args=(Correct(label="calm"),))
    asking.start()
    hanging.wait()
    assert [type(each) for each in control.effects.take()] == [Correction]
    assert control.ask(AskStatus()).message == "the daemon is busy with another request"
    released.set()
    asking.join()


scripts = st.lists(
    st.sampled_from(
        [
            Correct(label="calm"),
            Correct(label="merry"),
            Undo(),
            Teach(label="cross"),
            Forget(label="calm"),
            AskStatus(),
        ]
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return (tmp_path_factory.mktemp("profile") / "voices.json" for _ in iter(int, 1))


@given(script=scripts, at=st.integers(0, 60))
def test_the_engine_answers_as_one_that_is_given_the_same_heads_at_the_same_hops(
    numbered: Iterator[Path], script: list[Request], at: int
) -> None:
    daemon = Daemon(next(numbered))
    sound = list(cut(np.concatenate([speech(2.0), silence(1.5)] * 3), [1600]))
    used: list[tuple[int, object]] = []
    use = daemon.engine.use

    def noted(model: object) -> list[Record]:
        used.append((daemon.engine._position + len(daemon.engine._pending), model))
        return use(model)

    daemon.engine.use = noted
    before, after = (list(map(block, part)) for part in (sound[: 35 + at], sound[35 + at :]))
    daemon.hear(*before, *script, *after)
    # Replayed in one block a part, with the same models at the same samples.
    replayed, expected, start = Engine(daemon.model), [], 0
    whole = np.concatenate(sound)
    for position, model in used:
        expected += replayed.push(whole[start:position])
        expected += replayed.use(model)
        start = position
    expected += replayed.push(whole[start:]) + replayed.finish()
    assert unstamped(daemon.said) == expected
    assert any(isinstance(each, Prediction) for each in expected)
