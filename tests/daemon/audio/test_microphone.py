"""The microphone, with a PortAudio that the test plays."""

from collections.abc import Callable
from itertools import islice
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

from emotiond.audio import capture, devices
from emotiond.audio.capture import QUEUE_SECONDS
from emotiond.audio.files import BLOCK_SECONDS
from emotiond.audio.microphone import Microphone
from emotiond.errors import DeviceError
from tests.daemon.fake_portaudio import FakePortAudio
from tests.daemon.sounds import RATE, after_conditioning, as_it_comes, tone


def captured(seconds: float, *, channels: int = 1, rate: int = RATE) -> np.ndarray:
    sine = np.round(tone(seconds, 500.0, rate=rate) * 32767).astype(np.int16)
    return np.tile(sine[:, None], channels)


@pytest.mark.parametrize(
    ("supported", "rate", "channels"),
    [
        (lambda samplerate, channels, **_: True, 16_000, 2),
        (lambda samplerate, channels, **_: channels == 1, 16_000, 1),
        (lambda samplerate, channels, **_: samplerate == 44_100, 44_100, 2),
        (lambda samplerate, channels, **_: samplerate / channels != 8_000, 44_100, 2),
        (lambda samplerate, channels, **_: (samplerate, channels) == (44_100, 1), 44_100, 1),
        (lambda samplerate, channels, **_: False, 44_100, 2),
    ],
    ids=["anything", "mono", "own rate", "stereo at own rate", "mono at own rate", "nothing"],
)
def test_a_device_is_opened_with_its_own_channels_and_the_wanted_rate_where_it_can(
    portaudio: FakePortAudio, supported: Callable[..., bool], rate: int, channels: int
) -> None:
    portaudio.supported = supported
    stop = Event()
    source = Microphone(None, RATE, stop)
    assert source.name == "Built-in Audio: ALC257"
    stream = portaudio.streams[0]
    assert (stream.options["samplerate"], stream.options["channels"]) == (rate, channels)
    assert stream.options["device"] == 0
    for _ in range(10):
        stream.capture(captured(0.1, channels=channels, rate=rate))
    blocks = []
    for item in source.blocks(as_it_comes):
        blocks.append(item.samples)
        if len(blocks) == 10:
            stop.set()
    heard = np.concatenate(blocks)
    assert heard.dtype == np.float32
    # A resampler keeps what it still needs of the past.
    assert abs(len(heard) - RATE) < 0.03 * RATE
    assert np.abs(heard[RATE // 2 :]).max() == pytest.approx(0.5, abs=0.02)
    assert stream.closed


@pytest.mark.parametrize(
    ("name", "offered", "channel", "opened"),
    [
        ("Desk (hw:1,0)", 1, None, 1),
        ("Desk (hw:1,0)", 6, None, 6),
        ("Desk (hw:1,0)", 6, 4, 6),
        ("Desk (hw:1,0)", 18, None, 8),
        ("Desk (hw:1,0)", 18, 12, 12),
        ("two", 8, None, 8),
        ("pulse", 32, None, 2),
        ("pulse", 32, 1, 2),
        ("pulse", 32, 3, 3),
        ("default", 128, None, 2),
    ],
)
def test_a_device_is_opened_with_the_channels_that_it_really_has(
    portaudio: FakePortAudio,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    offered: int,
    channel: int | None,
    opened: int,
) -> None:
    monkeypatch.setattr(devices, "stable_ids", lambda name: ("alsa:x",) if "hw:" in name else ())
    portaudio.listed = [portaudio.device(name, index=0, inputs=offered)]
    Microphone(None, RATE, Event(), channel=channel)
    assert portaudio.streams[0].options["channels"] == opened


def test_a_device_that_lacks_the_channel_is_refused_with_its_channels(
    portaudio: FakePortAudio,
) -> None:
    with pytest.raises(DeviceError, match=r"ALC257 has no channel 3; .* from 1 to 2, or leave"):
        Microphone(None, RATE, Event(), channel=3)
    portaudio.supported = lambda channels, **_: channels == 1
    Microphone(None, RATE, Event(), channel=2)
    assert portaudio.streams[0].options["channels"] == 2  # though PortAudio may refuse it


@pytest.mark.parametrize("channel", [None, 2])
def test_a_voice_on_the_second_channel_is_captured(
    portaudio: FakePortAudio, channel: int | None
) -> None:
    source = Microphone(None, RATE, Event(), channel=channel)
    voice = captured(BLOCK_SECONDS)
    portaudio.streams[0].capture(np.concatenate((np.zeros_like(voice), voice), axis=1))
    item = next(source.blocks(as_it_comes))
    np.testing.assert_array_equal(item.samples, after_conditioning(voice[:, 0]))


def test_full_scale_is_one(portaudio: FakePortAudio) -> None:
    source = Microphone(None, RATE, Event())
    full = np.where(np.arange(4000) % 2, 32767, -32767).astype(np.int16)
    portaudio.streams[0].capture(np.tile(full[:, None], 2))
    item = next(source.blocks(as_it_comes))
    assert np.abs(item.samples[2000:]).max() == pytest.approx(1.0, abs=1e-3)


def test_the_callback_copies_since_portaudio_uses_its_memory_again(
    portaudio: FakePortAudio,
) -> None:
    source = Microphone(None, RATE, Event())
    data = captured(0.1)
    expected = after_conditioning(data)
    portaudio.streams[0].capture(data)
    data[:] = 0
    np.testing.assert_array_equal(next(source.blocks(as_it_comes)).samples, expected)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_what_portaudio_has_lost_is_said_as_long_as_it_took(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch, rate: int
) -> None:
    now = [100.0]
    monkeypatch.setattr(capture, "time", SimpleNamespace(monotonic=lambda: now[0]))
    portaudio.supported = lambda samplerate, **_: samplerate == rate
    portaudio.listed = [portaudio.device("Desk (hw:1,0)", index=0, rate=rate)]
    source = Microphone(None, RATE, Event())
    block = np.zeros((round(0.25 * rate), 1), np.int16)
    course = ((0.25, True), (1.75, True), (0.25, False), (0.01, True), (0.25, False))
    for passes, overflow in course:
        now[0] += passes
        portaudio.streams[0].capture(block, overflow=overflow)
    blocks = list(islice(source.blocks(lambda: round(0.4 * RATE)), 3))
    # What lies on the two sides of a loss is not joined; before the first block nothing was lost.
    assert [len(each.samples) / RATE for each in blocks] == pytest.approx([0.25, 0.5, 0.5], abs=0.1)
    assert [each.dropped for each in blocks] == [0, round(1.5 * RATE), 1]


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_full_queue_drops_the_oldest_and_says_how_much(
    portaudio: FakePortAudio, rate: int
) -> None:
    portaudio.supported = lambda samplerate, **_: samplerate == rate
    source = Microphone(None, RATE, Event())
    fit = round(QUEUE_SECONDS / BLOCK_SECONDS)
    for i in range(fit + 7):
        alternating = np.where(np.arange(round(BLOCK_SECONDS * rate)) % 2, i, -i)
        block = alternating[:, None].astype(np.int16)
        portaudio.streams[0].capture(block)
    blocks = source.blocks(lambda: round(0.4 * RATE))
    first, second = next(blocks), next(blocks)
    assert first.dropped == 7 * round(BLOCK_SECONDS * RATE)
    assert second.dropped == 0
    if rate == RATE:
        assert first.samples[1] * 32768 == pytest.approx(14.0, abs=0.2)  # from -7 to 7


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_blocks_are_as_long_as_is_enough_and_what_is_too_little_is_heard_at_the_end(
    portaudio: FakePortAudio, rate: int
) -> None:
    portaudio.supported = lambda samplerate, **_: samplerate == rate
    source = Microphone(None, RATE, Event())
    for _ in range(7):
        portaudio.streams[0].capture(captured(0.2, rate=rate))
    blocks = []
    for block in source.blocks(lambda: round(0.5 * RATE)):
        blocks.append(block)
        if len(blocks) == 2:
            source._stop.set()
    seconds = [len(block.samples) / RATE for block in blocks]
    # A resampler keeps what it still needs of the past.
    assert seconds == pytest.approx([0.6, 0.6, 0.2], abs=0.03)
