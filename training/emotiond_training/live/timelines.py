"""Time lines of clips: with pauses in a noisy room, or one after another without a pause."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Signal
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.noises import Noise

PAUSE_SECONDS: Final = (1.5, 4.0)
"""Shortest and longest pause between two clips (s)."""
VOICE_DB: Final = -26.0
"""Level of each clip (dBFS), so that all clips have the same signal-to-noise ratio."""
CLIPS_A_LINE: Final = 20
"""Clips on one time line."""
LONG_SECONDS: Final = 20.0
"""Most seconds of continuous speech of one speaker and one label."""
TRIM_DB: Final = -35.0
"""Level below the loudest frame (dB) under which the ends of a clip are cut off."""
TRIM_FRAME_SECONDS: Final = 0.02
"""Length of a frame for that cut (s)."""


class Span(NamedTuple):
    """A clip's place on its time line.

    Parameters
    ----------
    start : float
        Start (s).
    end : float
        End (s).
    label : str
        Label of the clip.
    """

    start: float
    end: float
    label: str


class Line(NamedTuple):
    """A time line.

    Parameters
    ----------
    sound : np.ndarray [shape=(samples,), dtype=float32]
        Mono sound, full scale at +-1.
    spans : list of Span
        Place of each clip.
    """

    sound: Signal
    spans: list[Span]


def choose(clips: list[Clip], most: int, random: np.random.Generator) -> list[Clip]:
    """Return at most ``most`` clips in random order, as evenly over the labels as possible."""
    shuffled = [clips[index] for index in random.permutation(len(clips))]
    turns: dict[str, int] = {}
    keyed = []
    for clip in shuffled:
        turns[clip.label] = turns.get(clip.label, 0) + 1
        keyed.append((turns[clip.label], clip))
    chosen = [clip for _, clip in sorted(keyed, key=lambda item: item[0])[:most]]
    return [chosen[index] for index in random.permutation(len(chosen))]


def levelled(sound: Signal) -> Signal:
    """Return a sound [shape=(samples,)] with its mean power at :data:`VOICE_DB`."""
    power = max(float(np.mean(sound.astype(np.float64) ** 2)), 1e-12)
    return sound * np.float32(10 ** (VOICE_DB / 20) / np.sqrt(power))


def lay(
    sounds: Sequence[Signal],
    labels: Sequence[str],
    noises: Sequence[Noise],
    snr_db: float,
    rate: int,
    random: np.random.Generator,
) -> Line:
    """Lay clips on a time line with random pauses, in the noise of a room.

    Parameters
    ----------
    sounds : sequence of np.ndarray [shape=(samples,), dtype=float32]
        Clips at the level of :func:`levelled`.
    labels : sequence of str
        Label of each clip.
    noises : sequence of Noise
        Recordings of rooms, of which one is drawn; empty: pink noise.
    snr_db : float
        Ratio of voice to room noise (dB).
    rate : int
        Sample rate (Hz).
    random : np.random.Generator
        Source of pauses and room.

    Returns
    -------
    Line
        The time line, clipped to full scale.
    """
    pieces, spans, position = [], [], 0
    for sound, label in zip(sounds, labels, strict=True):
        pause = round(random.uniform(*PAUSE_SECONDS) * rate)
        position += pause
        spans.append(Span(position / rate, (position + len(sound)) / rate, label))
        pieces += [np.zeros(pause, np.float32), sound]
        position += len(sound)
    pieces.append(np.zeros(round(PAUSE_SECONDS[1] * rate), np.float32))
    line = np.concatenate(pieces)
    room = _room(noises, len(line), rate, random)
    line = line + room * np.float32(10 ** ((VOICE_DB - snr_db) / 20))
    return Line(np.clip(line, -1.0, 1.0), spans)


def _room(noises: Sequence[Noise], length: int, rate: int, random: np.random.Generator) -> Signal:
    """Return the noise of a room [shape=(length,)] with a mean power of 1."""
    if noises:
        noise = noises[int(random.integers(len(noises)))]
        sound = read_sound(noise.path, rate).astype(np.float64)
        sound = np.resize(np.roll(sound, -int(random.integers(len(sound)))), length)
    else:
        spectrum = np.fft.rfft(random.standard_normal(length))
        spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
        spectrum[0] = 0.0
        sound = np.fft.irfft(spectrum, length)
    return np.asarray(sound / max(float(np.sqrt(np.mean(sound**2))), 1e-9), np.float32)


def continuous(
    clips: Sequence[Clip], rate: int, most: int, random: np.random.Generator
) -> list[Line]:
    """Join clips of one speaker and one label to continuous speech in silence.

    Parameters
    ----------
    clips : sequence of Clip
        Clips; a clip without a speaker counts as of the one unknown speaker of its corpus.
    rate : int
        Sample rate (Hz).
    most : int
        Most time lines.
    random : np.random.Generator
        Source of the order.

    Returns
    -------
    list of Line
        One for each chosen pair of speaker and label with at least two clips.
    """
    groups: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        groups.setdefault((clip.speaker or clip.corpus, clip.label), []).append(clip)
    candidates = [takes for _, takes in sorted(groups.items()) if len(takes) > 1]
    lines = []
    for index in random.permutation(len(candidates))[:most]:
        takes = candidates[index]
        spoken = np.empty(0, np.float32)
        for take in random.permutation(len(takes)):
            sound = _trimmed(levelled(read_sound(takes[take].path, rate)), rate)
            spoken = np.concatenate((spoken, sound))[: round(LONG_SECONDS * rate)]
            if len(spoken) == round(LONG_SECONDS * rate):
                break
        silence = np.zeros(rate, np.float32)
        sound = np.concatenate((silence, spoken, silence, silence))
        lines.append(Line(sound, [Span(1.0, 1.0 + len(spoken) / rate, takes[0].label)]))
    return lines


def _trimmed(sound: Signal, rate: int) -> Signal:
    """Return a sound without the quiet frames before and after the speech."""
    frame = round(TRIM_FRAME_SECONDS * rate)
    frames = sound[: len(sound) // frame * frame].reshape(-1, frame).astype(np.float64)
    powers = np.mean(frames**2, axis=1)
    loud = np.flatnonzero(powers >= powers.max(initial=0.0) * 10 ** (TRIM_DB / 10))
    return sound[loud[0] * frame : (loud[-1] + 1) * frame] if len(loud) else sound
