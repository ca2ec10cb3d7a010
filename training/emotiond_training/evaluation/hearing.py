"""Test clips through the model file and the engine, as the daemon hears; without TensorFlow.

What is kept is each window's logits and its weight, so that calibration can pool them again at any
temperature without hearing the clips again.
"""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiond.audio.files import file_blocks
from emotiond.audio.signal import Signal
from emotiond.errors import EmotiondError
from emotiond.features.mfcc import Frames
from emotiond.model.contract import NO_SPEECH
from emotiond.model.output import Logits, Output, softmax
from emotiond.model.runtime import Classifier
from emotiond.pool import in_order
from emotiond.recognition.recording import NeverSilent, file_engine
from emotiond.recognition.settings import DecisionSettings
from emotiond.record import Utterance

Numbers = NDArray[np.intp]
Reals = NDArray[np.float64]


class Windows(NamedTuple):
    """What the model said of one recording.

    Parameters
    ----------
    logits : np.ndarray [shape=(windows, labels)]
        Logits of each window that belongs to an utterance; or their embeddings, where those are
        asked for.
    weights : np.ndarray [shape=(windows,)]
        Weight of each window: the share of it that is speech, 0 to 1.
    utterances : np.ndarray [shape=(windows,)]
        Number of its utterance.
    shares : np.ndarray [shape=(utterances,)]
        Of each utterance in the recording; they sum to 1.
    """

    logits: Logits
    weights: Reals
    utterances: Numbers
    shares: Reals


class _Keeping:
    """A classifier that keeps what it says."""

    def __init__(self, classifier: Classifier) -> None:
        self.contract = classifier.contract
        self.profile = classifier.profile
        self.said: list[Output] = []
        self._classifier = classifier

    def run(self, frames: Frames) -> Output:
        output = self._classifier.run(frames)
        self.said.append(output)
        return output


def windows_of(
    classifier: Classifier, blocks: Iterable[Signal], *, embeddings: bool = False
) -> Windows:
    """Run one recording through the engine to its end, and return its windows.

    Parameters
    ----------
    classifier : Classifier
        The model.
    blocks : iterable of np.ndarray [shape=(n,), dtype=float32]
        Mono sound at the model's sample rate.
    embeddings : bool
        Whether to return the embedding of each window in place of its logits.
    """
    model = _Keeping(classifier)
    # The engine drops no utterance; :func:`pooled` does, at any temperature.
    engine = file_engine(NeverSilent(model))
    contract = classifier.contract
    ramp = math.ceil(contract.window_samples / engine.hop)
    width = contract.embedding_size if embeddings else len(contract.labels)
    logits: list[Logits] = []
    weights: list[float] = []
    numbers: list[int] = []
    lengths: list[float] = []
    under_way: list[tuple[Logits, float]] = []
    spoken = 0
    # At most one hop at a time, so that a window is told from the next.
    for piece in (*_pieces(blocks, engine.hop), None):
        model.said.clear()
        before = engine.seconds
        records = engine.finish() if piece is None else engine.push(piece)
        if engine.speaking and engine.seconds != before:
            # As the engine weighs: a window with little speech in it counts for little.
            spoken = min(spoken + 1, ramp)
        if model.said:
            output = model.said[0]
            said = output.embedding if embeddings else output.logits
            if said is None:
                raise EmotiondError("this model has no embedding; export it again")
            under_way.append((said, spoken / ramp))
        for record in records:
            if isinstance(record, Utterance):
                logits += [said for said, _ in under_way]
                weights += [weight for _, weight in under_way]
                numbers += [len(lengths)] * len(under_way)
                lengths.append(record.end - record.start)
                under_way = []
        if engine.seconds != before and not engine.speaking:
            spoken, under_way = 0, []
    shares = np.array(lengths)
    return Windows(
        logits=np.array(logits, np.float32).reshape(-1, width or 0),
        weights=np.array(weights, np.float64),
        utterances=np.array(numbers, np.intp),
        shares=shares / shares.sum() if lengths else shares,
    )


def _pieces(blocks: Iterable[Signal], length: int) -> Iterator[Signal]:
    """Cut blocks into pieces of at most so many samples."""
    for block in blocks:
        yield from (block[start : start + length] for start in range(0, len(block), length))


class Heard(NamedTuple):
    """What the model said of many recordings; the fields of :class:`Windows`, one after another.

    Parameters
    ----------
    clips : np.ndarray [shape=(utterances,)]
        Which recording each utterance is of.
    recordings : np.ndarray [shape=()]
        How many there are.
    """

    logits: Logits
    weights: Reals
    utterances: Numbers
    shares: Reals
    clips: Numbers
    recordings: Numbers


def joined(each: Sequence[Windows]) -> Heard:
    """Put recordings together; there must be one."""
    return together([Heard(*one, np.zeros(len(one.shares), np.intp), np.array(1)) for one in each])


def together(parts: Sequence[Heard]) -> Heard:
    """Put sets of recordings together, one behind the other; there must be one."""
    utterances = np.cumsum([0, *(len(part.shares) for part in parts)])
    recordings = np.cumsum([0, *(int(part.recordings) for part in parts)])
    return Heard(
        logits=np.concatenate([part.logits for part in parts]),
        weights=np.concatenate([part.weights for part in parts]),
        utterances=np.concatenate(
            [part.utterances + start for part, start in zip(parts, utterances, strict=False)]
        ),
        shares=np.concatenate([part.shares for part in parts]),
        clips=np.concatenate(
            [part.clips + start for part, start in zip(parts, recordings, strict=False)]
        ),
        recordings=recordings[-1],
    )


def pooled(heard: Heard, labels: Sequence[str], temperature: float) -> Reals:
    """Return the probabilities of each recording, as ``classify`` pools them.

    Parameters
    ----------
    heard : Heard
        The recordings.
    labels : sequence of str
        Of the logits.
    temperature : float
        Logits are divided by it.

    Returns
    -------
    np.ndarray [shape=(recordings, reported labels)]
        A row of zeros where the engine heard no speech.
    """
    reported = [position for position, label in enumerate(labels) if label != NO_SPEECH]
    said = np.zeros((len(heard.shares), len(labels)))
    probabilities = softmax(heard.logits / np.float32(temperature))
    np.add.at(said, heard.utterances, heard.weights[:, None] * probabilities)
    said /= np.maximum(said.sum(axis=1, keepdims=True), 1e-12)
    said = said[:, reported]
    # As the engine decides: an utterance is none if its windows say so.
    spoken = said.sum(axis=1) >= 1.0 - DecisionSettings().no_speech_above
    shares = np.where(spoken, heard.shares, 0.0)
    said /= np.maximum(said.sum(axis=1, keepdims=True), 1e-12)
    result = np.zeros((int(heard.recordings), len(reported)))
    np.add.at(result, heard.clips, shares[:, None] * said)
    result /= np.maximum(result.sum(axis=1, keepdims=True), 1e-12)
    return result


def means(heard: Heard) -> NDArray[np.float32]:
    """Return the mean output of each recording, weighted as :func:`pooled` weighs probabilities.

    Parameters
    ----------
    heard : Heard
        Recordings with logits or embeddings.

    Returns
    -------
    np.ndarray [shape=(recordings, width), dtype=float32]
        A row of zeros where the engine heard no speech.
    """
    result = np.zeros((int(heard.recordings), heard.logits.shape[1]), np.float32)
    if len(heard.shares):
        totals = np.bincount(heard.utterances, heard.weights)
        weights = heard.weights / totals[heard.utterances] * heard.shares[heard.utterances]
        weighted = heard.logits * weights[:, None].astype(np.float32)
        # The windows of an utterance, and the utterances of a recording, lie side by side.
        sources = heard.clips[heard.utterances]
        starts = np.flatnonzero(np.diff(sources, prepend=-1))
        result[sources[starts]] = np.add.reduceat(weighted, starts, axis=0)
    return result


def only(heard: Heard, recordings: Numbers) -> Heard:
    """Return some of the recordings, in the order of their numbers here.

    Parameters
    ----------
    heard : Heard
        Many recordings.
    recordings : np.ndarray [shape=(n,)]
        Numbers of the wanted ones, each once.
    """
    number = np.full(int(heard.recordings), -1)
    number[recordings] = np.arange(len(recordings))
    kept = number[heard.clips] >= 0
    windows = kept[heard.utterances]
    return Heard(
        logits=heard.logits[windows],
        weights=heard.weights[windows],
        utterances=(np.cumsum(kept) - 1)[heard.utterances[windows]],
        shares=heard.shares[kept],
        clips=number[heard.clips[kept]],
        recordings=np.array(len(recordings)),
    )


def at_gain(block: Signal, gain_db: float) -> Signal:
    """Return sound made louder, as a converter of 16 bits would have taken it."""
    if gain_db == 0.0:
        return block
    steps = np.rint(block * np.float32(10.0 ** (gain_db / 20.0) * 32_768.0))
    return np.asarray(np.clip(steps, -32_768, 32_767) / np.float32(32_768.0), np.float32)


def hearing(
    model: Path,
    recordings: Sequence[Path],
    jobs: int,
    *,
    gain_db: float = 0.0,
    embeddings: bool = False,
) -> Generator[Windows, None, None]:
    """Hear recordings, several at a time; close the iterator to end the work early.

    Parameters
    ----------
    model : Path
        A model file.
    recordings : sequence of Path
        Sound files.
    jobs : int
        How many processes; one works here, in this process.
    gain_db : float
        How much louder they are made; what is then too loud is clipped.
    embeddings : bool
        Whether to return the embedding of each window in place of its logits.

    Yields
    ------
    Windows
        Of each recording in turn.

    Raises
    ------
    EmotiondError
        If the model or a recording can't be used, or a process dies.
    """
    with closing(
        in_order(partial(_hearer, model, gain_db, embeddings), recordings, jobs)
    ) as outputs:
        for windows in outputs:
            if windows is None:
                raise EmotiondError(
                    "a process that hears recordings died, out of memory perhaps; "
                    "the same command goes on where it was"
                )
            yield windows


def _hearer(model: Path, gain_db: float, embeddings: bool) -> Callable[[Path], Windows]:
    """Return a function from a recording to what the model says of it."""
    classifier = Classifier(model)

    def hear(recording: Path) -> Windows:
        blocks = file_blocks(recording, classifier.contract.mfcc.sample_rate)
        louder = (at_gain(block, gain_db) for block in blocks)
        return windows_of(classifier, louder, embeddings=embeddings)

    return hear
