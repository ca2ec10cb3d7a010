"""Input devices, by names and ids that stay, as PortAudio's numbers of them do not."""

import re
from pathlib import Path
from typing import Final

import msgspec

from emotiond.audio import portaudio
from emotiond.errors import DeviceError

CARDS: Final = Path("/sys/class/sound")
"""Where the kernel describes sound cards."""


class Device(msgspec.Struct, frozen=True):
    """An input device."""

    name: str
    """Without the card number."""
    index: int
    """PortAudio's, valid until it is initialised again."""
    channels: int
    sample_rate: float
    """The device's own (Hz)."""
    default: bool
    ids: tuple[str, ...] = ()
    """``alsa:ID`` as in /proc/asound/cards, and ``usb:PATH`` of the port that it is plugged into;
    none if it is no sound card's."""


def devices() -> list[Device]:
    """Return the input devices there are.

    Raises
    ------
    DeviceError
        If PortAudio is missing or does not work.
    """
    sounddevice = portaudio.load()
    try:
        default = sounddevice.default.device[0]
        listed = list(sounddevice.query_devices())
    except sounddevice.PortAudioError as error:
        raise portaudio.trouble("PortAudio lists no devices", error) from error
    return [
        Device(
            name=stable_name(each["name"]),
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
    """Return a device's name without ALSA's card number, the ``(hw:1,0)`` at its end."""
    return re.sub(r"\s*\((plug)?hw:\d+,\d+\)$", "", name).rstrip(" -:")


def stable_ids(name: str) -> tuple[str, ...]:
    """Return the ids of the sound card whose number stands in PortAudio's name of a device."""
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
    # An interface of a USB device is bus-port.port:configuration.interface.
    if usb := re.fullmatch(r"(\d+-\d+(?:\.\d+)*):\d+\.\d+", port):
        ids.append(f"usb:{usb[1]}")
    return tuple(ids)


def find(wanted: str | None, found: list[Device]) -> Device:
    """Return the wanted device.

    Parameters
    ----------
    wanted : str or None
        Its id, its name or a part of that, in any case; None is the system's default.
    found : list of Device
        Those there are.

    Raises
    ------
    DeviceError
        If there is none, or more than one that fits.
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
