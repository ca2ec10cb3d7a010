"""Input devices, by names and ids that stay the same; PortAudio's numbers don't."""

import re
from pathlib import Path
from typing import Final

import msgspec

from emotiond.audio import portaudio
from emotiond.errors import DeviceError
from emotiond.text import printable

CARDS: Final = Path("/sys/class/sound")
"""Folder in which the kernel describes sound cards."""


class Device(msgspec.Struct, frozen=True):
    """An input device."""

    name: str
    """Name without the card number; what can't be printed is escaped."""
    index: int
    """PortAudio's number of the device; valid until PortAudio is initialised again."""
    channels: int
    """Number of channels; a sound server offers more than there are."""
    sample_rate: float
    """Sample rate of the device itself (Hz)."""
    default: bool
    ids: tuple[str, ...] = ()
    """Ids of a sound card's device: ``alsa:ID`` as in /proc/asound/cards, and ``usb:PATH`` of the
    port that it is plugged into. Other devices have none."""


def devices() -> list[Device]:
    """Return all input devices.

    Raises
    ------
    DeviceError
        If PortAudio is missing or fails.
    """
    sounddevice = portaudio.load()
    try:
        default = sounddevice.default.device[0]
        listed = list(sounddevice.query_devices())
    except sounddevice.PortAudioError as error:
        raise portaudio.trouble("PortAudio lists no devices", error) from error
    return [
        Device(
            name=printable(stable_name(each["name"])),
            index=each["index"],
            channels=each["max_input_channels"],
            sample_rate=each["default_samplerate"],
            default=each["index"] == default,
            ids=stable_ids(each["name"]),
        )
        for each in listed
        if each["max_input_channels"] > 0
    ]


def stable_name(name: str) -> str:
    """Return a device's name without ALSA's card number: without ``(hw:1,0)`` at its end."""
    return re.sub(r"\s*\((plug)?hw:\d+,\d+\)$", "", name).rstrip(" -:")


def stable_ids(name: str) -> tuple[str, ...]:
    """Return the ids of a sound card, whose number is part of PortAudio's name of the device."""
    match = re.search(r"\((?:plug)?hw:(\d+),\d+\)$", name)
    if match is None:
        return ()
    card = CARDS / f"card{match[1]}"
    ids = []
    try:
        ids.append(f"alsa:{(card / 'id').read_text().strip()}")
        port = (card / "device").resolve(strict=True).name
    except OSError:
        return tuple(ids)
    # The kernel names a USB interface bus-port.port:configuration.interface.
    if usb := re.fullmatch(r"(\d+-\d+(?:\.\d+)*):\d+\.\d+", port):
        ids.append(f"usb:{usb[1]}")
    return tuple(ids)


def find(wanted: str | None, found: list[Device]) -> Device:
    """Return the wanted device.

    Parameters
    ----------
    wanted : str or None
        Id, name or part of the name, in upper or lower case; None is the system's default.
    found : list of Device
        All input devices.

    Raises
    ------
    DeviceError
        If no device fits, or more than one.
    """
    if not found:
        raise DeviceError("no microphone found", "plug one in and try again")
    if wanted is None:
        return next((each for each in found if each.default), found[0])
    exact = [each for each in found if each.name == wanted or wanted in each.ids]
    fitting = exact or [each for each in found if wanted.lower() in each.name.lower()]
    if not fitting:
        names = ", ".join(each.name for each in found)
        raise DeviceError(f"no microphone named {wanted!r}", f"there are: {names}")
    if len({each.name for each in fitting}) > 1:
        names = ", ".join(each.name for each in fitting)
        raise DeviceError(f"{wanted!r} fits more than one microphone: {names}", "name one of them")
    return fitting[0]
