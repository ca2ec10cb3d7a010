"""Sound out of any container that libsndfile reads, and what was wrong with it."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from emotiond.audio.kinds import complaint, name_of_any
from emotiond.audio.parts import SLACK_BYTES, Part
from emotiond.audio.signal import Conditioner, Signal
from emotiond.audio.stream import Stream
from emotiond.errors import SoundError

PIECE_SECONDS: Final = 0.25
"""Length of a piece (s)."""
RATES: Final = (1_000, 1_000_000)
"""Lowest and highest sample rate that is believed (Hz); even bats are recorded at less."""
SLACK_SECONDS: Final = 0.1
"""A header may be wrong by this much without a warning (s)."""
MOST_VALUES: Final = 1 << 24
"""Most values in a piece, however many channels a damaged header gives."""
TELEPHONE: Final = {".vox": "VOX_ADPCM", ".gsm": "GSM610"}
"""Endings of telephone recordings without a header -> their coding; mono at 8 kHz."""

Warn = Callable[[str], object]
"""Takes a sentence about sound that was not as its header says."""


def pieces_of(
    stream: Stream,
    part: Part,
    head: bytes,
    name: str,
    sample_rate: int,
    warn: Warn,
    *,
    channel: int | None = None,
) -> Generator[Signal, None, float]:
    """Decode a stream of any format, rate and channel count, piece by piece.

    Parameters
    ----------
    stream : Stream
        The bytes.
    part : Part
        What the header promised.
    head : bytes
        The first bytes.
    name : str
        Name in messages.
    sample_rate : int
        Wanted rate (Hz).
    warn : callable
        Called with a sentence at the end if the header promised something else, or something can't
        be decoded.
    channel : int or None
        Channel to take, from 1; None: what carries sound.

    Yields
    ------
    np.ndarray [shape=(n,), dtype=float32]
        Mono, full scale at +-1.

    Returns
    -------
    float
        Length of all that was decoded (s).

    Raises
    ------
    SoundError
        If it is no sound, holds no sample, or a sample that is no finite number, or lacks the
        channel.
    OSError
        If the stream can't be read.
    """
    frames = 0
    faults: list[int] = []
    with _opened(stream, head, name) as sound:
        rate: int = sound.samplerate
        if not RATES[0] <= rate <= RATES[1]:
            raise SoundError(f"{name}: {rate} samples a second are no sound")
        if channel is not None and channel > sound.channels:
            raise SoundError(f"{name}: has no channel {channel}, only {sound.channels}")
        conditioner = Conditioner(rate, sample_rate, channel)
        for piece in _decoded(sound, stream, faults):
            frames += len(piece)
            yield _finite(name, conditioner.push(_finite(name, piece)))
        if not frames:
            what = "is damaged, and none of it can be read" if faults else "holds no sound"
            raise SoundError(f"{name}: {what}")
        yield _finite(name, conditioner.push(np.empty(0, np.float32), last=True))
        promised = part.frames
        if promised is None and part.share is not None:
            promised = round(sound.frames * part.share)
        # Of other formats, all that is there has been read, or is known to be no sound.
        left = part.end - part.start - stream.tell() if sound.format == "MP3" else 0
    if odd := _oddity(frames, promised, rate, faults):
        warn(f"{name}: {odd}")
    elif part.cut:
        warn(f"{name}: truncated after {frames / rate:.2f} s")
    elif left > SLACK_BYTES:
        warn(f"{name}: its header promises {frames / rate:.2f} s; {left} bytes more were not read")
    return frames / rate


def _oddity(frames: int, promised: int | None, rate: int, faults: list[int]) -> str | None:
    """Return a warning if sound is damaged or not as long as its header promises, else None.

    Parameters
    ----------
    frames : int
        Decoded samples per channel.
    promised : int or None
        What the header promised; None if nothing.
    rate : int
        Sample rate (Hz).
    faults : list of int
        Where something could not be decoded (samples per channel before it).
    """
    read = f"{frames / rate:.2f} s"
    if promised is not None:
        missing = (promised - frames) / rate
        if missing > SLACK_SECONDS:
            return f"truncated or damaged: {read} of {promised / rate:.2f} s could be read"
        if faults:
            return f"bytes behind its {read} are no sound, and were not read"
        if missing < -SLACK_SECONDS:
            return f"its header promises {promised / rate:.2f} s; it has {read}, all read"
    if not faults:
        return None
    if faults[0] == frames:
        return f"truncated or damaged after {read}"
    return f"damaged after {faults[0] / rate:.2f} s; {read} could be read"


class _Sound(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A sound file in which soundfile never seeks.

    It would seek to where it is after each read, which some codecs can't, and others do roughly.
    """

    def seekable(self) -> bool:
        return False


def _opened(stream: Stream, head: bytes, name: str) -> _Sound:
    try:
        with stream.guard():
            return _Sound(stream)
    except soundfile.LibsndfileError as error:
        if stream.failure is not None:
            raise stream.failure from error
        coding = TELEPHONE.get(Path(name).suffix.lower())
        if coding and head and name_of_any(head) is None:
            return _Sound(stream, format="RAW", subtype=coding, samplerate=8000, channels=1)
        words = error.error_string.strip().rstrip(".") or f"libsndfile error {error.code}"
        raise SoundError(f"{name}: {complaint(head, name, words)}") from error


def _decoded(sound: _Sound, stream: Stream, faults: list[int]) -> Iterator[Signal]:
    """Yield pieces [shape=(n, channels)]; append to ``faults`` where something can't be decoded.

    Pieces always have the same length: the last samples of an Opus file depend on it.
    """
    size = max(1, min(round(PIECE_SECONDS * sound.samplerate), MOST_VALUES // sound.channels))
    frames = reached = 0
    while True:
        piece = np.empty((size, sound.channels), np.float32)
        try:
            with stream.guard():
                count: int = sound.buffer_read_into(piece, "float32")
        except soundfile.LibsndfileError:
            # The samples before the fault are there; libsndfile counts them.
            count = min(max(0, sound.tell() - frames), size)
            faults.append(frames + count)
        if stream.failure is not None:
            raise stream.failure
        if not count and stream.tell() <= reached:
            return
        reached = max(reached, stream.tell())
        frames += count
        yield piece[:count]


def _finite(name: str, block: Signal) -> Signal:
    if not np.isfinite(block).all():
        raise SoundError(f"{name}: has samples that are not finite numbers")
    return block
