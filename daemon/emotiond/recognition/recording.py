"""The emotion of one whole recording, through the same engine that listens live."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np

from emotiond.audio.signal import Signal
from emotiond.model.contract import NO_SPEECH
from emotiond.recognition.decision import Pooled, decide
from emotiond.recognition.engine import Engine, Model
from emotiond.recognition.settings import GateSettings
from emotiond.record import Record, State, Utterance
from emotiond.values import LEAST_DB

VOICE_ABOVE: Final = 0.5
"""Probability of speech above which a voice is heard in a file; live the gate is stricter."""


class Verdict(msgspec.Struct, frozen=True):
    """What a recording sounds like."""

    seconds: float
    label: str | None
    state: State
    confidence: float
    probabilities: dict[str, float]
    """Mean over all speech, weighted by the length of each utterance; empty without speech."""


def classify(model: Model, blocks: Iterable[Signal]) -> Verdict:
    """Hear a recording to its end and pool what its utterances were.

    Parameters
    ----------
    model : Model
        The classifier.
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        Mono sound at the model's sample rate.

    Returns
    -------
    Verdict
        With state ``no_speech`` where nobody speaks.
    """
    engine = file_engine(model)
    contract = model.contract
    pooled = Pooled()
    for record in _records(engine, blocks):
        if isinstance(record, Utterance):
            row = np.array([record.probabilities[label] for label in contract.reported], np.float32)
            pooled.push(row, record.end - record.start)
    if not pooled.windows:
        return Verdict(engine.seconds, None, "no_speech", 0.0, {})
    decided = decide(contract.reported, pooled.mean(), contract.abstain_below)
    return Verdict(seconds=engine.seconds, **decided._asdict())


def file_engine(model: Model) -> Engine:
    """Return an engine for one whole recording.

    Whoever asks about a file most likely knows that there is a voice in it. So where the model
    itself tells voices from other sounds it hears all that stands out, however quiet it is, and
    mumbled speech, which the detector of voices misses, is heard too. For other models the
    detector is to be half sure: of 560 words of TESS it misses none then, and 13 as it is live.
    """
    if NO_SPEECH in model.contract.labels:
        return Engine(model, gate=GateSettings(opens_for="sound", floor_db=LEAST_DB))
    return Engine(model, gate=GateSettings(open_above=VOICE_ABOVE, stay_above=VOICE_ABOVE))


def _records(engine: Engine, blocks: Iterable[Signal]) -> Iterator[Record]:
    for block in blocks:
        yield from engine.push(block)
    yield from engine.finish()
