"""MFCCs: equal to librosa's, and in a stream equal to those of the whole signal."""

import warnings

import librosa
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emotiond.features.mfcc import Mfcc, MfccConfig, StreamingMfcc, dct_matrix, hz_to_mel, mel_to_hz
from tests.daemon.sounds import cut, sizes

ORACLE_DB = 1e-3
"""Largest difference from librosa (dB)."""
STREAM_DB = 1e-4
"""Largest difference between a stream and the whole signal (dB)."""


def oracle(signal: np.ndarray, config: MfccConfig) -> np.ndarray:
    """Return librosa's MFCCs in double precision."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of empty mel bands, which ours has too
        mel = librosa.feature.melspectrogram(
            y=signal.astype(np.float64),
            sr=config.sample_rate,
            n_fft=config.frame_length,
            hop_length=config.hop_length,
            n_mels=config.n_mels,
            fmin=config.fmin,
            fmax=config.fmax,
            center=False,
            power=2.0,
            htk=False,
            norm="slaney",
            dtype=np.float64,
        )
    decibels = librosa.power_to_db(mel, top_db=None, amin=1e-10)
    return librosa.feature.mfcc(S=decibels, n_mfcc=config.n_mfcc).T


@st.composite
def configs(draw: st.DrawFn) -> MfccConfig:
    rate = draw(st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000]))
    frame_length = draw(st.integers(64, 1500))
    n_mels = draw(st.integers(1, 80))
    fmin = draw(st.integers(0, rate // 8))
    return MfccConfig(
        sample_rate=rate,
        frame_length=frame_length,
        hop_length=draw(st.integers(1, frame_length)),
        n_mels=n_mels,
        n_mfcc=draw(st.integers(1, n_mels)),
        fmin=float(fmin),
        fmax=float(draw(st.integers(fmin + rate // 8, rate // 2))),
    )


def _tone(n: int, generator: np.random.Generator) -> np.ndarray:
    return np.sin(np.arange(n) * generator.uniform(0.01, 3.0))


def _impulse(n: int, generator: np.random.Generator) -> np.ndarray:
    return (np.arange(n) == generator.integers(n)).astype(float)


KINDS = {
    "random": lambda n, generator: generator.normal(0, 0.3, n),
    "silent": lambda n, _: np.zeros(n),
    "clipped": lambda n, generator: np.clip(generator.normal(0, 5, n), -1, 1),
    "pure tone": _tone,
    "impulse": _impulse,
    "constant": lambda n, _: np.full(n, 0.25),
}


@st.composite
def signals(draw: st.DrawFn, least: int, most: int) -> np.ndarray:
    n = draw(st.integers(least, most))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    signal = KINDS[draw(st.sampled_from(sorted(KINDS)))](n, generator)
    return (signal * draw(st.sampled_from([1.0, 1e-2, 1e-6]))).astype(np.float32)


@given(data=st.data(), config=configs())
def test_mfccs_equal_librosas(data: st.DataObject, config: MfccConfig) -> None:
    most = config.frame_length + 5 * config.hop_length
    signal = data.draw(signals(config.frame_length, most))
    ours = Mfcc(config)(signal)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, oracle(signal, config), rtol=0, atol=ORACLE_DB)


@pytest.mark.parametrize("gain", [1.0, 1e-3, 1e-6])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_mfccs_of_the_default_config_equal_librosas(kind: str, gain: float) -> None:
    signal = (KINDS[kind](20_000, np.random.default_rng(3)) * gain).astype(np.float32)
    config = MfccConfig()
    np.testing.assert_allclose(Mfcc(config)(signal), oracle(signal, config), rtol=0, atol=ORACLE_DB)


def test_mfccs_of_speech_equal_librosas(sample: np.ndarray) -> None:
    config = MfccConfig()
    ours = Mfcc(config)(sample)
    assert len(ours) == config.frames(len(sample))
    np.testing.assert_allclose(ours, oracle(sample, config), rtol=0, atol=ORACLE_DB)


@given(data=st.data(), config=configs(), into=sizes)
def test_a_stream_gives_the_frames_of_the_whole_signal(
    data: st.DataObject, config: MfccConfig, into: list[int]
) -> None:
    signal = data.draw(signals(1, config.frame_length + 8 * config.hop_length))
    stream = StreamingMfcc(config)
    parts = [stream.push(block) for block in cut(signal, into)]
    assert all(part.shape[1] == config.n_mfcc and part.dtype == np.float32 for part in parts)
    np.testing.assert_allclose(np.concatenate(parts), Mfcc(config)(signal), rtol=0, atol=STREAM_DB)


@pytest.mark.parametrize("into", [[1], [0, 1], [127], [128], [129], [1, 500, 0]])
def test_a_stream_of_speech_gives_the_frames_of_the_whole_signal(
    sample: np.ndarray, into: list[int]
) -> None:
    config = MfccConfig(frame_length=256, hop_length=128)
    signal = sample[30_000:34_000]
    stream = StreamingMfcc(config)
    parts = [stream.push(block) for block in cut(signal, into)]
    np.testing.assert_allclose(np.concatenate(parts), Mfcc(config)(signal), rtol=0, atol=STREAM_DB)


@pytest.mark.parametrize(("frame_length", "hop_length"), [(64, 16), (64, 64), (65, 7), (100, 1)])
def test_the_number_of_frames_is_right_just_below_and_at_every_boundary(
    frame_length: int, hop_length: int
) -> None:
    config = MfccConfig(frame_length=frame_length, hop_length=hop_length, n_mels=8, n_mfcc=4)
    mfcc = Mfcc(config)
    for n in range(frame_length + 3 * hop_length + 2):
        starts = range(0, n - frame_length + 1, hop_length)
        assert config.frames(n) == len(starts) == len(mfcc(np.zeros(n, np.float32))), n
        assert mfcc(np.zeros(n, np.float32)).shape == (len(starts), 4)
    for frames in range(4):
        needed = config.samples(frames)
        assert config.frames(needed) == frames
        assert frames == 0 or config.frames(needed - 1) == frames - 1


BAD_SIGNALS = {
    "NaN": np.array([0.0, np.nan], np.float32),
    "infinity": np.array([np.inf, 0.0], np.float32),
    "minus infinity": np.array([0.0, -np.inf], np.float32),
    "too large for float32": np.array([0.0, 1e300]),
    "two dimensions": np.zeros((4, 2), np.float32),
    "no dimension": np.float32(0.0),
}


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize("bad", BAD_SIGNALS.values(), ids=BAD_SIGNALS)
def test_a_bad_signal_is_rejected_and_does_not_change_a_stream(
    bad: np.ndarray,
) -> None:
    config = MfccConfig(frame_length=128, hop_length=64, n_mels=8, n_mfcc=8)
    signal = np.random.default_rng(0).normal(0, 0.1, 1000).astype(np.float32)
    with pytest.raises(ValueError, match="signal"):
        Mfcc(config)(bad)
    stream = StreamingMfcc(config)
    parts = [stream.push(signal[:500])]
    with pytest.raises(ValueError, match="signal"):
        stream.push(bad)
    parts.append(stream.push(signal[500:]))
    np.testing.assert_allclose(np.concatenate(parts), Mfcc(config)(signal), atol=STREAM_DB)


def test_reset_forgets_the_samples_of_an_unfinished_frame() -> None:
    config = MfccConfig(frame_length=128, hop_length=64, n_mels=8, n_mfcc=8)
    first, second = np.random.default_rng(0).normal(0, 0.1, (2, 300)).astype(np.float32)
    fresh = StreamingMfcc(config).push(second)
    stream = StreamingMfcc(config)
    stream.push(first)
    assert len(stream.push(second)) != len(fresh)
    stream.reset()
    np.testing.assert_array_equal(stream.push(second), fresh)


@given(gain=st.floats(0.01, 1.0))
def test_gain_only_changes_the_first_coefficient(gain: float) -> None:
    config = MfccConfig()
    signal = np.random.default_rng(0).normal(0, 0.3, 4096).astype(np.float32)
    moved = Mfcc(config)(signal * np.float32(gain)) - Mfcc(config)(signal)
    np.testing.assert_allclose(moved[:, 1:], 0.0, atol=1e-3)
    expected = 20 * np.log10(np.float32(gain)) * np.sqrt(config.n_mels)
    np.testing.assert_allclose(moved[:, 0], expected, atol=1e-2)


@given(n=st.integers(1, 128))
def test_the_transpose_of_the_dct_is_its_inverse(n: int) -> None:
    matrix = dct_matrix(n)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(n), atol=1e-12)
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(n), atol=1e-12)


@given(hz=st.floats(0.0, 96_000.0))
@example(hz=999.9999)
@example(hz=1000.0)
def test_mel_equals_librosas_and_has_an_inverse(hz: float) -> None:
    mel = hz_to_mel(np.array([hz]))
    np.testing.assert_allclose(mel, librosa.hz_to_mel(hz), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(mel_to_hz(mel), hz, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hop_length": 0}, "hop_length"),
        ({"hop_length": -1}, "hop_length"),
        ({"hop_length": 1025}, "hop_length"),
        ({"frame_length": 0, "hop_length": 0}, "hop_length"),
        ({"n_mfcc": 0}, "n_mfcc"),
        ({"n_mfcc": 65}, "n_mfcc"),
        ({"n_mels": 0}, "n_mfcc"),
        ({"fmin": -1.0}, "fmin"),
        ({"fmin": 8000.0}, "fmin"),
        ({"fmax": 8000.1}, "fmax"),
        ({"fmax": float("nan")}, "fmax"),
        ({"fmin": float("nan")}, "fmin"),
        ({"sample_rate": 15_999}, "sample_rate"),
        ({"sample_rate": 0}, "sample_rate"),
    ],
)
def test_a_parameter_out_of_range_is_rejected_by_name(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MfccConfig(**wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"hop_length": 1},
        {"hop_length": 1024},
        {"n_mfcc": 64},
        {"n_mfcc": 1, "n_mels": 1},
        {"fmin": 7999.0},
        {"sample_rate": 8000, "fmax": 4000.0},
    ],
)
def test_parameters_at_the_limits_of_their_range_work(right: dict[str, float]) -> None:
    config = MfccConfig(**right)
    frames = Mfcc(config)(np.zeros(2048, np.float32))
    assert np.isfinite(frames).all()
    assert frames.shape == (config.frames(2048), config.n_mfcc)
