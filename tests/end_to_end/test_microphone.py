"""The daemon with a microphone of PulseAudio, into which the sample recording is played."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotiond.record import Prediction, Record, Utterance
from tests.conftest import UTTERANCES_IN_SAMPLE, Run
from tests.end_to_end.pulseaudio import Daemon, Server

pytestmark = pytest.mark.microphone


@pytest.fixture
def sentence(tmp_path: Path, sample: np.ndarray) -> Path:
    """Return the first five seconds of the sample, as a file."""
    path = tmp_path / "sentence.wav"
    soundfile.write(path, sample[: 5 * 16_000], 16_000)
    return path


@pytest.fixture
def daemon(server: Server, tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, server.environment)
    try:
        yield daemon
    finally:
        daemon.kill()


def predictions(records: list[Record]) -> list[Prediction]:
    """Return the predictions of speech."""
    return [each for each in records if isinstance(each, Prediction) and each.raw_label]


@pytest.mark.timeout(120)
def test_speech_at_the_microphone_is_printed_and_logged(
    server: Server, daemon: Daemon, sample_path: Path
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.play(sample_path)
    daemon.wait_for(
        lambda: (
            sum(isinstance(each, Utterance) for each in daemon.logged()) >= UTTERANCES_IN_SAMPLE
        ),
        "every utterance is logged",
    )
    code, out, err, took = daemon.stop()
    assert (code, err) == (0, "")
    assert took < 1.0
    records = daemon.logged()
    assert daemon.events() == ["started", "stopping"]
    assert len(predictions(records)) >= 8
    assert not any(each.dropped for each in predictions(records))
    # Every prediction is in the log; a line is printed when the label or the state changes.
    lines = [line.split(" ", 1)[1] for line in out.splitlines()]
    assert lines[0].startswith("started: listening to ")
    assert lines[-1].startswith("stopping: ")
    assert sum(line == "no speech" for line in lines) >= 4
    shown = {each.label or "uncertain" for each in predictions(records)}
    for word in shown:
        assert any(line.startswith(word) for line in lines), word


@pytest.mark.timeout(180)
def test_a_microphone_that_goes_and_comes_back_is_reported_once_each_and_used_again(
    server: Server, daemon: Daemon, sentence: Path
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.play(sentence)
    daemon.wait_for(lambda: predictions(daemon.logged()), "speech is predicted")
    server.stop()
    daemon.wait_for(lambda: "microphone_lost" in daemon.events(), "the loss is logged")
    server.start()
    daemon.wait_for(lambda: "microphone_back" in daemon.events(), "it is back", 60.0)
    before = len(predictions(daemon.logged()))
    server.play(sentence)
    daemon.wait_for(lambda: len(predictions(daemon.logged())) > before, "speech is predicted again")
    code, out, err, took = daemon.stop()
    assert (code, err) == (0, "")  # PortAudio prints nothing either
    assert took < 1.0
    assert daemon.events() == ["started", "microphone_lost", "microphone_back", "stopping"]
    assert out.count("microphone lost: ") == out.count("microphone back: ") == 1


@pytest.mark.timeout(120)
def test_the_daemon_ends_at_once_while_the_microphone_is_away(
    server: Server, daemon: Daemon
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.stop()
    daemon.wait_for(lambda: "microphone_lost" in daemon.events(), "the loss is logged")
    code, _, err, took = daemon.stop()
    assert (code, err) == (0, "")
    assert took < 1.0
    assert daemon.events() == ["started", "microphone_lost", "stopping"]


@pytest.mark.timeout(180)
def test_a_default_microphone_that_comes_back_under_another_name_is_used(
    server: Server, daemon: Daemon, sentence: Path
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.unplug_all()
    daemon.wait_for(lambda: "microphone_lost" in daemon.events(), "the loss is logged")
    server.plug("desk")
    assert server.pactl("set-default-source", "desk.monitor")
    daemon.wait_for(lambda: "microphone_back" in daemon.events(), "it is back", 60.0)
    server.play(sentence, "desk")
    daemon.wait_for(lambda: predictions(daemon.logged()), "speech is predicted")
    code, _, err, _ = daemon.stop()
    assert (code, err) == (0, "")
    assert daemon.events() == ["started", "microphone_lost", "microphone_back", "stopping"]


@pytest.mark.timeout(120)
def test_without_a_name_the_daemon_follows_the_default_microphone(
    server: Server, daemon: Daemon, sentence: Path
) -> None:
    daemon.wait_for(daemon.events, "the daemon listens")
    server.plug("desk")
    assert server.pactl("set-default-source", "desk.monitor")
    server.play(sentence, "desk")
    daemon.wait_for(lambda: predictions(daemon.logged()), "speech is predicted")
    code, _, err, _ = daemon.stop()
    assert (code, err) == (0, "")


@pytest.mark.timeout(120)
def test_the_doctor_says_that_the_default_microphone_is_a_monitor(
    server: Server, emotiond: Run
) -> None:
    found = emotiond("doctor", "--json", env=server.environment).stdout.splitlines()
    said = {row["check"]: row for row in map(json.loads, found)}["microphone"]
    assert "no microphone but a monitor" in said["message"]
    assert "pactl set-default-source NAME" in said["remedy"]


def name_devices(folder: Path, **names: str) -> None:
    """Define ALSA devices for the user: name -> source of PulseAudio."""
    lines = [f'pcm.{name} {{ type pulse device "{source}" }}\n' for name, source in names.items()]
    (folder / ".asoundrc").write_text("".join(lines))


@pytest.mark.timeout(180)
def test_a_named_microphone_is_waited_for_and_no_other_is_used(
    server: Server, tmp_path: Path, sentence: Path
) -> None:
    name_devices(tmp_path, desk_mic="mic.monitor", webcam="mic.monitor")
    daemon = Daemon(tmp_path, server.environment, "--device", "desk")
    try:
        daemon.wait_for(daemon.events, "the daemon listens")
        server.play(sentence)
        daemon.wait_for(lambda: predictions(daemon.logged()), "speech is predicted")
        name_devices(tmp_path, webcam="mic.monitor")
        server.stop()
        daemon.wait_for(lambda: "microphone_lost" in daemon.events(), "the loss is logged")
        server.start()
        before = len(predictions(daemon.logged()))
        server.play(sentence)  # lasts longer than three attempts
        assert len(predictions(daemon.logged())) == before
        name_devices(tmp_path, webcam="mic.monitor", mic_on_the_desk="mic.monitor")
        daemon.wait_for(lambda: "microphone_back" in daemon.events(), "it is back", 60.0)
        server.play(sentence)
        daemon.wait_for(
            lambda: len(predictions(daemon.logged())) > before, "speech is predicted again"
        )
        code, out, err, _ = daemon.stop()
        assert (code, err) == (0, "")
        assert "started: listening to desk_mic" in out
        assert "microphone back: listening to mic_on_the_desk" in out
    finally:
        daemon.kill()
