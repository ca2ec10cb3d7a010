"""The program with an imitated microphone, which plays the sample, and with parts that can break.

Run as ``breakable.py FAULT ARGUMENT...``: the file FAULT holds the name of the part that is broken
now.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import soundfile

from emotiond import cli
from emotiond.audio import capture, microphone, probe
from emotiond.model.runtime import Classifier
from emotiond.paths import SAMPLE_RECORDING
from emotiond.record import Record
from emotiond.sinks.log import LogSink

FAULT = Path(sys.argv[1])
NO_FLAGS = SimpleNamespace(input_overflow=False)


def broken(*names: str) -> bool:
    with contextlib.suppress(OSError):
        return FAULT.read_text().strip() in names
    return False


def hang() -> None:
    threading.Event().wait()


class PortAudioError(Exception):
    """Stands in for sounddevice's error."""


class InputStream:
    """Stands in for sounddevice's: calls its callback in real time, from a thread of its own."""

    def __init__(self, *, samplerate: int, blocksize: int, callback: Callable, **_: Any) -> None:
        sound, rate = soundfile.read(SAMPLE_RECORDING)
        assert rate == samplerate
        self._sound = np.round(sound * 32767).astype(np.int16)[:, np.newaxis]
        self._size, self._rate, self._callback = blocksize, samplerate, callback
        self.active = False

    def start(self) -> None:
        self.active = True
        threading.Thread(target=self._play, daemon=True).start()

    def close(self, ignore_errors: bool = True) -> None:
        if broken("close"):
            hang()
        self.active = False

    def _play(self) -> None:
        at = 0
        while self.active:
            time.sleep(self._size / self._rate)
            if not broken("callback", "close", "missing", "initialise"):
                self._callback(self._sound[at : at + self._size], self._size, None, NO_FLAGS)
                at = (at + self._size) % (len(self._sound) - self._size)


def query_devices() -> list[dict[str, Any]]:
    if broken("missing"):
        return []
    return [
        {"name": "Desk (hw:1,0)", "index": 0, "max_input_channels": 1, "default_samplerate": 16e3}
    ]


def initialise() -> None:
    if broken("initialise"):
        hang()


sys.modules["sounddevice"] = SimpleNamespace(  # type: ignore[assignment]
    PortAudioError=PortAudioError,
    InputStream=InputStream,
    query_devices=query_devices,
    check_input_settings=lambda **_: None,
    default=SimpleNamespace(device=[0, 0]),
    _initialized=1,
    _initialize=initialise,
    _terminate=lambda: None,
)

classify = Classifier.run


def run(self: Classifier, frames: Any) -> Any:
    if broken("classifier"):
        hang()
    if broken("slow"):
        time.sleep(0.8)
    return classify(self, frames)


write = LogSink.write


def write_line(self: LogSink, record: Record) -> None:
    while broken("log"):
        time.sleep(0.05)
    if broken("slow log"):
        time.sleep(6.0)
    if broken("odd log"):
        raise ValueError("not this record")
    write(self, record)


Classifier.run = run  # type: ignore[method-assign]
LogSink.write = write_line  # type: ignore[method-assign]
probe.can_be_heard = lambda *_: not broken("missing")
capture.SILENT_DEATH_SECONDS = 0.5
microphone.RETRY_SECONDS = (0.2,)

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[2:]))
