"""The gate: what is loud, what is speech, and for how long."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.gate import SILENCE_DB, Gate, GateSettings
from tests.daemon.sounds import RATE, noise, silence, speech, tone

HOP = 8000


def opened(gate: Gate, sound: np.ndarray, hop: int = HOP) -> list[bool]:
    """Return whether the gate was open, for each whole hop of a sound."""
    return [gate.push(sound[i : i + hop]) for i in range(0, len(sound) - hop + 1, hop)]


@given(amplitude=st.floats(0.001, 1.0), hz=st.sampled_from([100.0, 440.0, 1000.0]))
def test_the_level_of_a_sine_is_its_root_mean_square_in_dbfs(amplitude: float, hz: float) -> None:
    gate = Gate(GateSettings(), RATE, HOP)
    gate.push(tone(0.5, hz, level=amplitude))
    assert gate.level == pytest.approx(20 * np.log10(amplitude / np.sqrt(2)), abs=0.01)


@pytest.mark.parametrize(
    ("sample", "level"), [(0.0, -100.0), (1e-6, -100.0), (1.0, 0.0), (3e38, 769.54)]
)
def test_levels_are_finite_numbers_whatever_the_sound(sample: float, level: float) -> None:
    gate = Gate(GateSettings(), RATE, HOP)
    gate.push(np.full(HOP, sample, np.float32))
    assert gate.level == pytest.approx(level, abs=0.01)
    assert 0.0 <= gate.speech <= 1.0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("hop", [1, 2, 319, 320, 321, 639, 640, 641, 160_000])
def test_hops_of_any_length_are_heard(hop: int) -> None:
    gate = Gate(GateSettings(), RATE, hop)
    assert not gate.push(np.zeros(hop, np.float32))
    gate.push(np.full(hop, 0.5, np.float32))
    assert gate.level == pytest.approx(-6.02, abs=0.01)


@pytest.mark.parametrize("hangover_seconds", [0.0, 0.5, 1.0, 2.0])
def test_the_gate_stays_open_for_the_hangover_and_no_longer(hangover_seconds: float) -> None:
    gate = Gate(GateSettings(hangover_seconds=hangover_seconds), RATE, HOP)
    sound = np.concatenate((silence(1.0), speech(1.0), silence(4.0)))
    expected = [False] * 2 + [True] * 2 + [True] * round(hangover_seconds / 0.5)
    assert opened(gate, sound) == expected + [False] * (12 - len(expected))


@pytest.mark.parametrize("floor_seconds", [1.0, 3.0, 6.0])
def test_the_floor_rises_to_steady_noise_after_the_time_it_is_remembered(
    floor_seconds: float,
) -> None:
    settings = GateSettings(floor_seconds=floor_seconds, hangover_seconds=0.0)
    heard = opened(Gate(settings, RATE, HOP), noise(10.0, level=0.05))
    settled = round(floor_seconds / 0.5)
    assert all(heard[: settled - 1])
    assert not any(heard[settled:])


@pytest.mark.parametrize("margin_db", [6.0, 12.0, 24.0])
def test_speech_is_what_stands_out_by_the_margin(margin_db: float) -> None:
    gate = Gate(GateSettings(margin_db=margin_db, hangover_seconds=0.0), RATE, HOP)
    floor = tone(0.5, 1000.0, level=0.001)
    for _ in range(10):
        gate.push(floor)
    below, above = (floor * np.float32(10 ** ((margin_db + db) / 20)) for db in (-0.5, 0.5))
    assert not gate.push(below)
    assert gate.speech < 0.5
    assert gate.push(above)
    assert gate.speech > 0.5


def test_reset_forgets_the_room_which_matters_otherwise() -> None:
    gate = Gate(GateSettings(), RATE, HOP)
    room = noise(5.0, level=0.05)
    fresh = opened(Gate(GateSettings(), RATE, HOP), room)
    opened(gate, room)
    assert opened(gate, room) != fresh
    gate.reset()
    assert (gate.speech, gate.level) == (0.0, SILENCE_DB)
    assert opened(gate, room) == fresh
