"""Sound from pipes: WAV and raw PCM as they come, and what is refused."""

import os
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Timer

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.audio.files import read_sound
from emotiond.audio.pipes import is_pipe, named_pipe_blocks, pcm_blocks, pipe_blocks
from emotiond.audio.stream import Pipe
from emotiond.errors import SoundError
from tests.daemon.sound_files import ID3, LIST, ODD, TEXT, encoded, mp3, sized, wav
from tests.daemon.sounds import RATE, after_conditioning, cut, noise, tone


@contextmanager
def feeding(content: bytes) -> Iterator[int]:
    """Return the reading end of a pipe into which a thread writes."""
    reader, writer = os.pipe()

    def write() -> None:
        with suppress(BrokenPipeError), os.fdopen(writer, "wb") as file:
            file.write(content)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield reader
    finally:
        os.close(reader)
        thread.join()


def piped(content: bytes) -> tuple[np.ndarray, list[str]]:
    """Return the samples out of a pipe, and the warnings."""
    said: list[str] = []
    with feeding(content) as reader:
        blocks = list(pipe_blocks(reader, "the pipe", RATE, Event(), said.append))
    return np.concatenate([np.empty(0, np.float32), *blocks]), said


def refusal(content: bytes) -> str:
    """Return the sentence with which a pipe is refused."""
    with pytest.raises(SoundError) as caught:
        piped(content)
    return str(caught.value)


@pytest.mark.parametrize(
    ("container", "subtype", "options"),
    [
        ("WAV", "PCM_U8", {}),
        ("WAV", "PCM_16", {}),
        ("WAV", "PCM_16", {"endian": "BIG"}),
        ("WAV", "PCM_24", {}),
        ("WAV", "PCM_32", {}),
        ("WAV", "FLOAT", {}),
        ("WAV", "DOUBLE", {}),
        ("WAV", "ULAW", {}),
        ("WAV", "ALAW", {}),
        ("WAVEX", "PCM_16", {}),
        ("RF64", "PCM_24", {}),
    ],
)
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (16_000, 3), (44_100, 2)])
def test_a_wav_in_a_pipe_is_the_same_sound_as_in_a_file(
    tmp_path: Path, container: str, subtype: str, options: dict, rate: int, channels: int
) -> None:
    original = np.stack([tone(0.7, 200.0 + i, rate=rate) for i in range(channels)], axis=1)
    content = encoded(original, container, subtype, rate=rate, **options)
    (tmp_path / "sound").write_bytes(content)
    samples, said = piped(content)
    np.testing.assert_array_equal(samples, read_sound(tmp_path / "sound", RATE))
    assert said == []


WAVES = {
    name: odd for name, odd in ODD.items() if "WAV" in name or "RF64" in name or "BW64" in name
}
NOT_IN_PIPES = ("GSM", "ADPCM", "two WAV", "of another")


@pytest.mark.parametrize("name", [n for n in WAVES if not any(s in n for s in NOT_IN_PIPES)])
def test_all_sound_in_a_pipe_is_read_whatever_the_header_says(name: str) -> None:
    odd = ODD[name]
    original = tone(2.05, 200.0, level=0.1)
    samples, said = piped(odd.make(original))
    if odd.exact:
        np.testing.assert_allclose(samples, after_conditioning(original), atol=1e-3)
    assert len(samples) == pytest.approx(len(original), abs=1)
    assert [odd.warning in each for each in said] == [True] * bool(odd.warning)
    assert all(each.startswith("the pipe: ") for each in said)


@pytest.mark.parametrize("size", [0, -1, 0x7FFF_FFDB, 640])
def test_a_wav_is_read_while_it_comes(size: int) -> None:
    original = noise(1.0, level=0.1)
    content = sized(wav(original), size)
    reader, writer = os.pipe()
    try:
        blocks = pipe_blocks(reader, "the pipe", RATE, Event(), lambda _: None)
        os.write(writer, content[:20_000])
        begun = [next(blocks)]
        os.write(writer, content[20_000:30_000])
        begun.append(next(blocks))
        assert len(np.concatenate(begun)) == RATE // 2
        os.close(writer)
        blocks = [*begun, *blocks]
    finally:
        os.close(reader)
    expected = after_conditioning(original[: (30_000 - 44) // 2])
    np.testing.assert_allclose(np.concatenate(blocks), expected, atol=1e-3)


def test_the_header_may_come_byte_by_byte() -> None:
    original = noise(0.5, level=0.1)
    content = wav(original)
    content = content[:36] + LIST + content[36:]
    reader, writer = os.pipe()

    def write() -> None:
        for byte in content[:100]:
            os.write(writer, bytes([byte]))
        os.write(writer, content[100:])
        os.close(writer)

    thread = threading.Thread(target=write)
    thread.start()
    blocks = list(pipe_blocks(reader, "the pipe", RATE, Event(), pytest.fail))
    thread.join()
    os.close(reader)
    np.testing.assert_allclose(np.concatenate(blocks), after_conditioning(original), atol=1e-3)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (encoded(noise(0.5), "FLAC"), "FLAC"),
        (encoded(noise(0.5), "OGG", "VORBIS"), "Ogg"),
        (encoded(noise(0.5), "AIFF"), "AIFF"),
        (encoded(noise(0.5), "W64"), "W64"),
        (encoded(noise(0.5), "CAF"), "CAF"),
        (encoded(noise(0.5), "AU"), "AU"),
        (mp3(noise(0.5)), "MP3"),
        (ID3 + mp3(noise(0.5)), "MP3"),
        (mp3(noise(0.5), rate=44_100), "MP3"),
        (b"\0\0\0\x20ftypM4A " + bytes(99), "m4a"),
        (b"\x1a\x45\xdf\xa3" + bytes(99), "webm"),
        (encoded(noise(0.5), "WAV", "GSM610"), "a compressed WAV"),
    ],
)
def test_another_container_is_refused_with_its_name_and_the_remedy(
    content: bytes, kind: str
) -> None:
    assert refusal(content) == (
        f"the pipe: {kind} can't be read from a pipe; convert it first: "
        "ffmpeg -i - -f s16le -ac 1 -ar 16000 -"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html>" + bytes(99), "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a git-lfs pointer"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10", "the header of the WAV is damaged"),
        (wav(np.zeros(0)), "holds no sound"),
        (encoded(noise(0.1), "WAV", rate=500), "500 samples a second are no sound"),
        (encoded(np.array([0.0, np.nan]), "WAV", "FLOAT"), "not finite"),
    ],
)
def test_what_is_no_sound_in_a_pipe_is_one_sentence(content: bytes, words: str) -> None:
    assert words in refusal(content)
    assert "\n" not in refusal(content)


@pytest.mark.parametrize("first", [(-1, 0), (-1025, 77), (-1025, 240), (-1281, -1)])
def test_samples_that_look_like_the_beginning_of_an_mp3_are_samples(first: tuple[int]) -> None:
    data = np.array([*first, *range(3000)], "<i2").tobytes()
    samples, said = piped(data)
    raw = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768.0)
    np.testing.assert_array_equal(samples, after_conditioning(raw))
    assert said == []


@pytest.mark.parametrize("header", [b"", sized(wav(np.zeros(0)), -1)])
def test_a_pipe_that_runs_for_long_takes_no_more_memory(header: bytes) -> None:
    with feeding(header + bytes(4_000_000)) as reader:
        tracemalloc.start()
        try:
            for _ in pipe_blocks(reader, "the pipe", RATE, Event(), pytest.fail):
                pass
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 1_000_000


def test_a_little_text_behind_a_wav_is_not_read_and_said() -> None:
    samples, said = piped(wav(noise(0.5)) + TEXT[:1000])
    assert len(samples) == RATE // 2
    assert said == ["the pipe: the last 1000 bytes are no sound, and were not read"]


def test_a_wav_that_is_stopped_has_no_warning() -> None:
    stop = Event()
    reader, writer = os.pipe()
    try:
        os.write(writer, wav(noise(1.0))[:10_000])
        Timer(0.3, stop.set).start()
        blocks = list(pipe_blocks(reader, "the pipe", RATE, stop, pytest.fail))
    finally:
        os.close(reader)
        os.close(writer)
    assert sum(map(len, blocks)) == (10_000 - 44) // 2


@pytest.mark.parametrize("content", [b"", b"\1", wav(noise(0.1))[:30]])
def test_a_pipe_that_is_stopped_before_it_begins_is_no_error(content: bytes) -> None:
    stop = Event()
    reader, writer = os.pipe()
    try:
        os.write(writer, content)
        Timer(0.2, stop.set).start()
        assert sum(map(len, pipe_blocks(reader, "the pipe", RATE, stop, pytest.fail))) == 0
    finally:
        os.close(reader)
        os.close(writer)


def test_an_error_while_libsndfile_reads_is_raised() -> None:
    reader, writer = os.pipe()
    try:
        os.write(writer, wav(noise(1.0)))
        blocks = pipe_blocks(reader, "the pipe", RATE, Event(), pytest.fail)
        next(blocks)
        folder = os.open("/", os.O_RDONLY)
        os.dup2(folder, reader)
        os.close(folder)
        with pytest.raises(SoundError, match=r"the pipe can't be read .*directory"):
            list(blocks)
    finally:
        os.close(reader)
        os.close(writer)


def test_a_named_pipe_is_read_once_a_program_writes_to_it(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert is_pipe(path)
    original = noise(1.0, level=0.1)
    Timer(0.2, lambda: path.write_bytes(wav(original))).start()
    blocks = list(named_pipe_blocks(path, "pipe", RATE, Event(), pytest.fail))
    np.testing.assert_allclose(np.concatenate(blocks), after_conditioning(original), atol=1e-3)


def test_a_named_pipe_that_nobody_writes_to_can_be_stopped(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    stop = Event()
    Timer(0.2, stop.set).start()
    assert sum(map(len, named_pipe_blocks(path, "pipe", RATE, stop, pytest.fail))) == 0


def test_a_file_a_folder_and_nothing_are_no_pipes(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", ".", "missing", "x" * 300):
        assert not is_pipe(tmp_path / name)


def pcm(writes: list[bytes], stop: Event | None = None) -> list[np.ndarray]:
    """Return the blocks of a pipe to which there were these writes."""
    reader, writer = os.pipe()
    blocks: list[np.ndarray] = []
    try:
        source = pcm_blocks(Pipe(reader, "the pipe", stop or Event()), RATE)
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
    samples = np.concatenate([np.empty(0, np.float32), *blocks])
    assert samples.dtype == np.float32
    raw = np.array(values, np.float32) / np.float32(32768.0)
    np.testing.assert_array_equal(samples, after_conditioning(raw))


def test_pcm_is_heard_before_a_block_is_full_and_in_blocks_when_there_is_much() -> None:
    assert [len(block) for block in pcm([b"\0\0" * 5, b"\0\0" * 3])] == [5, 3]
    assert [len(block) for block in pcm([b"\0\0" * 4800])] == [4000, 800]


def test_pcm_ends_at_the_signal_to_stop_though_the_pipe_is_open() -> None:
    reader, writer = os.pipe()
    stop = Event()
    try:
        blocks = pcm_blocks(Pipe(reader, "the pipe", stop), RATE)
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
        with pytest.raises(SoundError, match=r"the pipe can't be read .*directory"):
            list(pcm_blocks(Pipe(folder, "the pipe", Event()), RATE))
    finally:
        os.close(folder)
    with pytest.raises(SoundError, match="the pipe can't be read"):
        list(pcm_blocks(Pipe(folder, "the pipe", Event()), RATE))
