"""What tests of the daemon's modules share."""

import pytest

from emotiond.audio import capture, microphone, probe
from emotiond.audio import portaudio as portaudio_module
from tests.daemon.fake_portaudio import FakePortAudio


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    fake = FakePortAudio()
    monkeypatch.setattr(portaudio_module, "load", lambda: fake)
    monkeypatch.setattr(microphone, "RETRY_SECONDS", (0.0,))
    monkeypatch.setattr(capture, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(probe, "can_be_heard", lambda *_: True)
    return fake
