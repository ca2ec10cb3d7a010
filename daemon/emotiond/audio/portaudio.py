"""PortAudio: loading it, restarting it, and turning its errors into sentences."""

from typing import Any, Final

from emotiond.errors import DeviceError, reason
from emotiond.text import one_line

GONE: Final = ("it is gone", "plug it in again")
BUSY: Final = (
    "another program uses it",
    "close that program, or share the microphone through PipeWire or PulseAudio",
)
REFUSED: Final = (
    "this user may not use it",
    'join the group audio (sudo usermod -aG audio "$USER") and log in again',
)
FORMAT: Final = (
    "it offers no sample format that emotiond can use",
    "choose another of `emotiond devices`",
)
STUCK: Final = ("it does not answer", "unplug it and plug it in again")
BROKEN: Final = ("PortAudio has failed", "start again; if that does not help, restart the machine")

REASONS: Final = {
    -10000: BROKEN,  # not initialised
    -9998: FORMAT,  # channel count
    -9997: FORMAT,  # sample rate
    -9996: GONE,  # no such device
    -9994: FORMAT,  # sample format
    -9993: ("ALSA can't open it", "plug it in again, and see that you are in the group audio"),
    -9992: ("memory is short", "end other programs"),
    -9988: BROKEN,  # no such stream
    -9987: STUCK,  # timed out
    -9986: BROKEN,  # internal error
    -9985: BUSY,  # unavailable
}
"""PortAudio's error code -> problem and remedy."""
HOST_ERROR: Final = -9999
HOST_REASONS: Final = {-2: GONE, -6: GONE, -19: GONE, -16: BUSY, -1: REFUSED, -13: REFUSED}
"""ALSA's error code (ENOENT, ENXIO, ENODEV, EBUSY, EPERM, EACCES) -> problem and remedy."""


def load() -> Any:
    """Return the module ``sounddevice``. Its first import initialises PortAudio.

    Raises
    ------
    DeviceError
        If PortAudio is missing or does not start.
    """
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(
            "PortAudio is missing", "install it with: sudo apt install libportaudio2"
        ) from error
    except Exception as error:  # PortAudioError, whose module failed to load
        if type(error).__name__ != "PortAudioError":
            raise
        raise trouble("PortAudio does not start", error) from error
    if hasattr(sounddevice, "_ffi_string"):
        # One name that is not UTF-8 would hide all devices.
        sounddevice._ffi_string = lambda text: _Name(sounddevice._ffi.string(text))
    return sounddevice


class _Name(bytes):
    """A name that PortAudio gives; bytes that are not UTF-8 become escapes."""

    def decode(self, *_: Any) -> str:
        return super().decode(errors="backslashreplace")


def reinitialise() -> None:
    """Restart PortAudio, which lists devices only when it starts. No stream may be open.

    Raises
    ------
    DeviceError
        If PortAudio does not start.
    """
    sounddevice = load()
    try:
        if sounddevice._initialized:  # False if the last attempt failed half-way
            sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise trouble("PortAudio does not start", error) from error


def device_error(what: str, error: Exception) -> DeviceError:
    """Return any error of a device, whatever its type, as a sentence.

    Parameters
    ----------
    what : str
        The thing that failed.
    error : Exception
        The error; a DeviceError stays as it is.
    """
    if isinstance(error, DeviceError):
        return error
    if type(error).__name__ == "PortAudioError":
        return trouble(what, error)
    words = reason(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
    return DeviceError(f"{what} ({one_line(words)})", "`emotiond doctor` may know more")


def trouble(what: str, error: Exception) -> DeviceError:
    """Return a PortAudio error as a sentence.

    Parameters
    ----------
    what : str
        The thing that failed.
    error : sounddevice.PortAudioError
        The error. Its arguments are a text, a code and, for a host error, (API, code, text).
    """
    text, code, host = (*error.args, None, None, None)[:3]
    if code == HOST_ERROR and host is not None:
        _, code, words = host
        known = HOST_REASONS.get(code)
        text = words or text
    else:
        known = REASONS.get(code)
    if known is None:
        own = str(text).partition(": ")[2] or str(text)
        known = (own.rstrip(".").lower(), "`emotiond doctor` may know more")
    problem, remedy = known
    return DeviceError(f"{what}: {problem}", remedy)
