"""The verdict on one whole recording, by the same engine that listens live."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np

from emotiond.audio.signal import Signal
from emotiond.features.mfcc import Frames
from emotiond.model.contract import NO_SPEECH
from emotiond.model.interface import Model
from emotiond.model.output import Output
from emotiond.recognition.decision import decide
from emotiond.recognition.engine import Engine
from emotiond.recognition.settings import GateSettings
from emotiond.record import Record, State, Utterance
from emotiond.values import LEAST_DB

SPEECH_ABOVE: Final = 0.5
"""Probability of speech that opens the gate and keeps it open; live the gate is stricter."""
STRIDE: Final = 2
"""Hops between two windows of a recording.

One window a second is nearly as right as two, at half the work (docs/TRIED.md).
"""


UNSAID: Final = -1e4
"""Logit of a label that has no probability."""


class Verdict(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """The verdict on a recording."""

    seconds: float
    """Length of the recording (s)."""
    label: str | None
    """The label if the state is ``emotion``, else None."""
    state: State
    """``emotion``, ``uncertain`` or ``no_speech``."""
    confidence: float
    """Probability of the label, or of the most probable one if there is none; 0 to 1."""
    probabilities: dict[str, float]
    """Mean of its utterances, weighted by their lengths; empty without speech."""
    warning: str | None = None
    """What of a file could not be read, or not as its header says; None if all was well."""
    embedding: tuple[float, ...] | None = None
    """Mean embedding of its utterances, weighted by their lengths; None without speech, or if the
    model has none."""

    def __repr__(self) -> str:
        """Return all fields but the embedding, which is hundreds of numbers."""
        return msgspec.Struct.__repr__(msgspec.structs.replace(self, embedding=None))


def verdict_of(model: Model, blocks: Iterable[Signal]) -> Verdict:
    """Return the verdict on a recording: the mean of its utterances.

    Parameters
    ----------
    model : Model
        The classifier.
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        The recording: mono sound at the model's sample rate, full scale at +-1.

    Returns
    -------
    Verdict
        The state is ``no_speech`` if nobody speaks.

    Raises
    ------
    ValueError
        If a block is not one-dimensional or not finite.
    SoundError
        If the blocks come from a file that can't be read.
    """
    engine = file_engine(model)
    contract = model.contract
    heard = list(_utterances(engine, blocks))
    if not heard:
        return Verdict(engine.seconds, None, "no_speech", 0.0, {})
    lengths = [each.end - each.start for each, _ in heard]
    rows = [list(each.probabilities.values()) for each, _ in heard]
    mean = np.average(rows, axis=0, weights=lengths)
    decided = decide(contract.reported, mean.astype(np.float32), contract.abstain_below)
    embeddings = [output.embedding for _, output in heard if output.embedding is not None]
    embedding = None
    if embeddings:
        embedding = tuple(np.average(embeddings, axis=0, weights=lengths).tolist())
    return Verdict(seconds=engine.seconds, embedding=embedding, **decided._asdict())


def outputs_of(model: Model, blocks: Iterable[Signal], *, any_sound: bool = False) -> list[Output]:
    """Return the output of the network for each utterance of a recording, for teaching.

    Parameters
    ----------
    model, blocks
        As for :func:`verdict_of`.
    any_sound : bool
        Whether to take sounds, too, in which the model says that nobody speaks.

    Raises
    ------
    ValueError, SoundError
        As for :func:`verdict_of`.
    """
    engine = file_engine(NeverSilent(model) if any_sound else model)
    return [output for _, output in _utterances(engine, blocks)]


class NeverSilent:
    """A model that never says ``no_speech``; the parameter is the model.

    Attributes
    ----------
    contract, profile
        Those of the model.
    """

    def __init__(self, model: Model) -> None:
        self.contract = model.contract
        self.profile = model.profile
        self._model = model
        labels = model.contract.labels
        self._no_speech = labels.index(NO_SPEECH) if NO_SPEECH in labels else None

    def run(self, frames: Frames) -> Output:
        """Return the output for one window; the logit of ``no_speech`` is very low."""
        output = self._model.run(frames)
        if self._no_speech is None:
            return output
        logits = output.logits.copy()
        logits[self._no_speech] = UNSAID
        return output._replace(logits=logits, untaught=output.own_logits)


def file_engine(model: Model) -> Engine:
    """Return an engine for one whole recording, whose gate opens more easily than live.

    A recording that somebody asks about most likely has a voice in it. If the model has the label
    ``no_speech``, its gate opens for any sound that stands out, however quiet, and so for mumbled
    speech, which the voice detector misses. For other models the voice detector must be half sure:
    then it misses none of 560 words of TESS; with the live thresholds it misses 13.

    Parameters
    ----------
    model : Model
        The classifier.

    Returns
    -------
    Engine
        An engine at the start of its stream.
    """
    sensitive = GateSettings(open_above=SPEECH_ABOVE, stay_above=SPEECH_ABOVE)
    if NO_SPEECH in model.contract.labels:
        sensitive = GateSettings(opens_for="sound", floor_db=LEAST_DB)
    engine = Engine(model, gate=sensitive)
    engine.stride = STRIDE
    return engine


def records_of(engine: Engine, blocks: Iterable[Signal]) -> Iterator[list[Record]]:
    """Yield the records of each block of a recording, and at last those of its end.

    Parameters
    ----------
    engine : Engine
        A fresh one, of :func:`file_engine`.
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        As for :func:`verdict_of`, and with its errors.
    """
    for block in blocks:
        yield engine.push(block)
    yield engine.finish()


def _utterances(engine: Engine, blocks: Iterable[Signal]) -> Iterator[tuple[Utterance, Output]]:
    """Yield each utterance of a recording, and what the network gave for it."""
    for records in records_of(engine, blocks):
        utterances = [each for each in records if isinstance(each, Utterance)]
        yield from zip(utterances, engine.outputs, strict=True)
