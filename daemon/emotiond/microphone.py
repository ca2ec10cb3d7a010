"""The microphone: captured by PortAudio, retried for ever when it goes away."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any, Final

import numpy as np

from emotiond import portaudio, probe
from emotiond.devices import Device, devices, find
from emotiond.errors import DeviceError
from emotiond.pending import Captured, Pending
from emotiond.record import News
from emotiond.sound import BLOCK_SECONDS, Resampler
from emotiond.source import Block, Item, Retrying

QUEUE_SECONDS: Final = 5.0
"""Sound that waits for a slow machine before the oldest is dropped."""
SILENT_DEATH_SECONDS: Final = 3.0
"""A microphone that gives no samples for so long is lost, whatever PortAudio says of it."""
LOOK_SECONDS: Final = 0.6
"""How often a microphone that gives nothing is looked at; over a hop, not to wake in between."""
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waiting times between attempts to reopen it; the last is repeated for ever."""


class Microphone:
    """A microphone as a source.

    Parameters
    ----------
    wanted : str or None
        Its name, a part of it, or its id; None is what the system's default is when it is opened.
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

    Attributes
    ----------
    enough : int
        As of :class:`emotiond.source.Source`.
    """

    enough = 0

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
            self._reason = error.problem

    def __iter__(self) -> Iterator[Item]:
        """Yield blocks as they come, and news when the microphone goes and comes."""
        lost = False
        attempts = 0
        try:
            while not self._stop.is_set():
                if self._stream is not None:
                    for block in self._stream.blocks(self._stop, lambda: self.enough):
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
                # PortAudio lists devices when it is initialised, and never again; and it loses
                # memory each time. So that is done where another process has found sound.
                if probe.can_be_heard(self._wanted, self._stop):
                    with contextlib.suppress(DeviceError):
                        portaudio.reinitialise()
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
        sounddevice = portaudio.load()
        rate, channels = _format(device, sample_rate)
        self._resampler = Resampler(rate, sample_rate)
        self._rate = rate
        self._ratio = sample_rate / rate
        self._pending = Pending(round(QUEUE_SECONDS * rate))
        try:
            self._stream = sounddevice.InputStream(
                device=device.index,
                samplerate=rate,
                channels=channels,
                dtype="int16",
                blocksize=round(BLOCK_SECONDS * rate),
                callback=self._capture,
            )
        except sounddevice.PortAudioError as error:
            raise portaudio.trouble(f"microphone {device.name} can't be opened", error) from error
        try:
            self._stream.start()
        except sounddevice.PortAudioError as error:
            self.close()
            raise portaudio.trouble(f"microphone {device.name} can't be opened", error) from error

    def blocks(self, stop: Event, enough: Callable[[], int]) -> Iterator[Block]:
        """Yield blocks of so many samples, until ``stop`` is set or the device has died."""
        began = time.monotonic()
        while not stop.is_set():
            captured = self._pending.get(math.ceil(enough() / self._ratio), LOOK_SECONDS)
            if captured is not None:
                yield self._block(captured)
                continue
            silent = time.monotonic() - max(began, self._pending.arrived)
            if silent > SILENT_DEATH_SECONDS or not self._stream.active:
                break
        # What is too little for a hop is heard all the same: nothing comes after it.
        for captured in self._pending.rest():
            yield self._block(captured)

    def close(self) -> None:
        """Let go of the device; one that is already gone is no error."""
        self._stream.close(ignore_errors=True)

    def _capture(self, data: Any, _frames: int, _time: Any, status: Any) -> None:
        """Take a block from PortAudio's thread."""
        now, last = time.monotonic(), self._pending.arrived
        dropped = 0
        # Nobody misses what a device lost while it was starting. Where in a block it was lost
        # PortAudio does not say: the place is right to a block.
        if status.input_overflow and last > -math.inf:
            # How much it was PortAudio does not say; the time since the last block does.
            dropped = max(1, round((now - last) * self._rate) - len(data))
        self._pending.put(data.copy(), now, dropped)

    def _block(self, captured: Captured) -> Block:
        sound = captured.samples.astype(np.float32) / np.float32(32768.0)
        dropped = math.ceil(captured.dropped * self._ratio)  # a loss is never rounded to none
        return Block(self._resampler.push(sound), captured.arrived, dropped)


def _format(device: Device, sample_rate: int) -> tuple[int, int]:
    """Return the rate and channel count to capture at: what is wanted, else the device's own."""
    sounddevice = portaudio.load()
    rates = (sample_rate, round(device.sample_rate))
    counts = (1, device.channels)
    for rate in rates:
        for channels in counts:
            try:
                sounddevice.check_input_settings(
                    device=device.index, channels=channels, dtype="int16", samplerate=rate
                )
            except sounddevice.PortAudioError:
                continue
            return rate, channels
    return rates[-1], counts[-1]
