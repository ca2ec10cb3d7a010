"""The public Listener: the daemon's engine and recovery inside another program."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import soundfile

import emotiond
from emotiond.audio.files import read_sound
from emotiond.errors import DeviceError, EmotiondError, InputError, ModelError, SoundError
from emotiond.recognition.engine import Engine
from emotiond.record import Meter, Prediction, Record, Status, Utterance
from emotiond.testing import BACK, LOST, FakeMicrophone, FakeModel
from tests.daemon.fake_portaudio import FakePortAudio
from tests.daemon.logs import unstamped
from tests.daemon.sounds import RATE, after_conditioning, cut, noise, silence, speech

TALK = np.concatenate((silence(1.0), speech(2.0), silence(2.0)))


def events(records: list[Record]) -> list[str]:
    return [each.event for each in records if isinstance(each, Status)]


def test_a_listener_yields_what_the_engine_says(sample_path: Path, model_path: Path) -> None:
    model = emotiond.load_model(model_path)
    with emotiond.Listener(source=sample_path, model=model) as listener:
        heard = list(listener)
    engine = Engine(model)
    expected = engine.push(read_sound(sample_path, listener.sample_rate)) + engine.finish()
    assert unstamped(heard) == expected
    assert events(heard) == ["started", "source_ended"]
    assert all(each.time for each in heard)


@pytest.mark.parametrize("into", [[1600], [333, 5000]])
def test_blocks_of_any_iterable_are_listened_to(into: list[int]) -> None:
    with emotiond.Listener(source=cut(TALK, into), model=FakeModel()) as listener:
        heard = list(listener)
    engine = Engine(FakeModel())
    assert unstamped(heard) == engine.push(after_conditioning(TALK)) + engine.finish()


def test_integers_two_channels_and_another_rate_are_the_same_voice() -> None:
    voice = speech(3.0, rate=48_000)
    stereo = np.repeat((voice * 32767).astype(np.int16)[:, np.newaxis], 2, axis=1)
    blocks = np.array_split(stereo, 9)
    with emotiond.Listener(source=blocks, model=FakeModel(), rate=48_000) as listener:
        heard = [each for each in listener if isinstance(each, Utterance)]
    assert [round(each.end - each.start) for each in heard] == [3]


def test_a_microphone_that_goes_and_comes_is_news_between_the_records() -> None:
    microphone = FakeMicrophone(TALK, LOST, BACK, TALK)
    with emotiond.Listener(source=microphone, model=FakeModel()) as listener:
        heard = list(listener)
    assert events(heard) == ["started", "microphone_lost", "microphone_back", "source_ended"]
    assert sum(isinstance(each, Utterance) for each in heard) == 2


def test_a_source_that_fails_raises_after_its_records() -> None:
    heard = []
    with (
        pytest.raises(RuntimeError, match="broken"),
        emotiond.Listener(
            source=FakeMicrophone(TALK, RuntimeError("broken")), model=FakeModel()
        ) as listener,
    ):
        heard += iter(listener)
    assert events(heard) == ["started", "failed"]


def test_meter_readings_come_only_where_they_are_wanted() -> None:
    with emotiond.Listener(source=[TALK], model=FakeModel(), meters=True) as listener:
        readings = [each for each in listener if isinstance(each, Meter)]
    assert len(readings) == int(len(TALK) / Engine(FakeModel()).hop)
    with emotiond.Listener(source=[TALK], model=FakeModel()) as listener:
        assert not any(isinstance(each, Meter) for each in listener)


def endless() -> Iterator[np.ndarray]:
    while True:
        yield speech(1.0)


def test_a_listener_in_a_thread_ends_when_it_is_stopped() -> None:
    heard: list[Record] = []
    talking = Event()

    def listen(listener: emotiond.Listener) -> None:
        for record in listener:
            heard.append(record)
            if isinstance(record, Prediction):
                talking.set()

    with emotiond.Listener(source=endless(), model=FakeModel()) as listener:
        thread = Thread(target=listen, args=(listener,))
        thread.start()
        assert talking.wait(30.0)
        listener.stop()
        thread.join(30.0)
        assert not thread.is_alive()
    assert events(heard) == ["started", "stopping"]
    assert isinstance(heard[-2], Utterance)


def test_listeners_in_threads_may_share_a_model(sample_path: Path, model_path: Path) -> None:
    model = emotiond.load_model(model_path)
    heard: dict[int, list[Record]] = {}

    def listen(number: int) -> None:
        with emotiond.Listener(source=sample_path, model=model) as listener:
            heard[number] = list(listener)

    threads = [Thread(target=listen, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    first, *others = (unstamped(heard[number]) for number in range(3))
    assert others == [first, first]


def test_a_loop_that_is_left_early_can_be_taken_up_again() -> None:
    with emotiond.Listener(source=[TALK], model=FakeModel()) as listener:
        first = next(iter(listener))
        rest = list(listener)
    assert events([first]) == ["started"]
    assert events(rest) == ["source_ended"]


def test_a_second_listener_may_not_have_a_microphone(portaudio: FakePortAudio) -> None:
    with emotiond.Listener(model=FakeModel()):
        with (
            pytest.raises(DeviceError, match="another Listener of this process has a microphone"),
            emotiond.Listener(model=FakeModel()),
        ):
            pass
        with emotiond.Listener(source=[TALK], model=FakeModel()) as other:
            assert list(other)
    with emotiond.Listener(model=FakeModel()):
        assert len(portaudio.streams) == 2
    assert all(stream.closed for stream in portaudio.streams)


def test_a_microphone_that_is_not_there_does_not_block_the_next(portaudio: FakePortAudio) -> None:
    with pytest.raises(DeviceError, match="no microphone named"):
        emotiond.Listener(device="Nowhere", model=FakeModel()).__enter__()
    with emotiond.Listener(device="ALC257", model=FakeModel()):
        assert len(portaudio.streams) == 1


@pytest.mark.parametrize("read", [True, False])
def test_nothing_of_the_process_is_changed(
    sample_path: Path, model_path: Path, portaudio: FakePortAudio, read: bool
) -> None:
    def process() -> tuple[object, ...]:
        handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
        streams = [(stream, os.fstat(stream.fileno())[:3]) for stream in (sys.__stderr__,)]
        return (
            handlers,
            streams,
            sys.stdout,
            sys.stderr,
            {each.name for each in Path("/proc/self/fd").iterdir()},
        )

    before = process()
    with emotiond.Listener(source=sample_path, model=model_path) as listener:
        assert process()[:4] == before[:4]
        if read:
            assert list(listener)
    with emotiond.Listener(model=model_path):
        assert process()[:4] == before[:4]
    del listener
    assert process() == before


def test_a_listener_is_used_once_and_only_while_it_is_open() -> None:
    listener = emotiond.Listener(source=[TALK], model=FakeModel())
    with pytest.raises(EmotiondError, match="not open"):
        next(iter(listener))
    with listener:
        pass
    with pytest.raises(EmotiondError, match="used once"):
        listener.__enter__()


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"source": "missing.wav"}, SoundError, "missing.wav: no such file"),
        ({"source": 5}, InputError, "a int is no source of sound"),
        ({"model": "missing.tflite"}, ModelError, "missing.tflite: no such file"),
    ],
)
def test_what_can_not_be_listened_to_is_one_sentence(
    given: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words), emotiond.Listener(**{"model": FakeModel(), **given}):
        pass


@pytest.mark.parametrize("channel", [1, 2])
def test_the_channel_of_the_settings_is_listened_to(tmp_path: Path, channel: int) -> None:
    hum = np.full_like(TALK, 0.3)
    sound = np.stack((hum * np.sin(np.arange(len(TALK))), TALK), axis=1)
    soundfile.write(tmp_path / "sound.wav", sound, RATE)
    for source in (tmp_path / "sound.wav", [sound]):
        settings = emotiond.Settings(channel=channel)
        with emotiond.Listener(source=source, model=FakeModel(), settings=settings) as listener:
            spoken = [each for each in listener if isinstance(each, Utterance)]
        assert (spoken[0].start > 0.5) == (channel == 2)


def test_settings_decide_as_for_the_daemon() -> None:
    settings = emotiond.Settings(hop_seconds=1.0)
    loud = noise(3.0, level=0.1)
    with emotiond.Listener(source=[loud], model=FakeModel(), settings=settings, meters=True) as one:
        readings = [each.seconds for each in one if isinstance(each, Meter)]
    assert readings[0] == pytest.approx(1.0, abs=0.05)
    assert one.sample_rate == RATE
