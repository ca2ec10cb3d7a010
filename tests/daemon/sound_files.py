"""Sound files as they are found in the world: with headers that are wrong, and other things."""

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import soundfile

from tests.daemon.sounds import RATE

Bytes = Callable[[np.ndarray], bytes]
LIST = b"LIST\xd4\0\0\0INFOISFT\xc8\0\0\0" + b"a long name of a program " * 8
"""A chunk that ffmpeg puts behind or before the samples."""
ID3 = b"ID3\x03\0\0\0\0\x01\0" + bytes(128)
"""A tag before MP3 and FLAC."""
TEXT = b"this is no sound at all\n" * 2000


class Odd(NamedTuple):
    """A file that is not as it should be."""

    make: Bytes
    """Returns the content, from samples at RATE."""
    times: float = 1.0
    """How often the samples are in it."""
    warning: str = ""
    """Words of the warning; nothing if there is none."""
    exact: bool = True
    """Whether the samples are those that were written, but for 16 bits."""


def encoded(
    samples: np.ndarray, container: str, subtype: str | None = None, **options: Any
) -> bytes:
    """Return the content of a sound file."""
    file = io.BytesIO()
    rate = options.pop("rate", RATE)
    soundfile.write(file, samples, rate, format=container, subtype=subtype, **options)
    return file.getvalue()


def written(content: bytes, at: int, new: bytes) -> bytes:
    """Return content with other bytes at an offset."""
    return content[:at] + new + content[at + len(new) :]


def sized(content: bytes, size: int) -> bytes:
    """Return a WAV whose header promises so many bytes of samples."""
    order = "big" if content.startswith(b"RIFX") else "little"
    at = content.index(b"data")
    content = written(content, at + 4, (size & 0xFFFF_FFFF).to_bytes(4, order))
    return written(content, 4, ((size + at) & 0xFFFF_FFFF).to_bytes(4, order))


def wav(samples: np.ndarray) -> bytes:
    """Return a WAV of 16 bits."""
    return encoded(samples, "WAV", "PCM_16")


def without_xing(mp3: bytes) -> bytes:
    """Return an MP3 without its first frame, which gives its length."""
    return mp3[mp3.index(mp3[:2], 4) :]


def mp3(samples: np.ndarray, **options: Any) -> bytes:
    """Return an MP3."""
    return encoded(samples, "MP3", **options)


def large_mp3(samples: np.ndarray) -> bytes:
    """Return an MP3 of high bit rate."""
    return mp3(samples, bitrate_mode="CONSTANT", compression_level=0.0)


def variable_mp3(samples: np.ndarray) -> bytes:
    """Return an MP3 of variable bit rate that begins with silence."""
    quiet = np.concatenate([np.zeros(RATE), samples])
    return mp3(quiet, bitrate_mode="VARIABLE", compression_level=0.0)


def damaged_mp3(samples: np.ndarray) -> bytes:
    """Return an MP3 without a length, with text in the middle: libmpg123 prints much about it."""
    content = without_xing(mp3(samples))
    middle = len(content) // 2
    return content[:middle] + TEXT + content[middle:]


def flac_of_length(samples: np.ndarray, frames: int) -> bytes:
    """Return a FLAC whose header promises so many samples; 0 is an unknown number."""
    return written(encoded(samples, "FLAC"), 22, frames.to_bytes(4, "big"))


def aiff_from_pipe(samples: np.ndarray) -> bytes:
    """Return an AIFF of which all lengths are 0."""
    content = encoded(samples, "AIFF", "PCM_16")
    content = written(content, content.index(b"SSND") + 4, bytes(4))
    return written(written(content, content.index(b"COMM") + 10, bytes(4)), 4, bytes(4))


def rf64_from_pipe(samples: np.ndarray) -> bytes:
    """Return an RF64 of which all lengths are unknown."""
    return written(encoded(samples, "RF64", "PCM_16"), 20, b"\xff" * 24)


def caf_from_pipe(samples: np.ndarray) -> bytes:
    """Return a CAF of which the length is unknown."""
    content = encoded(samples, "CAF", "PCM_16")
    return written(content, content.index(b"data") + 4, b"\xff" * 8)


def w64_of_double_length(samples: np.ndarray) -> bytes:
    """Return a W64 whose header promises the double."""
    content = encoded(samples, "W64", "PCM_16")
    return written(
        content, content.index(b"data\xf3") + 16, (4 * len(samples)).to_bytes(8, "little")
    )


def au_from_pipe(samples: np.ndarray) -> bytes:
    """Return an AU of which the length is unknown."""
    return written(encoded(samples, "AU", "PCM_16"), 8, b"\xff" * 4)


ODD: dict[str, Odd] = {
    "a WAV that promises 16 bytes too many": Odd(lambda x: sized(wav(x), 2 * len(x) + 16)),
    "a WAV that promises the double": Odd(
        lambda x: sized(wav(x), 4 * len(x)), warning="2.05 s of 4.10 s could be read"
    ),
    "a WAV that was never completed": Odd(lambda x: sized(wav(x), 0)),
    "a WAV of unknown length": Odd(lambda x: sized(wav(x), -1)),
    "a WAV of unknown length, as of sox": Odd(lambda x: sized(wav(x), 0x7FFF_FFDB)),
    "a big-endian WAV that was never completed": Odd(
        lambda x: sized(encoded(x, "WAV", "PCM_16", endian="BIG"), 0)
    ),
    "a WAV that promises its first piece": Odd(
        lambda x: sized(wav(x), 3200), warning="its header promises 0.10 s; it has 2.05 s, all read"
    ),
    "a WAV with a chunk behind the samples": Odd(lambda x: wav(x) + LIST),
    "a WAV with a chunk behind an odd number of bytes": Odd(
        lambda x: encoded(x[:-1], "WAV", "PCM_U8") + LIST, exact=False
    ),
    "a WAV with a chunk that is cut off": Odd(lambda x: wav(x) + LIST[:-50]),
    "a WAV with a tag behind the samples": Odd(lambda x: wav(x) + b"TAG" + bytes(125)),
    "a WAV with a line break behind the samples": Odd(lambda x: wav(x) + b"\n"),
    "a WAV with a little text behind the samples": Odd(
        lambda x: wav(x) + TEXT[:1000], warning="the last 1000 bytes are no sound"
    ),
    "two WAV": Odd(lambda x: 2 * wav(x), times=2),
    "a WAV and the beginning of another": Odd(
        lambda x: wav(x) + b"RIFF\x10\0\0\0WAVEfmt ",
        warning="only the 2.05 s before that were read",
    ),
    "a WAV of 24 bits that promises its first piece": Odd(
        lambda x: sized(encoded(x, "WAVEX", "PCM_24"), 3000), warning="promises 0.06 s"
    ),
    "a WAV of GSM 6.10": Odd(lambda x: encoded(x, "WAV", "GSM610"), exact=False),
    "a WAV of GSM 6.10 that was never completed": Odd(
        lambda x: sized(encoded(x, "WAV", "GSM610"), 0), exact=False
    ),
    "a WAV of ADPCM that was never completed": Odd(
        lambda x: sized(encoded(x, "WAV", "IMA_ADPCM"), 0), exact=False
    ),
    "an RF64 from a pipe": Odd(rf64_from_pipe),
    "a BW64": Odd(lambda x: b"BW64" + encoded(x, "RF64", "PCM_16")[4:]),
    "an AIFF from a pipe": Odd(aiff_from_pipe),
    "a CAF from a pipe": Odd(caf_from_pipe),
    "a W64 that promises the double": Odd(
        w64_of_double_length, warning="2.05 s of 4.10 s could be read"
    ),
    "an AU from a pipe": Odd(au_from_pipe),
    "an MP3 without Xing": Odd(lambda x: without_xing(mp3(x)), exact=False),
    "an MP3 of constant bit rate without Xing": Odd(
        lambda x: without_xing(mp3(x, bitrate_mode="CONSTANT")), exact=False
    ),
    "an MP3 of variable bit rate without Xing": Odd(
        lambda x: without_xing(variable_mp3(x)), times=1.49, exact=False
    ),
    "two MP3": Odd(lambda x: 2 * mp3(x), times=2, exact=False),
    "two MP3 with tags": Odd(
        lambda x: 2 * (ID3 + mp3(x) + b"TAG" + bytes(125)), times=2, exact=False
    ),
    "an MP3 behind a tag and filling": Odd(lambda x: ID3 + bytes(700) + mp3(x), exact=False),
    "an MP3 with text behind it": Odd(
        lambda x: mp3(x) + TEXT, exact=False, warning="the last 48000 bytes are no sound"
    ),
    "an MP3 that promises fewer frames than it has": Odd(
        lambda x: written(large_mp3(x), large_mp3(x).index(b"Info") + 8, (20).to_bytes(4, "big")),
        times=0.32,
        exact=False,
        warning="bytes more were not read",
    ),
    "a FLAC of unknown length": Odd(lambda x: flac_of_length(x, 0)),
    "a FLAC that promises its first piece": Odd(
        lambda x: flac_of_length(x, 1600), warning="its header promises 0.10 s"
    ),
    "a FLAC behind a tag": Odd(lambda x: ID3 + encoded(x, "FLAC")),
    "a FLAC with text behind it": Odd(
        lambda x: encoded(x, "FLAC") + TEXT, warning="bytes behind its 2.05 s are no sound"
    ),
    "two FLAC": Odd(lambda x: 2 * encoded(x, "FLAC"), times=2),
    "two Ogg Vorbis": Odd(lambda x: 2 * encoded(x, "OGG", "VORBIS"), times=2, exact=False),
    "two Ogg Opus": Odd(lambda x: 2 * encoded(x, "OGG", "OPUS"), times=2, exact=False),
    "an Ogg with text behind it": Odd(
        lambda x: encoded(x, "OGG", "VORBIS") + TEXT,
        exact=False,
        warning="the last 48000 bytes are no sound",
    ),
    "an Ogg that lacks its end": Odd(
        lambda x: encoded(x, "OGG", "OPUS")[:-300],
        times=0.97,
        exact=False,
        warning="truncated after",
    ),
}
"""What it is -> how it is made, and what it gives."""


def as_text() -> list[str]:
    """Return the table of odd files as lines of the documentation."""
    lines = [
        "## Sound files",
        "",
        "Each row is a test: all sound in the file is read, or what is said names the rest. It is",
        "said on stderr and, by `emotiond classify --json`, as `warning`.",
        "",
        "| file | what is said |",
        "|---|---|",
    ]
    return [
        *lines,
        *(f"| {name} | {odd.warning and f'`... {odd.warning}`'} |" for name, odd in ODD.items()),
    ]
