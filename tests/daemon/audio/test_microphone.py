"""The microphone, with a PortAudio that the test plays."""

import errno
import sys
from collections.abc import Callable
from itertools import islice
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from emotiond.audio import capture, devices, probe
from emotiond.audio.capture import QUEUE_SECONDS
from emotiond.audio.files import BLOCK_SECONDS
from emotiond.audio.microphone import Microphone
from emotiond.audio.source import Block, Item, Retrying
from emotiond.errors import DeviceError
from emotiond.record import News
from tests.daemon.fake_portaudio import FakePortAudio, FakeStream, PortAudioError
from tests.daemon.sounds import RATE, after_conditioning, as_it_comes, tone


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(capture, "time", clock)
    return clock


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


def collect(source: Microphone, react: Callable[[Block | News], bool]) -> list[Block | News]:
    """Iterate until the reaction to an item is True; return all but the signs of life."""
    items = []
    for item in source.blocks(as_it_comes):
        if isinstance(item, Retrying):
            continue
        items.append(item)
        if react(item):
            source._stop.set()
    return items


def test_a_microphone_that_goes_is_said_once_and_retried_until_it_is_back(
    portaudio: FakePortAudio, clock: Clock
) -> None:
    source = Microphone(None, RATE, Event())
    portaudio.streams[0].capture(captured(0.1))

    def react(item: Block | News) -> bool:
        if isinstance(item, Block):
            if len(portaudio.streams) == 1:
                # Pulled out; then PortAudio lists nothing, then can't open it, then can't start.
                portaudio.streams[0].active = False
                portaudio.failing = {
                    **portaudio.failing,
                    "open": 2,
                    "start": 1,
                    "initialize": 2,
                    "query": 1,
                }
                portaudio.heard_at_start = captured(0.1)
                return False
            return True
        return False

    items = collect(source, react)
    news = [item.event for item in items if isinstance(item, News)]
    assert news == ["microphone_lost", "microphone_back"]
    assert [isinstance(item, Block) for item in items] == [True, False, False, True]
    assert not any(portaudio.failing.values())
    assert portaudio._initialized == 1
    # The one that could not be started was closed too.
    assert len(portaudio.streams) == 3
    assert all(stream.closed for stream in portaudio.streams)


ODD_ERRORS = [
    PortAudioError("Error querying stream: PortAudio not initialized", -10000),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    UnicodeDecodeError("utf-8", b"mik\xff", 3, 4, "invalid start byte"),
    IndexError("list index\nout of range"),
    MemoryError(),
]


@pytest.mark.parametrize("error", ODD_ERRORS, ids=repr)
def test_a_stream_that_raises_anything_is_lost_with_its_reason_and_its_last_sound(
    portaudio: FakePortAudio, error: Exception
) -> None:
    source = Microphone(None, RATE, Event())
    portaudio.streams[0].error = error
    portaudio.streams[0].capture(captured(0.1, channels=2))
    portaudio.heard_at_start = captured(0.1, channels=2)
    items: list[Item] = []
    for item in source.blocks(lambda: 0 if items else RATE // 2):
        items.append(item)
        if len(items) == 4:
            source._stop.set()
    assert [type(item) for item in items] == [Block, News, News, Block]
    _, lost, back, _ = items
    assert (lost.event, back.event) == ("microphone_lost", "microphone_back")
    words = {PortAudioError: "PortAudio has failed", OSError: "cannot allocate memory"}
    expected = words.get(type(error), type(error).__name__)
    assert lost.message.startswith("microphone Built-in Audio: ALC257 has failed")
    assert expected in lost.message
    assert "\n" not in lost.message


@pytest.mark.parametrize("error", ODD_ERRORS, ids=repr)
@pytest.mark.parametrize("step", ["open", "start", "initialize", "query", "check", "probe"])
def test_a_microphone_is_retried_whatever_an_attempt_raises(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    probes = []

    def can_be_heard(*_: object) -> bool:
        probes.append(None)
        if step == "probe" and len(probes) < 3:
            raise error
        return True

    monkeypatch.setattr(probe, "can_be_heard", can_be_heard)
    source = Microphone(None, RATE, Event())
    portaudio.streams[0].active = False
    portaudio.error = error
    portaudio.failing[step] = 0 if step == "probe" else 2
    portaudio.heard_at_start = captured(0.1, channels=2)
    items = collect(source, lambda item: isinstance(item, Block))
    assert [type(item) for item in items] == [News, News, Block]
    assert [item.event for item in items[:2]] == ["microphone_lost", "microphone_back"]
    assert not any(portaudio.failing.values())


@pytest.mark.parametrize("error", ODD_ERRORS, ids=repr)
@pytest.mark.parametrize("step", ["open", "start", "query"])
def test_a_microphone_that_raises_anything_at_first_is_one_sentence_or_is_waited_for(
    portaudio: FakePortAudio, step: str, error: Exception
) -> None:
    portaudio.error = error
    portaudio.failing[step] = 1
    with pytest.raises(DeviceError) as caught:
        Microphone(None, RATE, Event())
    assert "\n" not in str(caught.value)
    portaudio.failing[step] = 1
    portaudio.heard_at_start = captured(0.1, channels=2)
    source = Microphone(None, RATE, Event(), wait=True)
    items = collect(source, lambda item: isinstance(item, Block))
    assert [type(item) for item in items] == [News, News, Block]
    assert all(stream.closed for stream in portaudio.streams)


def test_a_microphone_that_gives_no_samples_is_lost_though_portaudio_says_it_is_active(
    portaudio: FakePortAudio, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Microphone(None, RATE, Event())
    stream = portaudio.streams[0]
    get = source._stream._pending.get

    def wait(enough: int, timeout: float) -> Any:
        clock.now += timeout
        return get(enough, 0.001)

    monkeypatch.setattr(source._stream._pending, "get", wait)
    stream.capture(captured(0.1))
    items = source.blocks(as_it_comes)
    assert isinstance(next(items), Block)
    news = next(items)
    assert news.event == "microphone_lost"
    assert stream.active
    assert 3.0 < clock.now - 100.0 < 3.0 + 2 * capture.LOOK_SECONDS


def test_waiting_for_a_microphone_ends_when_asked_to_stop(portaudio: FakePortAudio) -> None:
    source = Microphone(None, RATE, Event())
    portaudio.streams[0].active = False
    portaudio.failing["open"] = 10**9

    def react(item: Block | News) -> bool:
        return item.event == "microphone_lost"

    assert len(collect(source, react)) == 1


def test_another_device_that_came_meanwhile_is_no_substitute_for_the_named_one(
    portaudio: FakePortAudio, clock: Clock
) -> None:
    portaudio.listed = [portaudio.device("Desk (hw:1,0)", index=1)]
    source = Microphone("desk", RATE, Event())
    attempts: list[None] = []
    query = portaudio.query_devices

    def query_devices() -> list[dict[str, Any]]:
        attempts.append(None)
        if len(attempts) == 3:
            portaudio.heard_at_start = captured(0.1)
            portaudio.listed.append(portaudio.device("Desk (hw:2,0)", index=9))
        return query()

    portaudio.query_devices = query_devices

    portaudio.streams[0].active = False
    portaudio.listed = [portaudio.device("Webcam (hw:1,0)", index=1)]
    items = collect(source, lambda item: isinstance(item, Block))
    assert [item.event for item in items[:-1]] == ["microphone_lost", "microphone_back"]
    assert len(attempts) == 3
    assert portaudio.streams[-1].options["device"] == 9
    assert source.name == "Desk"


def signs(source: Microphone, count: int) -> list[Item]:
    """Return so many items."""
    return [item for item, _ in zip(source.blocks(as_it_comes), range(count), strict=False)]


def test_every_attempt_in_vain_is_a_sign_of_life(portaudio: FakePortAudio) -> None:
    source = Microphone(None, RATE, Event())
    portaudio.streams[0].active = False
    portaudio.failing["open"] = 3
    first, *more = signs(source, 4)
    assert isinstance(first, News)
    assert more == [Retrying()] * 3


def test_portaudio_is_not_started_anew_before_another_process_has_found_sound(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def can_be_heard(wanted: str | None, stop: Event) -> bool:
        asked.append(wanted)
        return len(asked) == 5

    monkeypatch.setattr(probe, "can_be_heard", can_be_heard)
    source = Microphone("built-in", RATE, Event())
    portaudio.streams[0].active = False
    portaudio.heard_at_start = captured(0.1)
    items = signs(source, 6)
    assert [type(item) for item in items] == [News, *[Retrying] * 4, News]
    assert asked == ["built-in"] * 5
    assert portaudio.restarts == ["terminate", "initialize"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(0)", True),
        ("raise SystemExit(1)", False),
        ("import os; os.abort()", False),
        ("import time; time.sleep(60)", False),
    ],
)
def test_a_process_that_hears_nothing_or_crashes_or_hangs_has_found_no_sound(
    monkeypatch: pytest.MonkeyPatch, code: str, expected: bool
) -> None:
    monkeypatch.setattr(probe, "PROGRAM", (sys.executable, "-c", code))
    monkeypatch.setattr(probe, "TRY_SECONDS", 1.0 if "sleep" in code else 30.0)
    assert probe.can_be_heard("Desk", Event()) is expected


def test_a_process_that_looks_for_sound_is_not_awaited_when_asked_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe, "PROGRAM", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(probe, "TRY_SECONDS", 60.0)
    stop = Event()
    stop.set()
    assert not probe.can_be_heard(None, stop)


def test_a_microphone_that_opens_and_gives_no_sound_is_not_back(portaudio: FakePortAudio) -> None:
    source = Microphone(None, RATE, Event())
    portaudio.streams[0].active = False
    open_stream = portaudio.InputStream

    def deaf(**options: Any) -> FakeStream:
        stream = open_stream(**options)
        stream.start = lambda: None  # opened, but not active
        return stream

    portaudio.InputStream = deaf
    items = signs(source, 5)
    assert [type(item) for item in items] == [News, *[Retrying] * 4]
    assert len(portaudio.streams) >= 4
    assert all(stream.closed for stream in portaudio.streams[:-1])


def test_a_microphone_that_is_not_there_yet_is_waited_for_where_that_is_asked(
    portaudio: FakePortAudio,
) -> None:
    portaudio.listed, there = [], portaudio.listed
    source = Microphone("built-in", RATE, Event(), wait=True)
    assert source.name == "built-in"
    items = source.blocks(as_it_comes)
    news = next(items)
    assert news.event == "microphone_lost"
    assert news.message.startswith("no microphone found; ")
    assert next(items) == Retrying()
    portaudio.listed, portaudio.heard_at_start = there, captured(0.1)
    back = next(items)
    assert back == News("microphone_back", "listening to Built-in Audio: ALC257")
    assert isinstance(next(items), Block)


@pytest.mark.parametrize("what", ["open", "start"])
def test_a_microphone_that_can_not_be_opened_at_first_is_one_sentence(
    portaudio: FakePortAudio, what: str
) -> None:
    portaudio.failing[what] = 1
    with pytest.raises(DeviceError, match="Built-in Audio: ALC257 can't be opened: another prog"):
        Microphone(None, RATE, Event())
    assert all(stream.closed for stream in portaudio.streams)
