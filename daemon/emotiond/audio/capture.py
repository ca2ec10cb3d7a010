"""One opening of a microphone. PortAudio's callback only copies into a bounded queue."""

import math
import time
from collections.abc import Iterator
from threading import Event
from typing import Any, Final

import numpy as np

from emotiond.audio import portaudio
from emotiond.audio.devices import Device
from emotiond.audio.files import BLOCK_SECONDS
from emotiond.audio.queue import Captured, Pending
from emotiond.audio.signal import Conditioner
from emotiond.audio.source import Block, Demand

QUEUE_SECONDS: Final = 5.0
"""Length of the queue (s): a machine that falls further behind drops the oldest sound."""
SILENT_DEATH_SECONDS: Final = 3.0
"""After this long without samples a microphone counts as lost, whatever PortAudio reports (s)."""
LOOK_SECONDS: Final = 0.6
"""Time between two looks at a microphone that gives nothing (s); longer than a hop, so that a
working microphone causes no extra wake-ups."""


class Capture:
    """An open device.

    Parameters
    ----------
    device : Device
        What to open.
    sample_rate : int
        Sample rate of the blocks (Hz); the device may have another.

    Raises
    ------
    DeviceError
        If the device can't be opened.
    """

    def __init__(self, device: Device, sample_rate: int) -> None:
        sounddevice = portaudio.load()
        rate, channels = format_of(device, sample_rate)
        self._conditioner = Conditioner(rate, sample_rate)
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

    def blocks(self, stop: Event, at_least: Demand) -> Iterator[Block]:
        """Yield blocks of the wanted length, until ``stop`` is set or the device has died."""
        began = time.monotonic()
        while not stop.is_set():
            captured = self._pending.get(math.ceil(at_least() / self._ratio), LOOK_SECONDS)
            if captured is not None:
                yield self._block(captured)
                continue
            silent = time.monotonic() - max(began, self._pending.arrived)
            if silent > SILENT_DEATH_SECONDS or not self._stream.active:
                break
        # Less than a hop is left: nothing will complete it, so yield it as it is.
        for captured in self._pending.rest():
            yield self._block(captured)

    def close(self) -> None:
        """Close the device, even if it is already gone."""
        self._stream.close(ignore_errors=True)

    def _capture(self, data: Any, _frames: int, _time: Any, status: Any) -> None:
        """Put a block into the queue; called on PortAudio's thread."""
        now, last = time.monotonic(), self._pending.arrived
        dropped = 0
        # Sound that a device lost while it started does not count. PortAudio does not say where
        # in a block sound was lost, so the place is right to one block.
        if status.input_overflow and last > -math.inf:
            # Nor does it say how much was lost; the time since the last block tells.
            dropped = max(1, round((now - last) * self._rate) - len(data))
        self._pending.put(data.copy(), now, dropped)

    def _block(self, captured: Captured) -> Block:
        sound = captured.samples.astype(np.float32) / np.float32(32768.0)
        dropped = math.ceil(captured.dropped * self._ratio)  # never round a loss to zero
        return Block(self._conditioner.push(sound), captured.arrived, dropped)


def format_of(device: Device, sample_rate: int) -> tuple[int, int]:
    """Return the sample rate and channel count to open with: as wanted, else the device's own."""
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
