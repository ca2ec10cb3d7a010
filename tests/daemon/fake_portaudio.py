"""A PortAudio that the test plays."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np


class PortAudioError(Exception):
    """As sounddevice's."""


class FakeStream:
    """A stream whose callback the test calls."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.active = False
        self.closed = False
        self.error: Exception | None = None
        """Raised when somebody asks whether the stream is active, or closes it."""

    @property
    def active(self) -> bool:
        if self.error is not None:
            raise self.error
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        self._active = active

    def start(self) -> None:
        self.active = True

    def close(self, ignore_errors: bool = True) -> None:
        self.active = False
        self.closed = True
        if self.error is not None:
            raise self.error

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
        self.failing = {"open": 0, "start": 0, "initialize": 0, "query": 0, "check": 0}
        """Step -> number of times that it fails."""
        self.error: Exception = PortAudioError("Error opening InputStream: unavailable", -9985)
        """Raised by the steps that fail."""
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
            raise self.error

    def query_devices(self) -> list[dict[str, Any]]:
        self._fail("query")
        return self.listed

    def check_input_settings(self, **options: Any) -> None:
        self._fail("check")
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
