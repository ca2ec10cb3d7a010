"""The microphone, with a PortAudio that the test plays."""

import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from emotiond import devices as devices_module
from emotiond import microphone, probe
from emotiond import portaudio as portaudio_module
from emotiond.devices import Device, devices, find, stable_ids, stable_name
from emotiond.errors import DeviceError
from emotiond.microphone import QUEUE_SECONDS, Microphone
from emotiond.sound import BLOCK_SECONDS
from emotiond.source import Block, Item, News, Retrying
from tests.daemon.sounds import RATE, tone


class PortAudioError(Exception):
    """As sounddevice's."""


class FakeStream:
    """A stream whose callback the test calls."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.active = False
        self.closed = False

    def start(self) -> None:
        self.active = True

    def close(self, ignore_errors: bool = True) -> None:
        self.active = False
        self.closed = True

    def capture(self, data: np.ndarray, *, overflow: bool = False) -> None:
        self.options["callback"](data, len(data), None, SimpleNamespace(input_overflow=overflow))


class FakePortAudio:
    """What the microphone uses of sounddevice."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        self.listed = [self.device("Built-in Audio: ALC257 (hw:0,0)", index=0)]
        self.default = SimpleNamespace(device=[0, 1])
        self.supported: Callable[..., bool] = lambda **_: True
        self.streams: list[FakeStream] = []
        self.restarts: list[str] = []
        self.failing = {"open": 0, "start": 0, "initialize": 0, "query": 0}
        self.heard_at_start: np.ndarray | None = None
        self._initialized = 1

    @staticmethod
    def device(name: str, index: int, inputs: int = 2, rate: float = 44_100.0) -> dict[str, Any]:
        return {
            "name": name,
            "index": index,
            "max_input_channels": inputs,
            "default_samplerate": rate,
        }

    def _fail(self, what: str) -> None:
        if self.failing[what]:
            self.failing[what] -= 1
            raise PortAudioError("Error opening InputStream: Device unavailable", -9985)

    def query_devices(self) -> list[dict[str, Any]]:
        self._fail("query")
        return self.listed

    def check_input_settings(self, **options: Any) -> None:
        if not self.supported(**options):
            raise PortAudioError("Invalid sample rate", -9997)

    def InputStream(self, **options: Any) -> FakeStream:  # noqa: N802
        self._fail("open")
        stream = FakeStream(**options)

        def start() -> None:
            self._fail("start")
            stream.active = True
            if self.heard_at_start is not None:
                stream.capture(self.heard_at_start)

        stream.start = start
        self.streams.append(stream)
        return stream

    def _terminate(self) -> None:
        if not self._initialized:
            raise PortAudioError("PortAudio not initialized", -10000)
        self._initialized -= 1
        self.restarts.append("terminate")

    def _initialize(self) -> None:
        self._fail("initialize")
        self._initialized += 1
        self.restarts.append("initialize")


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    fake = FakePortAudio()
    monkeypatch.setattr(portaudio_module, "load", lambda: fake)
    monkeypatch.setattr(microphone, "RETRY_SECONDS", (0.0,))
    monkeypatch.setattr(probe, "can_be_heard", lambda *_: True)
    return fake


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(microphone, "time", clock)
    return clock


def device(
    name: str, *, default: bool = False, index: int = 0, ids: tuple[str, ...] = ()
) -> Device:
    return Device(
        name=name, index=index, channels=1, sample_rate=48_000.0, default=default, ids=ids
    )


def captured(seconds: float, *, channels: int = 1, rate: int = RATE) -> np.ndarray:
    sine = np.round(tone(seconds, 500.0, rate=rate) * 32767).astype(np.int16)
    return np.tile(sine[:, None], channels)


@pytest.mark.parametrize(
    ("name", "stable"),
    [
        ("HDA Intel PCH: ALC257 Analog (hw:0,0)", "HDA Intel PCH: ALC257 Analog"),
        ("USB Microphone: Audio (hw:2,0)", "USB Microphone: Audio"),
        ("USB Microphone: - (hw:2,0)", "USB Microphone"),
        ("USB Microphone (plughw:12,3)", "USB Microphone"),
        ("pulse", "pulse"),
        ("default", "default"),
        ("Mic (front) (hw:1,0)", "Mic (front)"),
        ("Mic (front)", "Mic (front)"),
    ],
)
def test_a_name_does_not_change_when_devices_come_and_go(name: str, stable: str) -> None:
    assert stable_name(name) == stable


def test_devices_are_those_that_can_hear_with_their_own_format(portaudio: FakePortAudio) -> None:
    portaudio.listed = [
        portaudio.device("Speaker (hw:0,3)", index=0, inputs=0),
        portaudio.device("Webcam (hw:1,0)", index=1, inputs=1, rate=48_000.0),
        portaudio.device("Desk (hw:2,0)", index=2),
    ]
    portaudio.default.device = [2, 0]
    assert devices() == [
        Device(name="Webcam", index=1, channels=1, sample_rate=48_000.0, default=False),
        Device(name="Desk", index=2, channels=2, sample_rate=44_100.0, default=True),
    ]


THERE = [
    device("USB Microphone", index=1),
    device("USB Microphone Pro", index=2),
    device("Webcam", default=True, index=3),
    device("Webcam", index=4),
    device("Desk", index=5),
]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (None, 3),
        ("Desk", 5),
        ("desk", 5),
        ("sk", 5),
        ("USB Microphone", 1),  # the whole name goes before a part of another
        ("USB Microphone Pro", 2),
        ("pro", 2),
        ("Webcam", 3),  # two of one name: the first
    ],
)
def test_a_microphone_is_found_by_its_name_or_a_part_of_it(wanted: str | None, index: int) -> None:
    assert find(wanted, THERE).index == index


def test_without_a_default_the_first_microphone_is_taken() -> None:
    assert find(None, [device("One", index=7), device("Two", index=8)]).index == 7


@pytest.mark.parametrize(
    ("wanted", "there", "words"),
    [
        (None, [], "no microphone found"),
        ("Desk", [], "no microphone found"),
        ("Studio", THERE, "no microphone named 'Studio'; there are: USB Microphone, "),
        ("usb", THERE, "'usb' fits more than one microphone: USB Microphone, USB Microphone Pro"),
    ],
)
def test_a_microphone_that_is_not_there_or_not_clear_is_one_sentence(
    wanted: str | None, there: list[Device], words: str
) -> None:
    with pytest.raises(DeviceError) as caught:
        find(wanted, there)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


USB_BUS = "devices/platform/soc/usb1/1-1"


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder as the kernel's of sound cards: card 0 is built in, card 2 is on USB."""
    monkeypatch.setattr(devices_module, "CARDS", tmp_path / "class")
    for card, alsa_id, port in (
        (0, "PCH", "devices/pci0000:00/0000:00:1f.3"),
        (2, "Microphone", f"{USB_BUS}/1-1.2/1-1.2:1.0"),
    ):
        folder = tmp_path / "class" / f"card{card}"
        folder.mkdir(parents=True)
        (folder / "id").write_text(f"{alsa_id}\n")
        (tmp_path / port).mkdir(parents=True)
        (folder / "device").symlink_to(tmp_path / port)
    return tmp_path / "class"


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("USB Microphone: Audio (hw:2,0)", ("alsa:Microphone", "usb:1-1.2")),
        ("HDA Intel PCH: ALC257 Analog (hw:0,0)", ("alsa:PCH",)),
        ("USB Microphone (hw:7,0)", ()),  # unplugged meanwhile
        ("default", ()),
    ],
)
def test_a_sound_card_has_ids_that_stay_when_its_number_does_not(
    cards: Path, name: str, ids: tuple[str, ...]
) -> None:
    assert stable_ids(name) == ids


def test_of_two_microphones_of_one_name_the_id_says_which() -> None:
    there = [
        device("USB Microphone", index=3, ids=("alsa:Device", "usb:1-1.2")),
        device("USB Microphone", index=4, ids=("alsa:Device_1", "usb:1-1.3")),
    ]
    assert find("usb:1-1.3", there).index == 4
    assert find("alsa:Device", there).index == 3
    with pytest.raises(DeviceError, match=r"no microphone named 'usb:1-1'"):
        find("usb:1-1", there)  # part of an id is the id of another


@pytest.mark.parametrize(
    ("arguments", "problem", "remedy"),
    [
        (("Error opening InputStream: Device unavailable", -9985), "another program", "close"),
        (("Invalid device", -9996), "it is gone", "plug it in"),
        (("Illegal combination of I/O devices", -9993), "ALSA can't open it", "group audio"),
        (("Invalid sample rate", -9997), "no format", "emotiond devices"),
        (("Wait timed out", -9987), "does not answer", "unplug"),
        (("Unanticipated host error", -9999, (0, -13, "Permission denied")), "not use", "audio"),
        (("Unanticipated host error", -9999, (0, -19, "No such device")), "gone", "plug it in"),
        (("Unanticipated host error", -9999, (0, -16, "Busy")), "another program", "close"),
        (("Unanticipated host error", -9999, (0, -5, "I/O error")), ": i/o error", "doctor"),
        (("Unanticipated host error", -9999, (0, -5, "")), ": unanticipated host", "doctor"),
        (("Error opening InputStream: Odd thing.", -1), ": odd thing", "doctor"),
        (("odd thing",), ": odd thing", "doctor"),
    ],
)
def test_an_error_of_portaudio_is_what_is_wrong_and_what_to_do(
    arguments: tuple[Any, ...], problem: str, remedy: str
) -> None:
    error = portaudio_module.trouble("Desk can't be opened", PortAudioError(*arguments))
    assert error.problem.startswith("Desk can't be opened: ")
    assert problem in error.problem
    assert remedy in error.remedy
    assert str(error) == f"{error.problem}; {error.remedy}"
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("supported", "rate", "channels"),
    [
        (lambda samplerate, channels, **_: True, 16_000, 1),
        (lambda samplerate, channels, **_: channels == 2, 16_000, 2),
        (lambda samplerate, channels, **_: samplerate == 44_100, 44_100, 1),
        (lambda samplerate, channels, **_: (samplerate, channels) == (44_100, 2), 44_100, 2),
        (lambda samplerate, channels, **_: False, 44_100, 2),
    ],
    ids=["as wanted", "stereo only", "own rate only", "own rate and stereo", "nothing"],
)
def test_sound_is_captured_as_wanted_or_else_as_the_device_gives_it(
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
    for item in source:
        blocks.append(item.samples)
        if len(blocks) == 10:
            stop.set()
    heard = np.concatenate(blocks)
    assert heard.dtype == np.float32
    # A resampler keeps what it still needs of the past.
    assert abs(len(heard) - RATE) < 0.03 * RATE
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.02)
    assert stream.closed


def test_full_scale_is_one(portaudio: FakePortAudio) -> None:
    stop = Event()
    source = Microphone(None, RATE, stop)
    portaudio.streams[0].capture(np.array([[-32768], [16384], [0]], np.int16))
    item = next(iter(source))
    assert item.samples.tolist() == [-1.0, 0.5, 0.0]


def test_the_callback_copies_since_portaudio_uses_its_memory_again(
    portaudio: FakePortAudio,
) -> None:
    source = Microphone(None, RATE, Event())
    data = captured(0.1)
    expected = data[:, 0].astype(np.float32) / 32768
    portaudio.streams[0].capture(data)
    data[:] = 0
    np.testing.assert_array_equal(next(iter(source)).samples, expected)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_what_portaudio_has_lost_is_said_as_long_as_it_took(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch, rate: int
) -> None:
    now = [100.0]
    monkeypatch.setattr(microphone, "time", SimpleNamespace(monotonic=lambda: now[0]))
    portaudio.supported = lambda samplerate, **_: samplerate == rate
    portaudio.listed = [portaudio.device("Desk (hw:1,0)", index=0, rate=rate)]
    source = Microphone(None, RATE, Event())
    source.enough = round(0.4 * RATE)
    block = np.zeros((round(0.25 * rate), 1), np.int16)
    course = ((0.25, True), (1.75, True), (0.25, False), (0.01, True), (0.25, False))
    for passes, overflow in course:
        now[0] += passes
        portaudio.streams[0].capture(block, overflow=overflow)
    blocks = list(islice(source, 3))
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
        block = np.full((round(BLOCK_SECONDS * rate), 1), i, np.int16)
        portaudio.streams[0].capture(block)
    blocks = iter(source)
    first, second = next(blocks), next(blocks)
    assert first.dropped == 7 * round(BLOCK_SECONDS * RATE)
    assert second.dropped == 0
    if rate == RATE:
        assert first.samples[0] * 32768 == 7


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_blocks_are_as_long_as_is_enough_and_what_is_too_little_is_heard_at_the_end(
    portaudio: FakePortAudio, rate: int
) -> None:
    portaudio.supported = lambda samplerate, **_: samplerate == rate
    source = Microphone(None, RATE, Event())
    source.enough = round(0.5 * RATE)
    for _ in range(7):
        portaudio.streams[0].capture(captured(0.2, rate=rate))
    blocks = []
    for block in source:
        blocks.append(block)
        if len(blocks) == 2:
            source._stop.set()
    seconds = [len(block.samples) / RATE for block in blocks]
    # A resampler keeps what it still needs of the past.
    assert seconds == pytest.approx([0.6, 0.6, 0.2], abs=0.03)


def collect(source: Microphone, react: Callable[[Block | News], bool]) -> list[Block | News]:
    """Iterate until the reaction to an item is True; return all but the signs of life."""
    items = []
    for item in source:
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
                portaudio.failing = {"open": 2, "start": 1, "initialize": 2, "query": 1}
                portaudio.heard_at_start = captured(0.1)
                return False
            return True
        return False

    items = collect(source, react)
    news = [item.event for item in items if isinstance(item, News)]
    assert news == ["microphone_lost", "microphone_back"]
    assert [isinstance(item, Block) for item in items] == [True, False, False, True]
    assert portaudio.failing == {"open": 0, "start": 0, "initialize": 0, "query": 0}
    assert portaudio._initialized == 1
    # The one that could not be started was closed too.
    assert len(portaudio.streams) == 3
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
    items = iter(source)
    assert isinstance(next(items), Block)
    news = next(items)
    assert news.event == "microphone_lost"
    assert stream.active
    assert 3.0 < clock.now - 100.0 < 3.0 + 2 * microphone.LOOK_SECONDS


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
    return [item for item, _ in zip(source, range(count), strict=False)]


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
    items = iter(source)
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


def test_portaudio_that_lists_no_devices_is_one_sentence(portaudio: FakePortAudio) -> None:
    portaudio.failing["query"] = 1
    with pytest.raises(DeviceError, match="PortAudio lists no devices"):
        devices()


def test_portaudio_that_is_missing_is_one_sentence_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(DeviceError, match="sudo apt install libportaudio2"):
        devices()
