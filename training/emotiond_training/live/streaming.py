"""The protocol ``streaming``: test clips on a time line in a noisy room, through the live engine.

A clip in a file is one thing; the same clip in a living room, with pauses and a kettle, is
another. This puts a number on the difference, on flicker, on delay, and on what is missed.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec
import numpy as np

from emotiond.audio.files import read_sound
from emotiond.audio.signal import Signal
from emotiond.errors import InputError
from emotiond.model.interface import Model
from emotiond.recognition.engine import Engine
from emotiond.recognition.recording import verdict_of
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Prediction, Utterance
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.noises import Noise
from emotiond_training.figures import metrics
from emotiond_training.live.timelines import (
    CLIPS_A_LINE,
    Line,
    Span,
    choose,
    continuous,
    lay,
    levelled,
)
from emotiond_training.progress import Reporter

SNRS: Final = (30.0, 20.0, 10.0, 5.0)
"""How far the voice is over the room (dB)."""
AFTER_SECONDS: Final = 0.6
"""How long after a clip a prediction still belongs to it: the engine's hop and its rest."""
STABLE_SECONDS: Final = 1.0
"""A label is stable that lasts so long, or to the end of the clip."""
LONG_LINES: Final = 40
"""Such stretches of speech at most."""


class Strangers(NamedTuple):
    """A model, and recordings of people that it has never heard."""

    model: Model
    clips: Sequence[Clip]


class Shown(NamedTuple):
    """What was on the screen until ``end`` while somebody spoke; None for uncertain."""

    end: float
    label: str | None


class Streamed(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the protocol.

    Parameters
    ----------
    snr_db : float or None
        How far the voice is over the room; None for continuous speech without one.
    clips : int
        On the time lines.
    clip_uar : float or None
        Of the same clips, each by itself in silence; None for continuous speech.
    uar : float
        Of the utterances that they became; a missed clip is wrong.
    missed : int
        Clips in which no utterance was heard.
    invented : int
        Utterances where there was no clip.
    changes_a_minute : float
        Of the label that is shown, within clips.
    seconds_to_right, seconds_to_stable : float or None
        Median from the start of a clip to the first right, and to the first, label that is stable.
    never_right : float
        Share of clips that never have a right stable label.
    wrong, uncertain : float or None
        Share of the predictions within clips that show a wrong label, and none. None in results
        that were measured before these figures were.
    agreement : float or None
        Share of the utterances whose last shown label is that of their record.
    """

    snr_db: float | None
    clips: int
    clip_uar: float | None
    uar: float
    missed: int
    invented: int
    changes_a_minute: float
    seconds_to_right: float | None
    seconds_to_stable: float | None
    never_right: float
    wrong: float | None = None
    uncertain: float | None = None
    agreement: float | None = None


class _Heard(NamedTuple):
    """A line's utterances with a label each, uncertain or not, and what was shown."""

    utterances: list[Span]
    shown: list[Shown]
    agreed: int
    """Utterances whose last shown label is that of their record."""


class _Part(NamedTuple):
    """What one of the listeners is to hear."""

    model: Model
    sounds: list[Signal]
    labels: list[str]
    long: list[Line]


def streaming(
    listeners: Sequence[Strangers],
    noises: Sequence[Noise],
    *,
    seed: int = 0,
    most: int = 1000,
    snrs: Sequence[float] = SNRS,
    gate: GateSettings | None = None,
    decision: DecisionSettings | None = None,
    reporter: Reporter | None = None,
) -> list[Streamed]:
    """Measure models of one recipe by the protocol, together.

    Parameters
    ----------
    listeners : sequence of Listener
        Each with its share of the clips; labels that they don't know are left out. The figures are
        too good if a model has heard the speakers.
    noises : sequence of Noise
        The room; pink noise where there are none.
    seed : int
        Of order, pauses and rooms.
    most : int
        Clips that are used at most, as many of each label.
    snrs : sequence of float
        How far the voice is over the room (dB).
    gate, decision : settings
        Of the engine.
    reporter : Reporter
        Told of the progress.

    Returns
    -------
    list of Streamed
        A row for each ratio, then one for continuous speech.

    Raises
    ------
    InputError
        If there are no clips, or one can't be read.
    """
    random = np.random.default_rng(seed)
    labels = tuple(sorted({label for each in listeners for label in each.model.contract.reported}))
    parts = [_part(each, len(listeners), most, random) for each in listeners]
    if not any(part.sounds for part in parts):
        raise InputError("no recordings with a label that the model knows")
    alone = [
        (label, _best(verdict_of(part.model, [sound]).probabilities))
        for part in parts
        for sound, label in zip(part.sounds, part.labels, strict=True)
    ]
    clip_uar = _uar([true for true, _ in alone], [said for _, said in alone], labels)
    rows = []
    for snr in (*snrs, None):
        room = "without a pause" if snr is None else f"{snr:g} dB over the room"
        if reporter is not None:
            reporter.say(f"streaming: {room}")
        lines, heard = [], []
        for part in parts:
            some = part.long if snr is None else _lines(part, noises, snr, random)
            lines += some
            heard += [_hear(part.model, line.sound, gate, decision) for line in some]
        if lines:
            rows.append(_row(snr, lines, heard, labels, None if snr is None else clip_uar))
    return rows


def _part(listener: Strangers, listeners: int, most: int, random: np.random.Generator) -> _Part:
    """Choose and read the clips that one of the listeners hears."""
    model, rate = listener.model, listener.model.contract.mfcc.sample_rate
    known = [clip for clip in listener.clips if clip.label in model.contract.reported]
    chosen = choose(known, math.ceil(most / listeners), random)
    sounds = [levelled(read_sound(clip.path, rate)) for clip in chosen]
    long = continuous(known, rate, math.ceil(LONG_LINES / listeners), random)
    return _Part(model, sounds, [clip.label for clip in chosen], long)


def _lines(
    part: _Part, noises: Sequence[Noise], snr_db: float, random: np.random.Generator
) -> list[Line]:
    """Lay a listener's clips on time lines."""
    rate = part.model.contract.mfcc.sample_rate
    cuts = [
        slice(first, first + CLIPS_A_LINE) for first in range(0, len(part.sounds), CLIPS_A_LINE)
    ]
    return [lay(part.sounds[cut], part.labels[cut], noises, snr_db, rate, random) for cut in cuts]


def _hear(
    model: Model, sound: Signal, gate: GateSettings | None, decision: DecisionSettings | None
) -> _Heard:
    engine = Engine(model, gate=gate, decision=decision)
    utterances: list[Span] = []
    shown: list[Shown] = []
    agreed = 0
    for record in engine.push(sound) + engine.finish():
        if isinstance(record, Utterance):
            best = _best(record.probabilities) or ""
            utterances.append(Span(record.start, record.end, best))
            agreed += bool(shown) and shown[-1].label == record.label
        elif isinstance(record, Prediction) and record.state != "no_speech":
            shown.append(Shown(record.end, record.label))
    return _Heard(utterances, shown, agreed)


def _row(
    snr_db: float | None,
    lines: Sequence[Line],
    heard: Sequence[_Heard],
    labels: tuple[str, ...],
    clip_uar: float | None,
) -> Streamed:
    """Compare what was heard with what was there."""
    true, said, right, stable = [], [], [], []
    invented = changes = predictions = wrong = uncertain = 0
    seconds = 0.0
    for line, each in zip(lines, heard, strict=True):
        invented += sum(
            not any(_overlap(utterance, span) > 0.0 for span in line.spans)
            for utterance in each.utterances
        )
        for span in line.spans:
            true.append(span.label)
            said.append(_said(span, each.utterances))
            inside = [one for one in each.shown if span.start < one.end <= span.end + AFTER_SECONDS]
            changes += changes_of(inside)
            predictions += len(inside)
            wrong += sum(one.label not in (None, span.label) for one in inside)
            uncertain += sum(one.label is None for one in inside)
            seconds += span.end - span.start
            right.append(first_stable(inside, span, span.label))
            stable.append(first_stable(inside, span, None))
    return Streamed(
        snr_db=snr_db,
        clips=len(true),
        clip_uar=clip_uar,
        uar=_uar(true, said, labels),
        missed=sum(label is None for label in said),
        invented=invented,
        changes_a_minute=changes / seconds * 60.0,
        seconds_to_right=_median(right),
        seconds_to_stable=_median(stable),
        never_right=float(np.mean([delay is None for delay in right])),
        wrong=wrong / max(1, predictions),
        uncertain=uncertain / max(1, predictions),
        agreement=sum(each.agreed for each in heard)
        / max(1, sum(len(each.utterances) for each in heard)),
    )


def changes_of(shown: Sequence[Shown]) -> int:
    """Count how often what is shown changes once there is a label; to uncertain counts too."""
    seen = [one.label for one in shown]
    while seen and seen[0] is None:
        seen.pop(0)
    while seen and seen[-1] is None:  # the end of speech is no flicker
        seen.pop()
    return sum(one != other for one, other in pairwise(seen))


def first_stable(shown: Sequence[Shown], span: Span, label: str | None) -> float | None:
    """Return the seconds from a clip's start to its first label that stays.

    Parameters
    ----------
    shown : sequence of Shown
        During the clip.
    span : Span
        The clip.
    label : str or None
        The label to wait for; None for any.
    """
    for number, one in enumerate(shown):
        if one.label is None or (label is not None and one.label != label):
            continue
        after = [other for other in shown[number:] if other.end <= one.end + STABLE_SECONDS]
        if all(other.label == one.label for other in after if other.end <= span.end):
            return one.end - span.start
    return None


def _said(span: Span, utterances: Sequence[Span]) -> str | None:
    """Return the label of the utterance that has most of a clip; None if none has any."""
    most = max(utterances, key=lambda each: _overlap(each, span), default=None)
    return None if most is None or _overlap(most, span) <= 0.0 else most.label


def _overlap(one: Span, other: Span) -> float:
    return min(one.end, other.end) - max(one.start, other.start)


def _best(probabilities: dict[str, float]) -> str | None:
    return max(probabilities, key=probabilities.__getitem__) if probabilities else None


def _uar(true: Sequence[str], said: Sequence[str | None], labels: tuple[str, ...]) -> float:
    expected = np.array([labels.index(label) for label in true])
    numbers = np.array([len(labels) if label is None else labels.index(label) for label in said])
    return metrics.uar(metrics.confusion_of(expected, numbers, len(labels)))


def _median(delays: Sequence[float | None]) -> float | None:
    known = [delay for delay in delays if delay is not None]
    return float(np.median(known)) if known else None
