"""The contract: what it says of a window, what it normalises, and what it refuses."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.features.mfcc import MfccConfig
from emotiond.model.contract import NO_SPEECH, Normalisation
from emotiond.testing import fake_contract


def test_a_window_is_the_sound_that_its_frames_span() -> None:
    contract = fake_contract(mfcc=MfccConfig(n_mels=20, n_mfcc=8), window_frames=92)
    assert contract.sample_rate == 16_000
    assert contract.window_samples == 91 * 512 + 1024
    assert contract.window_seconds == (91 * 512 + 1024) / 16_000


@given(
    sample_rate=st.sampled_from([8_000, 16_000, 48_000]),
    frame_length=st.integers(64, 2048),
    hop_length=st.integers(1, 64),
    window_frames=st.integers(1, 500),
)
def test_the_samples_of_a_window_make_its_frames_and_one_less_does_not(
    sample_rate: int, frame_length: int, hop_length: int, window_frames: int
) -> None:
    mfcc = MfccConfig(
        sample_rate=sample_rate,
        frame_length=frame_length,
        hop_length=hop_length,
        n_mels=20,
        n_mfcc=8,
        fmax=sample_rate / 2,
    )
    contract = fake_contract(mfcc=mfcc, window_frames=window_frames)
    assert contract.sample_rate == sample_rate
    assert mfcc.frames(contract.window_samples) == window_frames
    assert mfcc.frames(contract.window_samples - 1) == window_frames - 1
    assert contract.window_seconds * sample_rate == pytest.approx(contract.window_samples)


def test_records_name_every_label_but_no_speech() -> None:
    contract = fake_contract(labels=("calm", NO_SPEECH, "cross"))
    assert contract.reported == ("calm", "cross")


def test_the_short_hash_is_the_start_of_the_hash() -> None:
    assert fake_contract(sha256="0123456789abcdef").short_hash == "01234567"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"labels": ("a", "b", "a")}, "a label occurs twice"),
        ({"normalisation": Normalisation((), (1.0,) * 8)}, "mean has 0 numbers for 8 coefficients"),
        ({"normalisation": Normalisation((0.0,) * 8, (1.0,) * 9)}, "std has 9 numbers"),
        ({"normalisation": Normalisation((0.0,) * 8, (*(1.0,) * 7, 0.0))}, "not positive"),
        ({"normalisation": Normalisation((0.0,) * 8, (*(1.0,) * 7, -1.0))}, "not positive"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(
    wrong: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        fake_contract(**wrong)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("labels", ["a"]),
        ("window_frames", 0),
        ("temperature", 0.0),
        ("abstain_below", 1.1),
        ("opens_for", "music"),
        ("colour", "red"),
    ],
)
def test_a_decoded_contract_with_a_value_out_of_range_is_refused(field: str, value: object) -> None:
    contract = fake_contract()
    tree = {**msgspec.to_builtins(contract), field: value}
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert(tree, type(contract))


def test_normalisation_subtracts_the_mean_then_divides_by_the_deviation() -> None:
    normalised = Normalisation((1.0, -2.0), (2.0, 4.0))(np.array([[5.0, 2.0]], np.float32))
    np.testing.assert_array_equal(normalised, np.array([[2.0, 1.0]], np.float32))


@given(gain_db=st.floats(-60.0, 60.0, width=32))
def test_a_level_measured_from_the_loudest_frame_ignores_the_gain(gain_db: float) -> None:
    frames = np.array([[-10.0, 3.0], [-30.0, 4.0]], np.float32)
    normalise = Normalisation((0.0, 0.0), (1.0, 1.0), "loudest")
    louder = frames + np.array([gain_db, 0.0], np.float32)
    np.testing.assert_allclose(normalise(louder), [[0.0, 3.0], [-20.0, 4.0]], atol=1e-4)


def test_normalised_coefficients_are_cut_to_the_limit() -> None:
    normalise = Normalisation((0.0, 0.0), (1.0, 1.0), limit=3.0)
    frames = np.array([[-5.0, 2.0], [4.0, 3.0]], np.float32)
    np.testing.assert_array_equal(normalise(frames), [[-3.0, 2.0], [3.0, 3.0]])


def test_normalisation_leaves_the_frames_that_it_was_given_alone() -> None:
    frames = np.array([[5.0, 2.0], [1.0, 1.0]], np.float32)
    before = frames.copy()
    Normalisation((1.0, 1.0), (2.0, 2.0), "loudest", 1.0)(frames)
    np.testing.assert_array_equal(frames, before)


def test_windows_are_normalised_alike_alone_and_in_a_batch() -> None:
    frames = np.random.default_rng(0).normal(-40.0, 10.0, (3, 20, 8)).astype(np.float32)
    normalise = Normalisation((1.0,) * 8, (2.0,) * 8, level="loudest")
    batch = normalise(frames)
    for number in range(3):
        np.testing.assert_array_equal(batch[number], normalise(frames[number]))
