"""Examples are saved: at once, later where the disk fails, and in the right profile."""

from pathlib import Path

from emotiond.model.profile import Profile
from emotiond.model.profile_file import read_profile, write_profile
from emotiond.record import Correction, Status, Utterance
from emotiond.service.reload import Reload
from emotiond.service.requests import (
    Correct,
)
from emotiond.settings import Settings
from emotiond.sinks.log import LogSink
from tests.daemon.service.taught_daemon import UTTERANCE, Daemon
from tests.daemon.service.test_loop import block
from tests.daemon.sounds import speech


def test_a_profile_that_can_not_be_written_is_said_once_and_made_good_later(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("a file in the folder's place")
    daemon = Daemon(folder / "voices.json")

    def mend() -> None:
        folder.unlink()

    spoken = (*UTTERANCE, block(speech(0.7)), *UTTERANCE)
    one, two, three = daemon.hear(
        *UTTERANCE,
        Correct(label="merry"),
        *spoken,
        Correct(label="calm"),
        *UTTERANCE,
        mend,
        Correct(label="cross"),
        *UTTERANCE,
    )
    for number, each in enumerate((one, two), 1):
        assert "no place for a voice profile (file exists)" in each.problem
        assert each.examples == number  # the head has learnt nevertheless
    assert (three.problem, three.examples) == (None, 3)
    assert len(daemon.profile.examples) == 3
    assert daemon.of(Utterance)[1].profile is not None
    assert [each.event for each in daemon.of(Status)][1:-1] == ["sink_failed", "sink_back"]
    assert {each.subject for each in daemon.of(Status)[1:-1]} == {"profile"}
    assert len(daemon.of(Correction)) == 3


def test_a_profile_that_could_not_be_written_is_tried_again_until_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("a file in the folder's place")
    daemon = Daemon(folder / "voices.json")

    def some_time_passes() -> None:
        (call,) = daemon.later
        daemon.later.clear()
        call()

    daemon.hear(
        *UTTERANCE,
        Correct(label="merry"),
        some_time_passes,
        folder.unlink,
        some_time_passes,
        *UTTERANCE,
    )
    assert [each.label for each in daemon.profile.examples] == ["merry"]
    assert [each.event for each in daemon.of(Status)][1:-1] == ["sink_failed", "sink_back"]
    assert daemon.later == []


def test_examples_that_could_not_be_saved_do_not_reach_another_profile(tmp_path: Path) -> None:
    folder, other = tmp_path / "state", tmp_path / "other.json"
    folder.write_text("")
    daemon = Daemon(folder / "voices.json")
    write_profile(other, Profile(model=daemon.model.contract.sha256))
    new, log = Settings(profile=str(other)), LogSink(tmp_path / "log")
    daemon.reload = Reload(lambda: new, Settings(profile=str(daemon.path)), log)
    daemon.hear(
        *UTTERANCE,
        Correct(label="merry"),
        daemon.reload.wanted.set,
        *UTTERANCE,
        Correct(label="calm"),
    )
    (example,) = read_profile(other, daemon.model.contract).examples
    assert example.label == "calm"
    assert [each.event for each in daemon.of(Status)][-2:] == ["sink_back", "source_ended"]


def test_examples_that_could_not_be_saved_survive_a_reload_of_the_same_profile(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    folder.write_text("")
    daemon = Daemon(folder / "voices.json")
    settings, log = Settings(profile=str(daemon.path)), LogSink(tmp_path / "log")
    daemon.reload = Reload(lambda: settings, settings, log)
    daemon.hear(
        *UTTERANCE,
        Correct(label="merry"),
        daemon.reload.wanted.set,
        *UTTERANCE,
        folder.unlink,
        Correct(label="calm"),
    )
    assert [each.label for each in daemon.profile.examples] == ["merry", "calm"]


def test_examples_that_could_not_be_saved_are_saved_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("")
    daemon = Daemon(folder / "voices.json")
    daemon.hear(*UTTERANCE, Correct(label="merry"))
    daemon.control.close()
    folder.unlink()
    daemon.control.close()
    assert [each.label for each in daemon.profile.examples] == ["merry"]


def test_after_a_reload_with_another_profile_that_one_is_taught(
    daemon: Daemon, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    write_profile(other, Profile(model=daemon.model.contract.sha256))
    new, log = Settings(profile=str(other)), LogSink(tmp_path / "log")
    daemon.reload = Reload(lambda: new, Settings(profile=str(daemon.path)), log)
    first, second = daemon.hear(
        *UTTERANCE,
        Correct(label="merry"),
        daemon.reload.wanted.set,
        *UTTERANCE,
        Correct(label="calm"),
        *UTTERANCE,
    )
    assert (first.examples, second.examples) == (1, 1)
    assert [each.label for each in daemon.profile.examples] == ["merry"]
    (example,) = read_profile(other, daemon.model.contract).examples
    assert example.label == "calm"
    assert [each.examples for each in daemon.voices] == [1, 0, 1]
    profiles = [each.profile for each in daemon.of(Utterance)]
    assert profiles[1:] == [None, read_profile(other, daemon.model.contract).hash]


def test_a_change_that_another_program_made_to_the_profile_is_kept(daemon: Daemon) -> None:
    other = Daemon(daemon.path)
    daemon.hear(*UTTERANCE, Correct(label="merry"))
    other.hear(block(speech(1.0)), *UTTERANCE, Correct(label="calm"))
    assert [each.label for each in daemon.profile.examples] == ["merry", "calm"]
