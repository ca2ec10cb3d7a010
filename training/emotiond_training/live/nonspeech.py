"""The protocol ``non-speech``: false emotions an hour in noise and music.

Also, the labels that ordinary, unacted speech gets.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Signal
from emotiond.model.interface import Model
from emotiond.recognition.engine import Engine
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Prediction, Utterance
from emotiond_training.corpora.noises import Noise, half_of
from emotiond_training.progress import Reporter

ORDINARY: Final = "neutral"
"""The right label of ordinary speech."""
GENERATED_SECONDS: Final = 30.0
"""Length of each generated sound (s)."""
GAP_SECONDS: Final = 2.0
"""Silence after each recording (s), so that its last utterance ends."""


class FalseEmotions(msgspec.Struct, frozen=True, kw_only=True):
    """False emotions in one category of sounds, summed over all models.

    Parameters
    ----------
    category : str
        Name of the category in the manifest.
    hours : float
        Length of the sounds, times the number of models (h).
    utterances : int
        Number of utterances.
    emotions : int
        Number of utterances whose state is ``emotion``.
    hops : int
        Number of predictions whose state is not ``no_speech``.
    hops_emotion : int
        Number of predictions whose state is ``emotion``.
    """

    category: str
    hours: float
    utterances: int = 0
    emotions: int = 0
    hops: int = 0
    hops_emotion: int = 0


class Ordinary(msgspec.Struct, frozen=True, kw_only=True):
    """Results for ordinary, unacted speech, over all models.

    Parameters
    ----------
    hours : float
        Length of the recordings (h).
    utterances : int
        Number of utterances, summed over the models.
    hops : int
        Number of predictions whose state is not ``no_speech``, summed over the models.
    utterances_marked : float
        Share of the utterances whose label is neither neutral nor withheld, 0 to 1.
    hops_marked : float
        Share of the predictions whose label is neither neutral nor withheld, 0 to 1.
    labels : dict of str to int
        Number of utterances by label; those with a withheld label count as ``uncertain``.
    """

    hours: float
    utterances: int
    hops: int
    utterances_marked: float
    hops_marked: float
    labels: dict[str, int]


class NonSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the protocol.

    Parameters
    ----------
    hours : float
        Length of the noise and music (h).
    emotions_an_hour : float
        Utterances whose state is ``emotion``, an hour; mean of the models.
    emotions_an_hour_by_model : tuple of float
        The same for each model.
    emotions_an_hour_by_half : tuple of float
        The same for each half of the recordings, of which training with noise uses the first.
    hops_an_hour : float
        Predictions whose state is ``emotion``, an hour; mean of the models.
    categories : tuple of FalseEmotions
        Results by category, most false emotions first.
    ordinary : Ordinary or None
        Results for ordinary speech; None if none was given.
    """

    hours: float
    emotions_an_hour: float
    emotions_an_hour_by_model: tuple[float, ...]
    emotions_an_hour_by_half: tuple[float, ...]
    hops_an_hour: float
    categories: tuple[FalseEmotions, ...]
    ordinary: Ordinary | None


def non_speech(
    models: Sequence[Model],
    noises: Sequence[Noise],
    speech: Sequence[Noise] = (),
    *,
    gate: GateSettings | None = None,
    decision: DecisionSettings | None = None,
    reporter: Reporter | None = None,
) -> NonSpeech:
    """Measure the protocol for several models of one recipe.

    Parameters
    ----------
    models : sequence of Model
        The models; all recordings go through each.
    noises : sequence of Noise
        Recordings without voices; empty: generated sounds.
    speech : sequence of Noise
        Recordings of ordinary speech; may be empty.
    gate : GateSettings, optional
        Settings of the gate; default: those of the daemon.
    decision : DecisionSettings, optional
        Settings of the decision; default: those of the daemon.
    reporter : Reporter, optional
        Shows the progress.

    Raises
    ------
    InputError
        If a recording can't be read.
    """
    rate = models[0].contract.mfcc.sample_rate
    sounds: Iterable[tuple[str, Signal]]
    if noises:
        halves = [half_of(noise) for noise in noises]
        sounds = ((noise.category, read_sound(noise.path, rate)) for noise in noises)
        total = len(noises)
    else:
        generated = list(generators(rate))
        halves, sounds, total = [0] * len(generated), generated, len(generated)
    if reporter is not None:
        sounds = reporter.track(sounds, total, "non-speech")
    counts: dict[str, list[float]] = defaultdict(lambda: [0.0] * 5)
    by_half = np.zeros((2, 2))
    by_model = np.zeros((len(models), 2))
    for half, (category, sound) in zip(halves, sounds, strict=True):
        for number, model in enumerate(models):
            hops, utterances = _records(model, sound, gate, decision)
            row = (
                len(sound) / rate / 3600,
                len(utterances),
                sum(each.state == "emotion" for each in utterances),
                len(hops),
                sum(each.state == "emotion" for each in hops),
            )
            counts[category] = [one + more for one, more in zip(counts[category], row, strict=True)]
            by_half[half] += row[2], row[0]
            by_model[number] += row[2], row[0]
    categories = [
        FalseEmotions(
            category=category,
            hours=round(row[0], 4),
            utterances=int(row[1]),
            emotions=int(row[2]),
            hops=int(row[3]),
            hops_emotion=int(row[4]),
        )
        for category, row in counts.items()
    ]
    totals = np.sum(list(counts.values()), axis=0)
    return NonSpeech(
        hours=float(totals[0]) / len(models),
        emotions_an_hour=float(totals[2] / totals[0]),
        emotions_an_hour_by_model=tuple(float(found / hours) for found, hours in by_model),
        emotions_an_hour_by_half=tuple(
            float(found / hours) if hours else 0.0 for found, hours in by_half
        ),
        hops_an_hour=float(totals[4] / totals[0]),
        categories=tuple(sorted(categories, key=lambda each: (-each.emotions, each.category))),
        ordinary=_ordinary(models, speech, gate, decision, reporter) if speech else None,
    )


def _ordinary(
    models: Sequence[Model],
    speech: Sequence[Noise],
    gate: GateSettings | None,
    decision: DecisionSettings | None,
    reporter: Reporter | None,
) -> Ordinary:
    """Run ordinary speech through the models."""
    rate = models[0].contract.mfcc.sample_rate
    labels: dict[str, int] = {}
    hours, hops, marked = 0.0, 0, 0
    recordings: Iterable[Noise] = speech
    if reporter is not None:
        recordings = reporter.track(speech, len(speech), "ordinary speech")
    for recording in recordings:
        sound = read_sound(recording.path, rate)
        hours += len(sound) / rate / 3600
        for model in models:
            predictions, utterances = _records(model, sound, gate, decision)
            hops += len(predictions)
            marked += sum(each.label not in (None, ORDINARY) for each in predictions)
            for each in utterances:
                name = each.label or each.state
                labels[name] = labels.get(name, 0) + 1
    total = sum(labels.values())
    others = total - labels.get(ORDINARY, 0) - labels.get("uncertain", 0)
    return Ordinary(
        hours=hours,
        utterances=total,
        hops=hops,
        utterances_marked=others / max(1, total),
        hops_marked=marked / max(1, hops),
        labels=dict(sorted(labels.items())),
    )


def _records(
    model: Model, sound: Signal, gate: GateSettings | None, decision: DecisionSettings | None
) -> tuple[list[Prediction], list[Utterance]]:
    """Return predictions (without ``no_speech``) and utterances of a recording in a new engine."""
    engine = Engine(model, gate=gate, decision=decision)
    silence = np.zeros(round(GAP_SECONDS * engine.sample_rate), np.float32)
    records = engine.push(sound) + engine.push(silence) + engine.finish()
    hops = [each for each in records if isinstance(each, Prediction) and each.state != "no_speech"]
    return hops, [each for each in records if isinstance(each, Utterance)]


def generators(rate: int, seconds: float = GENERATED_SECONDS) -> Iterator[tuple[str, Signal]]:
    """Yield generated sounds without voices, each with its name; always the same.

    Parameters
    ----------
    rate : int
        Sample rate (Hz).
    seconds : float
        Length of each sound (s).

    Yields
    ------
    str
        Name of the sound.
    np.ndarray [shape=(samples,), dtype=float32]
        The sound, with its peak at 0.5.
    """
    random = np.random.default_rng(0)
    count = round(seconds * rate)
    time = np.arange(count) / rate
    for name, slope in (("white", 0.0), ("pink", 1.0), ("brown", 2.0)):
        spectrum = np.fft.rfft(random.standard_normal(count))
        spectrum[1:] *= np.arange(1, len(spectrum)) ** (-slope / 2)
        spectrum[0] = 0.0
        yield name, _scaled(np.fft.irfft(spectrum, count))
    yield "hum", _scaled(sum(np.sin(2 * np.pi * 50 * k * time) / k for k in (1, 2, 3, 5)))
    clicks = np.zeros(count)
    clicks[random.integers(count, size=round(4 * seconds))] = 1.0
    ring = np.exp(-np.arange(rate // 50) / (rate / 400)) * random.standard_normal(rate // 50)
    yield "clicks", _scaled(np.convolve(clicks, ring)[:count])
    roots = 110.0 * 2 ** (random.integers(24, size=count // rate + 1) / 12)
    root = np.repeat(roots, rate)[:count]
    chord = sum(np.sin(2 * np.pi * np.cumsum(root * k) / rate) for k in (1, 1.25, 1.5, 2))
    yield "chords", _scaled(chord * np.exp(-2.0 * (time % 1.0)))
    sweep = 200.0 * 10 ** (np.abs((time / 5.0) % 2.0 - 1.0) * 1.3)
    yield "sweeps", _scaled(np.sin(2 * np.pi * np.cumsum(sweep) / rate))


def _scaled(sound: object) -> Signal:
    """Return a sound with its peak at 0.5."""
    signal = np.asarray(sound, np.float64)
    return np.asarray(0.5 * signal / np.abs(signal).max(), np.float32)
