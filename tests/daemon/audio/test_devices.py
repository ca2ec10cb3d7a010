"""Devices: their names, which one is meant, and what PortAudio says of them."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from emotiond.audio import devices as devices_module
from emotiond.audio.devices import Device, devices, find, stable_ids, stable_name
from emotiond.audio.portaudio import trouble
from emotiond.errors import DeviceError
from tests.daemon.fake_portaudio import FakePortAudio, PortAudioError


def device(
    name: str, *, default: bool = False, index: int = 0, ids: tuple[str, ...] = ()
) -> Device:
    return Device(
        name=name, index=index, channels=1, sample_rate=48_000.0, default=default, ids=ids
    )


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
        (("Invalid sample rate", -9997), "no sample format", "emotiond devices"),
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
    error = trouble("Desk can't be opened", PortAudioError(*arguments))
    assert error.problem.startswith("Desk can't be opened: ")
    assert problem in error.problem
    assert remedy in error.remedy
    assert str(error) == f"{error.problem}; {error.remedy}"
    assert "\n" not in str(error)


def test_a_name_that_is_not_utf_8_is_escaped_and_hides_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = ModuleType("sounddevice")
    exec(SOUNDDEVICE, module.__dict__)  # noqa: S102 (its functions look names up in the module)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    assert [each.name for each in devices()] == ["Desk", r"mik\xff\xe9", "Żywiec"]


SOUNDDEVICE = """
class PortAudioError(Exception): pass
class default: device = (0, 1)
class _ffi: string = bytes
def _ffi_string(name): return _ffi.string(name)
def query_devices():
    names = [b"Desk (hw:1,0)", b"mik\\xff\\xe9", "Żywiec".encode()]
    return [
        dict(name=_ffi_string(name).decode("utf-8"), index=i, max_input_channels=1,
             default_samplerate=16e3)
        for i, name in enumerate(names)
    ]
"""


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
