"""The microphone: found by name, captured by PortAudio, retried for ever when it goes away."""

import contextlib
import queue
import re
import time
from collections.abc import Iterator
from threading import Event
from typing import Any, Final

import msgspec
import numpy as np

from emotiond.errors import DeviceError
from emotiond.sound import BLOCK_SECONDS, Resampler
from emotiond.source import Block, Item, News, Retrying

QUEUE_SECONDS: Final = 5.0
"""Sound that waits for a slow machine before the oldest is dropped."""
SILENT_DEATH_SECONDS: Final = 3.0
"""A microphone that gives no samples for so long is lost, whatever PortAudio says of it."""
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waiting times between attempts to reopen it; the last is repeated for ever."""


class Device(msgspec.Struct, frozen=True):
    """An input device."""

    name: str
    """Stable: without the card number, which changes when devices come and go."""
    index: int
    """PortAudio's, valid until it is initialised again."""
    channels: int
    sample_rate: float
    """The device's own (Hz)."""
    default: bool


def devices() -> list[Device]:
    """Return the input devices there are.

    Raises
    ------
    DeviceError
        If PortAudio is missing or does not work.
    """
    portaudio = _portaudio()
    try:
        default = portaudio.default.device[0]
        listed = list(portaudio.query_devices())
    except portaudio.PortAudioError as error:
        raise DeviceError(f"PortAudio lists no devices: {_reason(error)}") from error
    return [
        Device(
            name=stable_name(each["name"]),
            index=each["index"],
            channels=each["max_input_channels"],
            sample_rate=each["default_samplerate"],
            default=each["index"] == default,
        )
        for each in listed
        if each["max_input_channels"] > 0
    ]


def stable_name(name: str) -> str:
    """Return a device's name without ALSA's card number, the ``(hw:1,0)`` at its end."""
    return re.sub(r"\s*\((plug)?hw:\d+,\d+\)$", "", name).rstrip(" -:")


def find(wanted: str | None, found: list[Device]) -> Device:
    """Return the wanted device.

    Parameters
    ----------
    wanted : str or None
        Its name or a part of it, in any case; None is the system's default.
    found : list of Device
        Those there are.

    Raises
    ------
    DeviceError
        If there is none, or more than one that fits.
    """
    if not found:
        raise DeviceError("no microphone found; plug one in and try again")
    if wanted is None:
        return next((each for each in found if each.default), found[0])
    exact = [each for each in found if each.name == wanted]
    fitting = exact or [each for each in found if wanted.lower() in each.name.lower()]
    if not fitting:
        names = ", ".join(each.name for each in found)
        raise DeviceError(f"no microphone named {wanted!r}; there are: {names}")
    if len({each.name for each in fitting}) > 1:
        names = ", ".join(each.name for each in fitting)
        raise DeviceError(f"{wanted!r} fits more than one microphone: {names}; name one of them")
    return fitting[0]


class Microphone:
    """A microphone as a source.

    Parameters
    ----------
    wanted : str or None
        Its name or a part of it; None is the system's default.
    sample_rate : int
        Of the blocks it gives (Hz).
    stop : threading.Event
        Ends the stream when set.
    wait : bool
        One that can't be opened now is waited for.

    Raises
    ------
    DeviceError
        If it can't be opened now, without ``wait``. Once it was open, it is retried for ever.
    """

    def __init__(
        self, wanted: str | None, sample_rate: int, stop: Event, *, wait: bool = False
    ) -> None:
        self.name = wanted or "the default microphone"
        self._wanted = wanted
        self._sample_rate = sample_rate
        self._stop = stop
        self._stream: _Stream | None = None
        self._reason = ""
        try:
            self._stream = self._open()
        except DeviceError as error:
            if not wait:
                raise
            self._reason = str(error)

    def __iter__(self) -> Iterator[Item]:
        """Yield blocks as they come, and news when the microphone goes and comes."""
        lost = False
        attempts = 0
        try:
            while not self._stop.is_set():
                if self._stream is not None:
                    for block in self._stream.blocks(self._stop):
                        if lost:  # until there is sound: a device may open and give none
                            lost, attempts = False, 0
                            yield News("microphone_back", f"listening to {self.name}")
                        yield block
                    if self._stop.is_set():
                        return
                    self._reason = f"{self.name} gives no sound"
                if lost:
                    yield Retrying()
                else:
                    lost = True
                    yield News("microphone_lost", f"{self._reason}; trying until it works")
                self._close()
                if self._stop.wait(RETRY_SECONDS[min(attempts, len(RETRY_SECONDS) - 1)]):
                    return
                attempts += 1
                with contextlib.suppress(DeviceError):
                    # PortAudio lists devices when it is initialised, and never again.
                    _reinitialise()
                    self._stream = self._open()
        finally:
            self._close()

    def _open(self) -> "_Stream":
        device = find(self._wanted, devices())
        self.name = device.name
        return _Stream(device, self._sample_rate)

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class _Stream:
    """One opening of a device. PortAudio's callback only copies into a bounded queue."""

    def __init__(self, device: Device, sample_rate: int) -> None:
        portaudio = _portaudio()
        rate, channels = _format(device, sample_rate)
        self._resampler = Resampler(rate, sample_rate)
        self._ratio = sample_rate / rate
        self._queue: queue.Queue[tuple[np.ndarray[Any, Any], float]] = queue.Queue(
            maxsize=round(QUEUE_SECONDS / BLOCK_SECONDS)
        )
        self._dropped = 0
        try:
            self._stream = portaudio.InputStream(
                device=device.index,
                samplerate=rate,
                channels=channels,
                dtype="int16",
                blocksize=round(BLOCK_SECONDS * rate),
                callback=self._capture,
            )
        except portaudio.PortAudioError as error:
            raise DeviceError(
                f"microphone {device.name} can't be opened: {_reason(error)}"
            ) from error
        try:
            self._stream.start()
        except portaudio.PortAudioError as error:
            self.close()
            raise DeviceError(
                f"microphone {device.name} can't be opened: {_reason(error)}"
            ) from error

    def blocks(self, stop: Event) -> Iterator[Block]:
        """Yield blocks until ``stop`` is set or the device has died."""
        last = time.monotonic()
        while not stop.is_set():
            try:
                captured, arrived = self._queue.get(timeout=0.1)
            except queue.Empty:
                if time.monotonic() - last > SILENT_DEATH_SECONDS or not self._stream.active:
                    return
                continue
            last = arrived
            dropped, self._dropped = self._dropped, 0
            samples = self._resampler.push(captured.astype(np.float32) / np.float32(32768.0))
            yield Block(samples, arrived, round(dropped * self._ratio))

    def close(self) -> None:
        """Let go of the device; one that is already gone is no error."""
        self._stream.close(ignore_errors=True)

    def _capture(self, data: Any, _frames: int, _time: Any, _status: Any) -> None:
        """Take a block from PortAudio's thread; where the queue is full the oldest makes room."""
        block = (data.copy(), time.monotonic())
        while True:
            try:
                self._queue.put_nowait(block)
            except queue.Full:
                try:
                    oldest, _ = self._queue.get_nowait()
                    self._dropped += len(oldest)
                except queue.Empty:
                    pass
            else:
                return


def _format(device: Device, sample_rate: int) -> tuple[int, int]:
    """Return the rate and channel count to capture at: what is wanted, else the device's own."""
    portaudio = _portaudio()
    rates = (sample_rate, round(device.sample_rate))
    counts = (1, device.channels)
    for rate in rates:
        for channels in counts:
            try:
                portaudio.check_input_settings(
                    device=device.index, channels=channels, dtype="int16", samplerate=rate
                )
            except portaudio.PortAudioError:
                continue
            return rate, channels
    return rates[-1], counts[-1]


def _portaudio() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(
            "PortAudio is missing; install it with: sudo apt install libportaudio2"
        ) from error
    except Exception as error:  # sounddevice.PortAudioError, out of the module that isn't there
        if type(error).__name__ != "PortAudioError":
            raise
        raise DeviceError(f"PortAudio does not start: {_reason(error)}") from error
    return sounddevice


def _reinitialise() -> None:
    portaudio = _portaudio()
    try:
        # The only way that sounddevice has of seeing devices that came later.
        if portaudio._initialized:  # not where the last attempt failed half-way
            portaudio._terminate()
        portaudio._initialize()
    except portaudio.PortAudioError as error:
        raise DeviceError(f"PortAudio does not start: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Return PortAudio's own words."""
    return str(error.args[0]).removeprefix("Error opening InputStream: ").rstrip(".").lower()
