"""Time lines: the room is as far below the voice as the protocol says."""

import numpy as np
import pytest

from emotiond_training.live.timelines import PAUSE_SECONDS, VOICE_DB, lay, levelled
from tests.daemon.sounds import RATE, speech


def level(sound: np.ndarray) -> float:
    """Return a level in dBFS."""
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2)))


@pytest.mark.parametrize("snr_db", [40.0, 30.0, 10.0, 5.0])
def test_the_room_is_so_many_decibels_below_the_voice(snr_db: float) -> None:
    voices = [levelled(speech(2.0)) for _ in range(3)]
    line = lay(voices, ["calm"] * 3, [], snr_db, RATE, np.random.default_rng(0))
    assert [level(voice) for voice in voices] == pytest.approx([VOICE_DB] * 3, abs=0.1)
    before = 0.0
    for span in line.spans:
        assert PAUSE_SECONDS[0] <= span.start - before <= PAUSE_SECONDS[1]
        assert span.end - span.start == pytest.approx(2.0)
        before = span.end
    spoken = np.zeros(len(line.sound), bool)
    for span in line.spans:
        spoken[round(span.start * RATE) : round(span.end * RATE)] = True
    # Pink noise swings a little over some seconds.
    assert level(line.sound[~spoken]) == pytest.approx(VOICE_DB - snr_db, abs=1.5)


def test_a_louder_recording_is_brought_to_the_same_level() -> None:
    assert level(levelled(speech(1.0, level=0.9))) == pytest.approx(VOICE_DB, abs=0.01)
    assert level(levelled(speech(1.0, level=0.001))) == pytest.approx(VOICE_DB, abs=0.01)
