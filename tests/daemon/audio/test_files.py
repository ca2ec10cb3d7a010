"""Sound files of every kind, raw PCM, and what is wrong with some of them."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiond.audio.files import BLOCK_SECONDS, FAST_BLOCK_SECONDS, file_blocks, read_sound
from emotiond.errors import SoundError
from tests.daemon.sound_files import ODD, encoded, mp3, wav, written
from tests.daemon.sounds import RATE, after_conditioning, noise, speech, tone

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


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.96])
@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        *(("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "GSM610"), ("RF64", "PCM_16")),
        *(("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("W64", "PCM_16")),
        *(("NIST", "PCM_16"), ("FLAC", None), ("MP3", None), ("OGG", "OPUS")),
    ],
)
def test_a_truncated_file_is_read_to_its_end_with_a_warning(
    tmp_path: Path, container: str, subtype: str | None, keep: float
) -> None:
    path = tmp_path / "sound"
    content = encoded(noise(5.0), container, subtype)
    path.write_bytes(content[: int(len(content) * keep)])
    said: list[str] = []
    seconds = len(read_sound(path, RATE, said.append)) / RATE
    coarse = 1.2 if container == "OGG" else 0.3
    assert 5.0 * keep - coarse <= seconds <= 5.0 * keep + 0.1
    assert len(said) == 1
    found = re.fullmatch(
        rf"{path}: truncated [^0-9]*([0-9.]+) s(?: of 5.0\d s could be read)?", said[0]
    )
    assert found
    assert float(found[1]) == pytest.approx(seconds, abs=0.02)


@pytest.mark.parametrize("name", ODD)
def test_all_sound_is_read_whatever_the_header_says(tmp_path: Path, name: str) -> None:
    path = tmp_path / "sound"
    odd = ODD[name]
    original = tone(2.05, 200.0, level=0.1)
    path.write_bytes(odd.make(original))
    said: list[str] = []
    samples = read_sound(path, RATE, said.append)
    if odd.exact:
        expected = np.tile(after_conditioning(original), int(odd.times))
        np.testing.assert_allclose(samples, expected, atol=1e-3)
    else:
        assert len(samples) / RATE == pytest.approx(2.05 * odd.times, abs=0.15)
        assert peak_hz(samples) == pytest.approx(200.0, abs=2.0)
        assert np.abs(samples[-RATE // 2 : -RATE // 4]).max() > 0.05
    assert [odd.warning in each for each in said] == [True] * bool(odd.warning)
    assert all(each.startswith(f"{path}: ") for each in said)


def test_parts_of_other_rates_and_channel_counts_are_read_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "sound"
    stereo = np.tile(tone(1.0, 400.0, rate=44_100)[:, None], 2)
    path.write_bytes(
        encoded(tone(1.0, 200.0), "OGG", "VORBIS")
        + encoded(stereo, "OGG", "VORBIS", rate=44_100)
        + encoded(tone(1.0, 800.0, rate=8_000), "OGG", "VORBIS", rate=8_000)
    )
    samples = read_sound(path, RATE)
    pitches = [peak_hz(part) for part in np.split(samples, 3)]
    assert pitches == pytest.approx([200.0, 400.0, 800.0], abs=2.0)


@pytest.mark.parametrize("container", ["FLAC", "MP3", "OGG"])
def test_a_file_that_is_damaged_in_the_middle_is_read_with_a_warning(
    tmp_path: Path, container: str
) -> None:
    path = tmp_path / "sound"
    content = encoded(noise(5.0, level=0.1), container)
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(3000) + content[middle + 3000 :])
    said: list[str] = []
    seconds = len(read_sound(path, RATE, said.append)) / RATE
    assert 2.0 < seconds < 4.9
    assert f"{seconds:.2f} s of 5.00 s could be read" in said[0]


@pytest.mark.parametrize(("ending", "subtype"), [(".vox", "VOX_ADPCM"), (".GSM", "GSM610")])
def test_a_telephone_recording_without_a_header_is_known_by_its_ending(
    tmp_path: Path, ending: str, subtype: str
) -> None:
    path = tmp_path / f"call{ending}"
    original = tone(2.0, 300.0, rate=8_000)
    path.write_bytes(encoded(original, "RAW", subtype, rate=8_000))
    samples = read_sound(path, RATE)
    assert len(samples) == 2 * RATE
    assert peak_hz(samples) == pytest.approx(300.0, abs=2.0)


def test_without_a_place_for_warnings_they_are_those_of_python(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(wav(noise(1.0))[:20_000])
    with pytest.warns(UserWarning, match=r"truncated or damaged: 0\.62 s of 1\.00 s"):
        read_sound(path, RATE)


SOUNDS = {
    f"{container} {subtype}": encoded(speech(0.6), container, subtype)
    for container, subtype in (
        *(("WAV", "PCM_16"), ("WAV", "GSM610"), ("RF64", "PCM_16"), ("AIFF", "PCM_16")),
        *(("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)),
    )
}


@settings(max_examples=300)
@given(
    content=st.sampled_from(list(SOUNDS.values())),
    keep=st.floats(0.0, 1.0) | st.just(1.0),
    flips=st.lists(st.tuples(st.floats(0.0, 0.999), st.integers(0, 7)), max_size=4),
    header=st.booleans(),
)
def test_a_damaged_file_gives_sound_or_one_sentence(
    tmp_path: Path, content: bytes, keep: float, flips: list[tuple[float, int]], header: bool
) -> None:
    path = tmp_path / "sound"
    damaged = bytearray(content)
    for place, bit in flips:
        damaged[int(place * (60 if header else len(damaged)))] ^= 1 << bit
    path.write_bytes(damaged[: round(keep * len(damaged))])
    said: list[str] = []
    try:
        samples = read_sound(path, RATE, said.append)
    except SoundError as error:
        said.append(str(error))
    else:
        assert samples.dtype == np.float32
        assert np.isfinite(samples).all()
    assert all(each.startswith(f"{path}: ") and "\n" not in each for each in said)


def _wav(path: Path, samples: np.ndarray, subtype: str = "FLOAT", rate: int = RATE) -> None:
    soundfile.write(path, samples, rate, format="WAV", subtype=subtype)


BAD_FILES = {
    "missing": (lambda _: None, "no such file"),
    "a folder": (lambda path: path.mkdir(), "is not a file"),
    "a pipe": (os.mkfifo, "is not a file"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "text": (lambda path: path.write_text("words, not sound\n" * 100), "is text, not a sound"),
    "text of Windows": (lambda path: path.write_text("words" * 100, "utf-16"), "is text, not a"),
    "JSON": (lambda path: path.write_text('{"error": 404}'), "is JSON, not a sound file"),
    "a web page": (lambda path: path.write_text("<!DOCTYPE html>\n"), "is a web page"),
    "a git-lfs pointer": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
        "is a git-lfs pointer, not the recording; fetch it: git lfs pull",
    ),
    "a zip archive": (lambda path: path.write_bytes(b"PK\3\4" + bytes(99)), "a zip archive; unp"),
    "m4a": (lambda path: path.write_bytes(b"\0\0\0\x20ftypM4A " + bytes(99)), "m4a can't be read"),
    "webm": (lambda path: path.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(99)), "webm can't be read"),
    "wma": (
        lambda path: path.write_bytes(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(99)),
        "wma can't be read; convert it: ffmpeg -i ",
    ),
    "AAC": (
        lambda path: path.write_bytes((b"\xff\xf1\x50\x80\x0c\x9f\xfc" + bytes(93)) * 9),
        "AAC can't be read",
    ),
    "a WAV with a codec that is not known": (
        lambda path: path.write_bytes(written(wav(noise(0.1)), 20, b"\x61\1")),
        "; convert it: ffmpeg -i ",
    ),
    "700 Hz": (lambda path: _wav(path, noise(0.1), rate=700), "700 samples a second are no sound"),
    "a single byte": (lambda path: path.write_bytes(b"\xff"), "not a sound file"),
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


def test_samples_without_a_header_are_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "talk of mine.raw"
    path.write_bytes(noise(0.1).tobytes())
    assert refusal(path) == (
        "has no header that says what its samples are; convert it: "
        f"ffmpeg -f s16le -ar 16000 -ac 1 -i '{path}' '{path}.wav'"
    )


def test_a_name_that_is_not_utf_8_is_escaped_in_the_sentence(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    with pytest.raises(SoundError, match=r"caf\\xe9\.wav: no such file"):
        read_sound(path, RATE)


CTRL_C = """
import signal, sys
from pathlib import Path
from emotiond.audio.files import read_sound
signal.setitimer(signal.ITIMER_REAL, 0.05)
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
try:
    while True:
        read_sound(Path(sys.argv[1]), 16000, print)
except KeyboardInterrupt:
    print("stopped")
"""


def test_ctrl_c_is_not_lost_and_not_taken_for_damage(tmp_path: Path) -> None:
    path = tmp_path / "sound"
    path.write_bytes(mp3(noise(20.0, level=0.1)))
    code = textwrap.dedent(CTRL_C)
    for _ in range(5):
        command = [sys.executable, "-c", code, path]
        ended = subprocess.run(command, capture_output=True, check=True, timeout=60)
        assert (ended.stdout, ended.stderr) == (b"stopped\n", b"")


def test_a_block_is_short_beside_a_hop_and_not_so_short_that_waking_costs_more_than_work() -> None:
    assert 0.1 <= BLOCK_SECONDS <= 0.25
