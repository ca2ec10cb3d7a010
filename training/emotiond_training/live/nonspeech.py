"""The protocol ``non-speech``: what is said of an emotion where nobody speaks, or nobody acts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Signal
from emotiond.recognition.engine import Engine, Model
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Prediction, Utterance
from emotiond_training.corpora.noises import Noise, half_of
from emotiond_training.progress import Reporter

ORDINARY: Final = "neutral"
"""The label that ordinary speech may have."""
GENERATED_SECONDS: Final = 30.0
GAP_SECONDS: Final = 2.0
"""Of silence after each recording, so that what it said ends."""


class FalseEmotions(msgspec.Struct, frozen=True, kw_only=True):
    """False emotions in a category of sounds, over all models.

    Parameters
    ----------
    category : str
        As the manifest names it.
    hours : float
        Of sound, those of all models together.
    utterances, emotions : int
        Utterances, and those of them whose state is emotion.
    hops, hops_emotion : int
        Predictions but the last of each stretch, and those whose state is emotion.
    """

    category: str
    hours: float
    utterances: int = 0
    emotions: int = 0
    hops: int = 0
    hops_emotion: int = 0


class Ordinary(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of ordinary, unacted speech.

    Parameters
    ----------
    hours : float
        Of speech, heard by each model.
    utterances, hops : int
        That were heard, by all models together.
    utterances_marked, hops_marked : float
        Share of them whose label is neither neutral nor withheld.
    labels : dict of str to int
        Utterances by label; ``uncertain`` where it is withheld.
    """

    hours: float
    utterances: int
    hops: int
    utterances_marked: float
    hops_marked: float
    labels: dict[str, int]


class NonSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """The protocol's figures.

    Parameters
    ----------
    hours : float
        Of noise and music, heard by each model.
    emotions_an_hour : float
        Utterances with an emotion, an hour, in the mean of the models.
    emotions_an_hour_by_model : tuple of float
        The same for each of them.
    emotions_an_hour_by_half : tuple of float
        The same for either half of the recordings; a model that trained on noise trained on one.
    hops_an_hour : float
        Predictions with an emotion, an hour.
    categories : tuple of FalseEmotions
        Worst first.
    ordinary : Ordinary or None
        Where ordinary speech was given.
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
    """Measure models of one recipe by the protocol, together.

    Parameters
    ----------
    models : sequence of Model
        Each hears everything.
    noises : sequence of Noise
        Recordings without voices; generated sounds where there are none.
    speech : sequence of Noise
        Recordings of ordinary speech.
    gate, decision : settings
        Of the engine.
    reporter : Reporter
        Told of the progress.

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
            hops, utterances = _hear(model, sound, gate, decision)
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
    """Hear ordinary speech."""
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
            heard, utterances = _hear(model, sound, gate, decision)
            hops += len(heard)
            marked += sum(each.label not in (None, ORDINARY) for each in heard)
            for each in utterances:
                name = each.label or each.state
                labels[name] = labels.get(name, 0) + 1
    utterances_heard = sum(labels.values())
    others = utterances_heard - labels.get(ORDINARY, 0) - labels.get("uncertain", 0)
    return Ordinary(
        hours=hours,
        utterances=utterances_heard,
        hops=hops,
        utterances_marked=others / max(1, utterances_heard),
        hops_marked=marked / max(1, hops),
        labels=dict(sorted(labels.items())),
    )


def _hear(
    model: Model, sound: Signal, gate: GateSettings | None, decision: DecisionSettings | None
) -> tuple[list[Prediction], list[Utterance]]:
    """Hear one recording with a fresh engine, and silence after it."""
    engine = Engine(model, gate=gate, decision=decision)
    silence = np.zeros(round(GAP_SECONDS * engine.sample_rate), np.float32)
    records = engine.push(sound) + engine.push(silence) + engine.finish()
    hops = [each for each in records if isinstance(each, Prediction) and each.state != "no_speech"]
    return hops, [each for each in records if isinstance(each, Utterance)]


def generators(rate: int, seconds: float = GENERATED_SECONDS) -> Iterator[tuple[str, Signal]]:
    """Yield sounds that are no voices, for where there are no recordings of any."""
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
    """Return a sound at half of full scale."""
    signal = np.asarray(sound, np.float64)
    return np.asarray(0.5 * signal / np.abs(signal).max(), np.float32)
