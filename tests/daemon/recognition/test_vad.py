"""Voice activity detection: what counts as speech, how often Silero runs, on which threads."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.recognition import vad
from emotiond.recognition.vad import (
    CHUNK,
    INTERVAL,
    LOOKBACK,
    SEGMENT,
    THREAD_LIMIT,
    VoiceDetector,
    highest_mean,
)
from tests.daemon.sounds import RATE, noise, silence, tone


def probabilities(sound: np.ndarray, block: int = SEGMENT, rate: int = RATE) -> list[float]:
    """Return the probability of speech after each block of a sound."""
    detector = VoiceDetector(rate)
    found = []
    for start in range(0, len(sound) - block + 1, block):
        detector.push(sound[start : start + block])
        found.append(detector.probability())
    return found


@given(st.lists(st.floats(0.0, 1.0), min_size=16, max_size=64))
def test_the_highest_mean_is_that_of_the_best_segment(chunks: list[float]) -> None:
    means = np.lib.stride_tricks.sliding_window_view(chunks, SEGMENT // CHUNK).mean(axis=1)
    assert highest_mean(np.array(chunks)) == pytest.approx(means.max(), abs=1e-12)


def test_speech_is_probable_and_silence_and_noise_are_not(sample: np.ndarray) -> None:
    assert max(probabilities(sample[: 8 * RATE])) > 0.95
    assert max(probabilities(silence(2.0))) < 0.1
    assert max(probabilities(noise(4.0, level=0.1))) < 0.5


def test_a_high_voice_is_detected_more_often_than_at_its_own_speed(sample: np.ndarray) -> None:
    import soxr

    high = soxr.resample(sample[: 10 * RATE], 1.25 * RATE, RATE)  # a third higher
    assert np.mean(np.array(probabilities(high)) > 0.95) > 0.4  # at SPEED 1: a third


def test_a_voice_40_db_quieter_is_as_probable(sample: np.ndarray) -> None:
    loud = np.array(probabilities(sample[: 8 * RATE]))
    quiet = np.array(probabilities(sample[: 8 * RATE] * np.float32(0.01)))
    np.testing.assert_allclose(quiet[loud > 0.5], loud[loud > 0.5], atol=0.01)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100])
def test_other_sample_rates_are_resampled(sample: np.ndarray, rate: int) -> None:
    import soxr

    voices = soxr.resample(sample[: 8 * RATE], RATE, rate)
    assert max(probabilities(voices, rate // 2, rate)) > 0.95
    assert max(probabilities(tone(4.0, 440.0, rate=rate), rate // 2, rate)) < 0.5


def test_the_probability_depends_on_the_last_second_only(sample: np.ndarray) -> None:
    detector = VoiceDetector(RATE)
    detector.push(sample[:RATE])
    detector.probability()
    detector.push(sample[RATE : RATE + LOOKBACK])
    fresh = VoiceDetector(RATE)
    fresh.push(sample[RATE : RATE + LOOKBACK])
    assert detector.probability() == fresh.probability()


def test_silero_runs_at_most_four_times_a_second_however_short_the_hops(
    sample: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    monkeypatch.setattr(vad, "highest_mean", lambda chunks: runs.append(1) or highest_mean(chunks))
    probabilities(sample[: 4 * RATE], block=500)
    assert len(runs) == 4 * RATE // INTERVAL


def test_reset_forgets_the_stream(sample: np.ndarray) -> None:
    detector = VoiceDetector(RATE)
    detector.push(silence(0.2))
    fresh = detector.probability()
    detector.push(sample[:RATE])
    detector.probability()
    detector.reset()
    detector.push(silence(0.2))
    assert detector.probability() == fresh


THREADS = """
import pathlib, re
import numpy as np
from emotiond.recognition.vad import VoiceDetector
detector = VoiceDetector(16_000)
before = len(list(pathlib.Path("/proc/self/task").iterdir()))
detector.push(np.ones(16_000, np.float32))
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
