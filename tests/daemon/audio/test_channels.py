"""Several channels become one: what carries sound is heard, on whichever channel it is."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.audio.channels import Mix
from emotiond.audio.files import BLOCK_SECONDS
from emotiond.audio.signal import Conditioner
from tests.daemon.sounds import RATE, after_conditioning, cut, noise, silence, sizes, speech, tone

TALK = np.concatenate((silence(0.4), speech(2.0), silence(1.0), speech(1.0)))


def beside(*channels: np.ndarray) -> np.ndarray:
    """Return channels [shape=(n,)] as one sound [shape=(n, channels)]."""
    return np.stack(channels, axis=1)


@pytest.mark.parametrize(("place", "count"), [(0, 2), (1, 2), (3, 6), (7, 8)])
def test_a_voice_is_the_same_on_any_channel(place: int, count: int) -> None:
    sound = np.zeros((len(TALK), count), np.float32)
    sound[:, place] = TALK
    np.testing.assert_array_equal(after_conditioning(sound), after_conditioning(TALK))


@pytest.mark.parametrize("count", [2, 4])
def test_channels_in_opposite_phase_do_not_cancel_each_other(count: int) -> None:
    sound = beside(*[TALK, -TALK] * (count // 2))
    np.testing.assert_array_equal(after_conditioning(sound), after_conditioning(TALK))


def test_channels_with_offsets_alone_are_silent() -> None:
    offsets = np.full_like(TALK, 0.2)
    sound = beside(offsets, TALK + np.float32(0.01), -offsets)
    np.testing.assert_allclose(after_conditioning(sound), after_conditioning(TALK), atol=1e-6)
    assert not after_conditioning(beside(offsets, -offsets)).any()


def test_channels_that_carry_sound_are_averaged() -> None:
    left, right = noise(1.0, level=0.1, seed=1), noise(1.0, level=0.1, seed=2)
    expected = after_conditioning((left + right) / 2.0)
    np.testing.assert_allclose(after_conditioning(beside(left, right)), expected, atol=1e-6)


def test_a_channel_with_the_noise_of_an_open_input_is_left_out() -> None:
    talk = speech(3.0)
    sound = beside(noise(3.0, level=1e-4, seed=1), talk)
    np.testing.assert_array_equal(after_conditioning(sound), after_conditioning(talk))


@pytest.mark.parametrize("loud", [0.001, 0.3])
def test_a_channel_that_is_set_is_taken_whatever_the_others_carry(loud: float) -> None:
    talk, music = speech(2.0, level=0.03), noise(2.0, level=loud)
    conditioner = Conditioner(RATE, RATE, channel=2)
    heard = conditioner.push(beside(music, talk), last=True)
    np.testing.assert_array_equal(heard, after_conditioning(talk))


def choices(sound: np.ndarray) -> list[list[float]]:
    """Return the weights of the channels that follow each other."""
    mix = Mix(sound.shape[1], RATE)
    weights = []
    for block in cut(sound, [round(BLOCK_SECONDS * RATE)]):
        mix.push(block)
        weights.append(mix._weights.tolist())
    return [each for each, _ in itertools.groupby(weights)]


def test_two_microphones_in_a_noisy_room_are_averaged_for_ever() -> None:
    sound = beside(noise(60.0, seed=1), noise(60.0, seed=2))
    assert choices(sound) == [[0.5, 0.5]]


@pytest.mark.parametrize("noises", [(1e-4, 1e-4), (3e-3, 3e-3), (1e-2, 1e-3)])
@pytest.mark.parametrize("right", [0.0, 0.1, -0.7, -1.0])
def test_the_choice_stays_through_the_pauses_between_words(
    noises: tuple[float, float], right: float
) -> None:
    talk = np.tile(np.concatenate((speech(1.5), silence(1.0))), 8)
    rooms = [noise(20.0, level=level, seed=seed) for seed, level in enumerate(noises)]
    assert len(choices(beside(talk + rooms[0], right * talk + rooms[1]))) <= 2


def test_a_voice_that_moves_to_another_channel_is_followed_without_a_click() -> None:
    left, right = tone(4.0, 100.0, level=0.3), tone(4.0, 100.0, level=0.3)
    left[2 * RATE :] *= 0.001
    right[: 2 * RATE] *= 0.001
    heard = after_conditioning(beside(left, right))
    expected = after_conditioning(tone(4.0, 100.0, level=0.3))
    assert np.abs(heard[RATE:] - expected[RATE:])[: int(0.99 * RATE)].max() < 0.02
    assert heard[3 * RATE :].std() > 0.49 * expected[3 * RATE :].std()
    assert np.abs(np.diff(heard)).max() < 1.2 * np.abs(np.diff(expected)).max()


@given(into=sizes, rate=st.sampled_from([RATE, 22_050, 48_000]))
def test_no_bit_depends_on_how_the_sound_is_cut(into: list[int], rate: int) -> None:
    talk = speech(0.8, rate=rate)
    first = beside(talk, -talk, noise(0.8, rate=rate, level=0.05))
    second = beside(0.1 * talk, talk, noise(0.8, rate=rate, level=1e-4))
    sound = np.concatenate((first, second, first))
    conditioner = Conditioner(rate, RATE)
    pieces = [conditioner.push(block) for block in cut(sound, into)]
    pieces.append(conditioner.push(np.empty(0, np.float32), last=True))
    assert np.concatenate(pieces).tobytes() == after_conditioning(sound, rate).tobytes()


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_a_block_of_a_microphone_is_not_held_back(rate: int) -> None:
    block = np.tile(noise(BLOCK_SECONDS, rate=rate)[:, None], 2)
    assert len(Mix(2, rate).push(block)) == len(block)


@pytest.mark.parametrize("count", [1, 3])
def test_sound_whose_channels_change_in_number_is_refused(count: int) -> None:
    conditioner = Conditioner(RATE, RATE)
    conditioner.push(np.zeros((10, 2), np.float32))
    with pytest.raises(ValueError, match=f"sound of 2 channels goes on with {count}"):
        conditioner.push(np.zeros((10, count), np.float32))


@pytest.mark.parametrize("shape", [(10,), (10, 1), (10, 2)])
def test_a_channel_that_is_not_there_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="there is no channel 3 among"):
        Conditioner(RATE, RATE, channel=3).push(np.zeros(shape, np.float32))
