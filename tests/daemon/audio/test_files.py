"""Sound files of every kind, raw PCM, and what is wrong with some of them."""

import os
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emotiond.audio.files import (
    BLOCK_SECONDS,
    FAST_BLOCK_SECONDS,
    file_blocks,
    pcm_blocks,
    read_sound,
)
from emotiond.errors import SoundError
from tests.daemon.sounds import RATE, after_conditioning, cut, noise, tone

RATES = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000]
FORMATS = [
    # container, subtype, the largest error of a sample
    ("WAV", "PCM_16", 1e-4),
    ("WAV", "PCM_24", 1e-6),
    ("WAV", "PCM_32", 1e-6),
    ("WAV", "PCM_U8", 1e-2),
    ("WAV", "FLOAT", 0.0),
    ("WAV", "DOUBLE", 1e-7),
    ("WAV", "ULAW", 5e-2),
    ("FLAC", "PCM_16", 1e-4),
    ("FLAC", "PCM_24", 1e-6),
    ("OGG", "VORBIS", 0.2),
    ("AIFF", "PCM_16", 1e-4),
]


def peak_hz(samples: np.ndarray, rate: int = RATE) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)


def refusal(path: Path) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(SoundError) as caught:
        read_sound(path, RATE)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("channels", [1, 2, 5, 8])
@pytest.mark.parametrize("rate", RATES)
def test_any_rate_and_channel_count_keeps_length_and_pitch(
    tmp_path: Path, rate: int, channels: int
) -> None:
    path = tmp_path / "tone.wav"
    original = tone(1.0, 1000.0, rate=rate)
    soundfile.write(path, np.tile(original[:, None], channels), rate)
    samples = read_sound(path, RATE)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert abs(len(samples) - RATE) <= 0.003 * RATE
    assert peak_hz(samples) == pytest.approx(1000.0, abs=2.0)
    middle = samples[2000:-2000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


@pytest.mark.parametrize(("container", "subtype", "error"), FORMATS)
def test_any_format_gives_the_samples_that_were_written(
    tmp_path: Path, container: str, subtype: str, error: float
) -> None:
    path = tmp_path / "sound"
    original = noise(1.05, level=0.1)
    soundfile.write(path, original, RATE, format=container, subtype=subtype)
    samples = read_sound(path, RATE)
    assert len(samples) == len(original)
    expected = after_conditioning(original)
    np.testing.assert_allclose(samples, expected, rtol=0, atol=1.5 * error)


@pytest.mark.parametrize("seconds", [1 / RATE, 0.0999, 0.1, 0.1001, 0.25])
def test_blocks_are_short_and_none_is_lost_at_the_end(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "sound.wav"
    original = noise(seconds)
    soundfile.write(path, original, RATE, subtype="FLOAT")
    blocks = list(file_blocks(path, RATE))
    assert all(len(block) <= BLOCK_SECONDS * RATE for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), after_conditioning(original))


@pytest.mark.parametrize(("container", "subtype"), [("WAV", "PCM_16"), ("OGG", "OPUS")])
def test_a_file_is_the_same_sound_in_blocks_of_any_size(
    tmp_path: Path, container: str, subtype: str
) -> None:
    path = tmp_path / "tone"
    # A length at which libsndfile's last samples of an Opus file depend on how they are read.
    samples = tone(2.0, 300.0, rate=24_000)[:41_733]
    soundfile.write(path, samples, 24_000, format=container, subtype=subtype)
    short, long = (
        list(file_blocks(path, RATE, seconds)) for seconds in (BLOCK_SECONDS, FAST_BLOCK_SECONDS)
    )
    assert len(long) < len(short)
    assert np.concatenate(long).tobytes() == np.concatenate(short).tobytes()


def test_channels_are_mixed_to_their_mean(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    left, right = noise(0.3, seed=1), noise(0.3, seed=2)
    soundfile.write(path, np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    mean = after_conditioning((left + right) / 2)
    np.testing.assert_allclose(read_sound(path, RATE), mean, atol=1e-7)


def test_a_channel_that_is_set_is_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    left, right = noise(0.3, seed=1), noise(0.3, seed=2)
    soundfile.write(path, np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    heard = np.concatenate(list(file_blocks(path, RATE, channel=2)))
    np.testing.assert_array_equal(heard, after_conditioning(right))
    with pytest.raises(SoundError, match=r"sound.wav: has no channel 3, only 2"):
        next(file_blocks(path, RATE, channel=3))


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.999])
@pytest.mark.parametrize(
    ("container", "subtype"),
    [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("RF64", "PCM_16"), ("AIFF", "PCM_16"), ("FLAC", None)],
)
def test_a_truncated_file_is_said_to_be_one(
    tmp_path: Path, container: str, subtype: str | None, keep: float
) -> None:
    path = tmp_path / "sound"
    soundfile.write(path, noise(5.0), RATE, format=container, subtype=subtype)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    blocks: list[np.ndarray] = []
    with pytest.raises(SoundError, match=rf"{path}: truncated .*after .* s$"):
        blocks.extend(file_blocks(path, RATE))
    heard = sum(map(len, blocks))
    assert heard <= 5.0 * RATE * keep + 100
    assert container == "FLAC" or heard >= 5.0 * RATE * keep - 4000


@pytest.mark.parametrize("size", [0x7FFFF000, 0x7FFFF024, 0xFFFFFFFF])
def test_a_wav_from_a_pipe_whose_size_is_not_known_is_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "sound.wav"
    original = noise(0.5)
    soundfile.write(path, original, RATE, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)
    np.testing.assert_allclose(read_sound(path, RATE), after_conditioning(original), atol=1e-4)


def test_what_follows_the_sound_in_a_wav_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    soundfile.write(path, noise(0.5), RATE, subtype="PCM_16")
    with path.open("ab") as file:
        file.write(b"LIST" + (4).to_bytes(4, "little") + b"INFO")
    assert len(read_sound(path, RATE)) == RATE // 2


def _wav(path: Path, samples: np.ndarray, subtype: str = "FLOAT", rate: int = RATE) -> None:
    soundfile.write(path, samples, rate, format="WAV", subtype=subtype)


BAD_FILES = {
    "missing": (lambda _: None, "no such file"),
    "a folder": (lambda path: path.mkdir(), "is not a file"),
    "a pipe": (os.mkfifo, "is not a file"),
    "empty": (lambda path: path.write_bytes(b""), "not a sound file"),
    "text": (lambda path: path.write_text("words, not sound\n" * 100), "not a sound file"),
    "noughts": (lambda path: path.write_bytes(bytes(10_000)), "not a sound file"),
    "header cut": (lambda path: path.write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt "), "not a sound"),
    "no samples": (lambda path: _wav(path, np.zeros(0)), "holds no sound"),
    "NaN": (lambda path: _wav(path, np.array([0.0, np.nan])), "not finite"),
    "NaN late": (
        lambda path: _wav(path, np.append(np.zeros((RATE, 2)), [[0.0, np.nan]], axis=0)),
        "not finite",
    ),
    "infinity": (lambda path: _wav(path, np.array([np.inf, 0.0])), "not finite"),
    "overflow in resampling": (
        lambda path: _wav(path, np.resize(np.repeat([3.4e38, -3.4e38], 20), 4000), rate=8_000),
        "not finite",
    ),
}


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("make", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_one_sentence(tmp_path: Path, make, words: str) -> None:
    path = tmp_path / "sound.wav"
    make(path)
    assert words in refusal(path)


def pcm(writes: list[bytes], stop: Event | None = None) -> list[np.ndarray]:
    """Return the blocks of a pipe to which there were these writes."""
    reader, writer = os.pipe()
    blocks: list[np.ndarray] = []
    try:
        source = pcm_blocks(reader, RATE, stop or Event())
        for data in writes:
            os.write(writer, data)
            if len(data) > 1:
                blocks.append(next(source))
        os.close(writer)
        blocks += source
    finally:
        os.close(reader)
    return blocks


@given(
    values=st.lists(st.integers(-32768, 32767), max_size=50),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=9),
    odd=st.binary(max_size=1),
)
def test_pcm_is_the_same_wherever_its_reads_are_cut(
    values: list[int], cuts: list[int], odd: bytes
) -> None:
    data = np.array(values, "<i2").tobytes() + odd
    writes = [bytes(block) for block in cut(np.frombuffer(data, np.uint8), cuts)]
    blocks = pcm(writes)
    heard = np.concatenate([np.empty(0, np.float32), *blocks])
    assert heard.dtype == np.float32
    expected = after_conditioning(np.array(values, np.int16))
    np.testing.assert_array_equal(heard, expected)


def test_pcm_is_heard_before_a_block_is_full_and_in_blocks_when_there_is_much() -> None:
    assert [len(block) for block in pcm([b"\0\0" * 5, b"\0\0" * 3])] == [5, 3]
    assert [len(block) for block in pcm([b"\0\0" * 4800])] == [4000, 800]


def test_pcm_ends_at_the_signal_to_stop_though_the_pipe_is_open() -> None:
    reader, writer = os.pipe()
    stop = Event()
    try:
        blocks = pcm_blocks(reader, RATE, stop)
        os.write(writer, b"\0\0" * 10)
        assert len(next(blocks)) == 10
        stop.set()
        assert list(blocks) == []
    finally:
        os.close(reader)
        os.close(writer)


def test_pcm_from_what_can_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(SoundError, match=r"standard input can't be read .*directory"):
            list(pcm_blocks(folder, RATE, Event()))
    finally:
        os.close(folder)
    with pytest.raises(SoundError, match="standard input can't be read"):
        list(pcm_blocks(folder, RATE, Event()))


def test_a_block_is_short_beside_a_hop_and_not_so_short_that_waking_costs_more_than_work() -> None:
    assert 0.1 <= BLOCK_SECONDS <= 0.25
