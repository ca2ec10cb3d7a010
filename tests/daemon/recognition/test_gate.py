"""The gate: what opens it, by energy and by voice, and how long it stays open."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiond.recognition.gate import Gate, quantile
from emotiond.recognition.settings import GateSettings
from emotiond.recognition.vad import VoiceDetector
from emotiond.values import SILENCE_DB, OpensFor
from tests.daemon.sounds import RATE, noise, silence, speech, tone

HOP = 8000
DEFAULT_HOP = 8192


def energy_gate(hop: int = HOP, **changes: float) -> Gate:
    """Return a gate that opens for any sound: it has no voice detector."""
    return Gate(GateSettings(opens_for="sound", **changes), RATE, hop)


def voice_gate(hop: int = DEFAULT_HOP, **changes: float) -> Gate:
    """Return a gate that opens for speech, the default."""
    return Gate(GateSettings(**changes), RATE, hop)


def openings(gate: Gate, sound: np.ndarray, hop: int = HOP) -> list[bool]:
    """Return for each whole hop of a sound whether the gate was open."""
    return [gate.push(sound[i : i + hop]) for i in range(0, len(sound) - hop + 1, hop)]


@given(
    values=st.lists(st.floats(-100.0, 800.0), min_size=1, max_size=60),
    share=st.one_of(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.floats(0.0, 1.0)),
)
def test_a_quantile_is_numpys_to_the_last_bit(values: list[float], share: float) -> None:
    assert quantile(sorted(values), share) == np.quantile(values, share)


@given(amplitude=st.floats(0.001, 1.0), hz=st.sampled_from([100.0, 440.0, 1000.0]))
def test_the_level_of_a_sine_is_its_root_mean_square_in_dbfs(amplitude: float, hz: float) -> None:
    gate = Gate(GateSettings(), RATE, HOP)
    gate.push(tone(0.5, hz, level=amplitude))
    assert gate.level == pytest.approx(20 * np.log10(amplitude / np.sqrt(2)), abs=0.01)


@pytest.mark.parametrize(
    ("sample", "level"), [(0.0, -100.0), (1e-6, -100.0), (1.0, 0.0), (3e38, 769.54)]
)
@pytest.mark.parametrize("opens_for", ["speech", "sound"])
def test_levels_are_finite_numbers_whatever_the_sound(
    sample: float, level: float, opens_for: OpensFor
) -> None:
    gate = Gate(GateSettings(), RATE, HOP, opens_for)
    gate.push(np.full(HOP, sample, np.float32))
    assert gate.level == pytest.approx(level, abs=0.01)
    assert 0.0 <= gate.speech <= 1.0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("hop", [1, 2, 319, 320, 321, 639, 640, 641, 160_000])
def test_hops_may_have_any_length(hop: int) -> None:
    gate = Gate(GateSettings(), RATE, hop)
    assert not gate.push(np.zeros(hop, np.float32))
    gate.push(np.full(hop, 0.5, np.float32))
    assert gate.level == pytest.approx(-6.02, abs=0.01)


@pytest.mark.parametrize("hangover_seconds", [0.0, 0.5, 1.0, 2.0])
def test_the_gate_stays_open_for_the_hangover_and_no_longer(hangover_seconds: float) -> None:
    gate = energy_gate(hangover_seconds=hangover_seconds)
    sound = np.concatenate((silence(1.0), speech(1.0), silence(4.0)))
    expected = [False] * 2 + [True] * 2 + [True] * round(hangover_seconds / 0.5)
    assert openings(gate, sound) == expected + [False] * (12 - len(expected))


def test_silence_is_counted_from_the_end_of_the_last_loud_frame() -> None:
    gate = energy_gate()
    hop = silence(HOP / RATE)
    hop[:3199] = 0.5 * noise(3199 / RATE)  # ten frames of 320 samples; the last sample is zero
    gate.push(hop)
    assert gate.silence == pytest.approx(0.3)
    gate.push(silence(HOP / RATE))
    assert gate.silence == pytest.approx(0.8)
    gate.push(noise(HOP / RATE))
    assert gate.silence == 0.0


@pytest.mark.parametrize("floor_seconds", [1.0, 3.0, 6.0])
def test_the_noise_floor_rises_to_steady_noise_after_floor_seconds(
    floor_seconds: float,
) -> None:
    gate = energy_gate(floor_seconds=floor_seconds, hangover_seconds=0.0)
    found = openings(gate, noise(10.0, level=0.05))
    settled = round(floor_seconds / 0.5)
    assert all(found[: settled - 1])
    assert not any(found[settled:])


@pytest.mark.parametrize("margin_db", [6.0, 12.0, 24.0])
def test_a_sound_above_floor_and_margin_opens_the_gate_and_one_below_does_not(
    margin_db: float,
) -> None:
    gate = energy_gate(margin_db=margin_db, hangover_seconds=0.0)
    floor = tone(0.5, 1000.0, level=0.001)
    for _ in range(10):
        gate.push(floor)
    below, above = (floor * np.float32(10 ** ((margin_db + db) / 20)) for db in (-0.5, 0.5))
    assert not gate.push(below)
    assert gate.speech < 0.5
    assert gate.push(above)
    assert gate.speech > 0.5


def test_a_click_shorter_than_a_tenth_of_a_hop_does_not_open_the_gate() -> None:
    gate = energy_gate(hangover_seconds=0.0)
    found = []
    for frames in (2, 4):  # of 25 in a hop
        hop = silence(HOP / RATE)
        hop[: frames * 320] = noise(frames * 320 / RATE, level=0.1)
        found.append(gate.push(hop))
    assert found == [False, True]


def test_reset_forgets_the_noise_floor() -> None:
    gate = energy_gate()
    room = noise(5.0, level=0.05)
    fresh = openings(energy_gate(), room)
    openings(gate, room)
    assert openings(gate, room) != fresh
    gate.reset()
    assert (gate.speech, gate.level) == (0.0, SILENCE_DB)
    assert openings(gate, room) == fresh


def coloured(slope: float, level_db: float, seconds: float, seed: int) -> np.ndarray:
    """Return noise whose power falls as frequency ** -slope: white 0, pink 1, brown 2."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum[1:] *= np.arange(1, len(spectrum)) ** (-slope / 2)
    spectrum[0] = 0.0
    sound = np.fft.irfft(spectrum, count)
    scaled = sound / sound.std() * 10 ** (level_db / 20)
    return np.asarray(np.clip(scaled, -1.0, 1.0), np.float32)


def hum(level_db: float, seconds: float, hz: float) -> np.ndarray:
    """Return a mains hum with its first harmonics."""
    sound = sum(tone(seconds, hz * k, level=1.0 / k) for k in (1, 2, 3, 5))
    return np.asarray(np.clip(sound * 10 ** (level_db / 20), -1.0, 1.0), np.float32)


levels = st.floats(-100.0, 10.0)
leads = st.floats(0.0, 2.0)


@settings(max_examples=25)
@given(
    slope=st.floats(-1.0, 2.0),
    level_db=levels,
    lead=leads,
    seed=st.integers(0, 1000),
    hop=st.sampled_from([1600, DEFAULT_HOP, 16_384]),
)
def test_steady_noise_of_any_colour_and_level_never_opens_the_gate(
    slope: float, level_db: float, lead: float, seed: int, hop: int
) -> None:
    # Also if it starts after digital silence.
    sound = np.concatenate((silence(lead), coloured(slope, level_db, 5.0, seed)))
    assert not any(openings(voice_gate(hop), sound, hop))


@settings(max_examples=15)
@given(hz=st.sampled_from([50.0, 60.0, 100.0, 120.0, 440.0, 1000.0]), level_db=levels, lead=leads)
def test_hum_of_any_level_never_opens_the_gate(hz: float, level_db: float, lead: float) -> None:
    sound = np.concatenate((silence(lead), hum(level_db, 5.0, hz)))
    assert not any(openings(voice_gate(), sound, DEFAULT_HOP))


@pytest.mark.parametrize("sound", [silence(10.0), np.full(10 * RATE, 0.5, np.float32)])
def test_digital_silence_and_a_constant_never_open_the_gate(sound: np.ndarray) -> None:
    assert not any(openings(voice_gate(), sound, DEFAULT_HOP))


@pytest.mark.parametrize("hop", [512, 1600, 5000, DEFAULT_HOP, 16_000, 5 * RATE])
@pytest.mark.parametrize("gain_db", [0.0, -30.0, 10.0])
def test_a_voice_opens_the_gate_at_any_level_and_hop(
    sample: np.ndarray, gain_db: float, hop: int
) -> None:
    voice = np.clip(sample[: 10 * RATE] * np.float32(10 ** (gain_db / 20)), -1.0, 1.0)
    found = openings(voice_gate(hop), voice, hop)
    assert any(found)
    if hop <= DEFAULT_HOP:
        assert not all(found)  # there are pauses between the sentences


def test_a_voice_10_db_above_the_noise_opens_the_gate(sample: np.ndarray) -> None:
    room = coloured(1.0, -20.0, 12.0, 0) * np.float32(np.std(sample) * 3)  # 10 dB below
    sound = room + np.pad(sample[: 9 * RATE], (2 * RATE, RATE))
    found = openings(voice_gate(), sound, DEFAULT_HOP)
    assert any(found)
    assert not any(found[:3])


def test_the_voice_detector_does_not_run_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> float:
        raise AssertionError("the detector ran")

    monkeypatch.setattr(VoiceDetector, "probability", fail)
    assert not any(openings(voice_gate(), silence(5.0), DEFAULT_HOP))


class Scripted:
    """A voice detector that returns given probabilities."""

    silence = 0.0

    def __init__(self, probabilities: list[float]) -> None:
        self._probabilities = iter(probabilities)

    def push(self, _: np.ndarray) -> None:
        pass

    def probability(self) -> float:
        return next(self._probabilities)


def test_the_gate_opens_above_open_above_and_stays_open_above_stay_above() -> None:
    gate = voice_gate(hangover_seconds=0.0, open_above=0.9, stay_above=0.7)
    gate._voice = Scripted([0.8, 0.91, 0.71, 0.69, 0.8])
    assert (
        openings(gate, noise(5 * DEFAULT_HOP / RATE), DEFAULT_HOP)
        == [False, True, True] + [False] * 2
    )


def test_reset_forgets_the_speech_before(sample: np.ndarray) -> None:
    gate = voice_gate()
    fresh = openings(gate, sample[: 8 * RATE], DEFAULT_HOP)
    for cut_at in (0, 5000, 3 * RATE):
        openings(gate, sample[cut_at : 6 * RATE], DEFAULT_HOP)
        gate.reset()
        assert openings(gate, sample[: 8 * RATE], DEFAULT_HOP) == fresh


def test_a_margin_that_no_voice_reaches_keeps_the_gate_closed(sample: np.ndarray) -> None:
    assert not any(openings(voice_gate(margin_db=90.0), sample[: 8 * RATE], DEFAULT_HOP))


def test_a_threshold_that_no_voice_reaches_keeps_the_gate_closed(sample: np.ndarray) -> None:
    assert not any(openings(voice_gate(open_above=1.0), sample[: 8 * RATE], DEFAULT_HOP))
