"""The detector of voices: what it hears, when it is asked, and what it costs."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.recognition import vad as voice
from emotiond.recognition.vad import (
    AGAIN,
    CHUNK,
    HEARD,
    PIECE,
    THREAD_LIMIT,
    VoiceDetector,
    likeliest,
)
from tests.daemon.sounds import RATE, noise, silence, tone


def asked(sound: np.ndarray, block: int = PIECE, rate: int = RATE) -> list[float]:
    """Return what a detector says after each block of a sound."""
    detector = VoiceDetector(rate)
    said = []
    for start in range(0, len(sound) - block + 1, block):
        detector.hear(sound[start : start + block])
        said.append(detector.probability())
    return said


@given(st.lists(st.floats(0.0, 1.0), min_size=16, max_size=64))
def test_the_likeliest_half_second_is_that_of_the_highest_mean(chunks: list[float]) -> None:
    means = np.lib.stride_tricks.sliding_window_view(chunks, PIECE // CHUNK).mean(axis=1)
    assert likeliest(np.array(chunks)) == pytest.approx(means.max(), abs=1e-12)


def test_a_voice_is_told_from_silence_and_noise(sample: np.ndarray) -> None:
    assert max(asked(sample[: 8 * RATE])) > 0.95
    assert max(asked(silence(2.0))) < 0.1
    assert max(asked(noise(4.0, level=0.1))) < 0.5


def test_a_high_voice_is_heard_like_a_voice(sample: np.ndarray) -> None:
    import soxr

    high = soxr.resample(sample[: 10 * RATE], 1.25 * RATE, RATE)  # a third higher
    assert np.mean(np.array(asked(high)) > 0.95) > 0.4  # heard at its own speed: a third


def test_a_whisper_is_heard_like_a_voice(sample: np.ndarray) -> None:
    loud = np.array(asked(sample[: 8 * RATE]))
    quiet = np.array(asked(sample[: 8 * RATE] * np.float32(0.01)))
    np.testing.assert_allclose(quiet[loud > 0.5], loud[loud > 0.5], atol=0.01)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100])
def test_other_sample_rates_are_resampled(sample: np.ndarray, rate: int) -> None:
    import soxr

    voices = soxr.resample(sample[: 8 * RATE], RATE, rate)
    assert max(asked(voices, rate // 2, rate)) > 0.95
    assert max(asked(tone(4.0, 440.0, rate=rate), rate // 2, rate)) < 0.5


def test_what_it_says_depends_on_the_last_second_only(sample: np.ndarray) -> None:
    detector = VoiceDetector(RATE)
    detector.hear(sample[:RATE])
    detector.probability()
    detector.hear(sample[RATE : RATE + HEARD])
    fresh = VoiceDetector(RATE)
    fresh.hear(sample[RATE : RATE + HEARD])
    assert detector.probability() == fresh.probability()


def test_short_hops_ask_the_network_no_more_than_four_times_a_second(
    sample: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    monkeypatch.setattr(voice, "likeliest", lambda chunks: runs.append(1) or likeliest(chunks))
    asked(sample[: 4 * RATE], block=500)
    assert len(runs) == 4 * RATE // AGAIN


def test_reset_forgets_the_stream(sample: np.ndarray) -> None:
    detector = VoiceDetector(RATE)
    detector.hear(silence(0.2))
    fresh = detector.probability()
    detector.hear(sample[:RATE])
    detector.probability()
    detector.reset()
    detector.hear(silence(0.2))
    assert detector.probability() == fresh


THREADS = """
import pathlib, re
import numpy as np
from emotiond.recognition.vad import VoiceDetector
detector = VoiceDetector(16_000)
before = len(list(pathlib.Path("/proc/self/task").iterdir()))
detector.hear(np.ones(16_000, np.float32))
detector.probability()
print(len(list(pathlib.Path("/proc/self/task").iterdir())) - before)
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
@pytest.mark.parametrize("limit", [None, "7"])
def test_the_detector_starts_no_threads_and_leaves_the_environment_as_it_was(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, limit: str | None
) -> None:
    monkeypatch.delenv(THREAD_LIMIT, raising=False)
    if limit is not None:
        monkeypatch.setenv(THREAD_LIMIT, limit)
        environment = {**environment, THREAD_LIMIT: limit}
    VoiceDetector(RATE)
    assert os.environ.get(THREAD_LIMIT) == limit
    ended = subprocess.run(
        [sys.executable, "-c", THREADS],
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert ended.stdout.strip() == b"0"
