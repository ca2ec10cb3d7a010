"""The microphone as a source: when it goes away, it is retried for ever."""

import contextlib
from collections.abc import Iterator
from threading import Event
from typing import Final

from emotiond.audio import portaudio, probe
from emotiond.audio.capture import Capture
from emotiond.audio.devices import devices, find
from emotiond.audio.source import Demand, Item, Retrying
from emotiond.errors import DeviceError
from emotiond.record import News

RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waiting times between attempts to reopen a microphone (s); the last repeats for ever."""


class Microphone:
    """A microphone as a source.

    Parameters
    ----------
    wanted : str or None
        Name, part of the name, or id; None is the system's default at the time of opening.
    sample_rate : int
        Sample rate of the blocks (Hz).
    stop : threading.Event
        Ends the stream when set.
    wait : bool
        Whether to wait for a microphone that can't be opened now.
    channel : int or None
        Channel to take, from 1; None: what carries sound.

    Raises
    ------
    DeviceError
        If it can't be opened now and ``wait`` is false.
    """

    def __init__(
        self,
        wanted: str | None,
        sample_rate: int,
        stop: Event,
        *,
        wait: bool = False,
        channel: int | None = None,
    ) -> None:
        self.name = wanted or "the default microphone"
        self._wanted = wanted
        self._sample_rate = sample_rate
        self._stop = stop
        self._channel = channel
        self._stream: Capture | None = None
        self._reason = ""
        try:
            self._stream = self._open()
        except DeviceError as error:
            if not wait:
                raise
            self._reason = error.problem

    def blocks(self, at_least: Demand) -> Iterator[Item]:
        """Yield blocks as they come, and news when the microphone goes and comes."""
        lost = False
        attempts = 0
        try:
            while not self._stop.is_set():
                if self._stream is not None:
                    self._reason = f"{self.name} gives no sound"
                    try:
                        for block in self._stream.blocks(self._stop, at_least):
                            if lost:  # only sound ends a loss: a device may open and give none
                                lost, attempts = False, 0
                                yield News("microphone_back", f"listening to {self.name}")
                            yield block
                    except Exception as error:
                        failure = portaudio.device_error(f"{self.name} has failed", error)
                        self._reason = failure.problem
                    if self._stop.is_set():
                        return
                if lost:
                    yield Retrying()
                else:
                    lost = True
                    yield News("microphone_lost", f"{self._reason}; trying until it works")
                self.close()
                if self._stop.wait(RETRY_SECONDS[min(attempts, len(RETRY_SECONDS) - 1)]):
                    return
                attempts += 1
                with contextlib.suppress(Exception):  # the next attempt may do better
                    self._retry()
        finally:
            self.close()

    def _retry(self) -> None:
        # PortAudio lists devices only when it is initialised, and leaks memory each time.
        # So restart it only after another process has found sound.
        if probe.can_be_heard(self._wanted, self._stop):
            portaudio.reinitialise()
            self._stream = self._open()

    def _open(self) -> Capture:
        try:
            device = find(self._wanted, devices())
            self.name = device.name
            return Capture(device, self._sample_rate, self._channel)
        except DeviceError:
            raise
        except Exception as error:
            raise portaudio.device_error(f"{self.name} can't be opened", error) from error

    def close(self) -> None:
        """Let go of the device; a second time is harmless."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(Exception):  # it may be gone already
                stream.close()
