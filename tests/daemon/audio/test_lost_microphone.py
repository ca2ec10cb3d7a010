"""A microphone that goes, raises, stays silent or is not there yet, and is waited for."""

import errno
import sys
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from emotiond.audio import capture, probe
from emotiond.audio.microphone import Microphone
from emotiond.audio.source import Block, Item, Retrying
from emotiond.errors import DeviceError
from emotiond.record import News
from tests.daemon.audio.test_microphone import captured
from tests.daemon.fake_portaudio import FakePortAudio, FakeStream, PortAudioError
from tests.daemon.sounds import RATE, as_it_comes


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
