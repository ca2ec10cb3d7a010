"""One opening of a microphone. PortAudio's callback only copies into a bounded queue."""

import itertools
import math
import time
from collections.abc import Iterator
from threading import Event
from typing import Any, Final

from emotiond.audio import portaudio
from emotiond.audio.devices import Device
from emotiond.audio.files import BLOCK_SECONDS
from emotiond.audio.queue import Captured, Pending
from emotiond.audio.signal import Conditioner, as_float
from emotiond.audio.source import Block, Demand
from emotiond.errors import DeviceError

QUEUE_SECONDS: Final = 5.0
"""Length of the queue (s): a machine that falls further behind drops the oldest sound."""
SILENT_DEATH_SECONDS: Final = 3.0
"""A microphone without samples for this long (s) is lost, whatever PortAudio reports."""
LOOK_SECONDS: Final = 0.6
"""Time between two looks at a microphone that gives nothing (s); longer than a hop, so that a
working microphone causes no extra wake-ups."""
MOST_CHANNELS: Final = 8
"""Most channels that a sound card is opened with."""
ANY_COUNT_CHANNELS: Final = 2
"""Channels of a device that offers more than eight and is no sound card: a sound server or a
converter takes any number, and with two it keeps left and right apart."""


class Capture:
    """An open device.

    Parameters
    ----------
    device : Device
        What to open.
    sample_rate : int
        Sample rate of the blocks (Hz); the device may have another.
    channel : int or None
        Channel to take, from 1; None: what carries sound.

    Attributes
    ----------
    rate : int
        Sample rate of the device (Hz).

    Raises
    ------
    DeviceError
        If the device can't be opened, or lacks the channel.
    """

    def __init__(self, device: Device, sample_rate: int, channel: int | None = None) -> None:
        sounddevice = portaudio.load()
        rate, channels = format_of(device, sample_rate, channel)
        self._name = device.name
        self._conditioner = Conditioner(rate, sample_rate, channel)
        self.rate = rate
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
            try:
                self._stream.start()
            except BaseException:
                self.close()
                raise
        except Exception as error:
            what = f"microphone {device.name} can't be opened"
            raise portaudio.device_error(what, error) from error

    def blocks(self, stop: Event, at_least: Demand) -> Iterator[Block]:
        """Yield conditioned blocks of the wanted length.

        The parameters and errors are those of :meth:`captured`.
        """
        for captured in self.captured(stop, at_least):
            sound = self._conditioner.push(as_float(captured.samples))
            dropped = math.ceil(captured.dropped * self._ratio)  # never round a loss to zero
            yield Block(sound, captured.arrived, dropped)

    def captured(self, stop: Event, at_least: Demand) -> Iterator[Captured]:
        """Yield the device's own samples, until ``stop`` is set or the device has died.

        Parameters
        ----------
        stop : threading.Event
            Ends the stream when set.
        at_least : callable
            Wanted length of the next block (samples at the rate of :meth:`blocks`).

        Raises
        ------
        DeviceError
            If PortAudio says why the device has died; raised after its last samples.
        """
        began = time.monotonic()
        failure = None
        while not stop.is_set():
            captured = self._pending.get(math.ceil(at_least() / self._ratio), LOOK_SECONDS)
            if captured is not None:
                yield captured
                continue
            try:
                active = self._stream.active
            except Exception as error:
                failure = portaudio.device_error(f"microphone {self._name} has failed", error)
                break
            silent = time.monotonic() - max(began, self._pending.arrived)
            if silent > SILENT_DEATH_SECONDS or not active:
                break
        # The rest is shorter than a hop. No samples will follow it, so it goes out as it is.
        yield from self._pending.rest()
        if failure is not None:
            raise failure

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
            dropped = max(1, round((now - last) * self.rate) - len(data))
        self._pending.put(data.copy(), now, dropped)


def format_of(device: Device, sample_rate: int, channel: int | None) -> tuple[int, int]:
    """Return the sample rate and channel count to open a device with.

    A count is tried at the wanted rate and at the device's own. The first count is the one that
    the device has; others follow if PortAudio refuses it.

    Parameters
    ----------
    device : Device
        What to open.
    sample_rate : int
        Wanted rate (Hz).
    channel : int or None
        Channel that is wanted, from 1.

    Raises
    ------
    DeviceError
        If the device has no such channel.
    """
    wanted = channel or 1
    if wanted > device.channels:
        raise DeviceError(
            f"microphone {device.name} has no channel {wanted}",
            f"set channel to a number from 1 to {device.channels}, or leave it out",
        )
    most = MOST_CHANNELS if device.ids else ANY_COUNT_CHANNELS
    own = device.channels if device.channels <= MOST_CHANNELS else max(most, wanted)
    counts = dict.fromkeys(each for each in (own, device.channels, 2, 1) if each >= wanted)
    rates = dict.fromkeys((sample_rate, round(device.sample_rate)))
    sounddevice = portaudio.load()
    for channels, rate in itertools.product(counts, rates):
        try:
            sounddevice.check_input_settings(
                device=device.index, channels=channels, dtype="int16", samplerate=rate
            )
        except sounddevice.PortAudioError:
            continue
        return rate, channels
    return round(device.sample_rate), own
