"""The verdict on a recording comes from a window every second of its speech."""

import numpy as np

from emotiond.audio.signal import Signal
from emotiond.features.mfcc import Frames
from emotiond.model.output import Output
from emotiond.recognition.engine import Engine
from emotiond.recognition.recording import STRIDE, verdict_of
from emotiond.testing import FakeModel

RATE = 16_000


class Counting(FakeModel):
    """A model that counts its windows."""

    windows = 0

    def run(self, frames: Frames) -> Output:
        self.windows += 1
        return super().run(frames)


def beeps(seconds: float, pauses: bool = False) -> Signal:
    """Return a loud tone, in bursts of a second if there are pauses."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 300.0 * time)
    return np.asarray(tone * ((time % 4.0 < 1.0) if pauses else 1.0), np.float32)


def windows_live(sound: Signal) -> int:
    model = Counting()
    engine = Engine(model)
    engine.push(sound)
    engine.finish()
    return model.windows


def test_a_recording_is_heard_at_half_the_windows_of_a_live_stream() -> None:
    model = Counting()
    verdict_of(model, [beeps(20.0)])
    live = windows_live(beeps(20.0))
    assert abs(model.windows - live / STRIDE) <= 1


def test_each_utterance_of_a_recording_has_a_window_however_short_it_is() -> None:
    model = Counting()
    sound = beeps(20.0, pauses=True)
    verdict = verdict_of(model, [sound])
    assert verdict.state != "no_speech"
    assert model.windows >= 5


def test_an_engine_is_speaking_while_its_gate_is_open() -> None:
    engine = Engine(FakeModel())
    states = []
    for block in np.array_split(np.concatenate([beeps(3.0), np.zeros(4 * RATE, "f4")]), 14):
        engine.push(block)
        states.append(engine.speaking)
    assert states[2:5] == [True, True, True]
    assert states[-1] is False
