"""The engine: samples in, records out. No clock, no thread, no file, no device.

Time is counted in samples. Sound is processed in hops of one fixed length on one fixed grid,
whatever the blocks it arrives in, so the same samples give the same records to the last byte, live
or replayed.
"""

import math
from collections import deque
from typing import Protocol

import numpy as np

from emotiond.audio.signal import Signal, check_signal
from emotiond.features.mfcc import Frames, StreamingMfcc
from emotiond.model.contract import Contract
from emotiond.recognition.decision import SILENCE, Decided, Decision, Probabilities
from emotiond.recognition.gate import Gate
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Prediction, Record, Utterance


class Model(Protocol):
    """What the engine needs of a classifier."""

    contract: Contract

    def probabilities(self, frames: Frames) -> Probabilities:
        """Return calibrated probabilities [shape=(labels,)] of one window."""


class Engine:
    """Window, gate, features, classifier and decision over one stream of sound.

    Parameters
    ----------
    model : Model
        The classifier; every feature setting comes from its contract.
    hop_seconds : float
        Wanted time between two predictions; rounded to whole feature frames.
    gate : GateSettings
        When somebody is taken to speak.
    decision : DecisionSettings
        How labels are smoothed and withheld.

    Attributes
    ----------
    hop : int
        Samples between two predictions.
    sample_rate : int
        Of the sound to push (Hz).
    stride : int
        Classify every so many hops, for a machine that is too slow for each.
    """

    def __init__(
        self,
        model: Model,
        *,
        hop_seconds: float = 0.5,
        gate: GateSettings | None = None,
        decision: DecisionSettings | None = None,
    ) -> None:
        contract = model.contract
        config = contract.mfcc
        self._model = model
        self._contract = contract
        self.sample_rate = contract.sample_rate
        hop_frames = max(1, round(hop_seconds * self.sample_rate / config.hop_length))
        self.hop = hop_frames * config.hop_length
        self._gate = Gate(gate or GateSettings(), self.sample_rate, self.hop, contract.opens_for)
        self._mfcc = StreamingMfcc(config)
        # The last window's sound, in whole hops: where a window comes from when the gate opens.
        self._window_hops = math.ceil(contract.window_samples / self.hop)
        self._sound: deque[Signal] = deque(maxlen=self._window_hops)
        self._frames: Frames | None = None
        self._empty_window()
        self._pending = np.empty(0, np.float32)
        self._decision = Decision(
            contract, decision or DecisionSettings(), self.hop / self.sample_rate
        )
        self._utterance_start: int | None = None
        self._heard = 0
        """Hops since speech began, as many as a window has."""
        self.stride = 1
        self._skip = 0
        """Hops to come before the next prediction."""
        self._said: int | None = None
        """Where the last prediction of this speech ended."""
        self._position = 0
        self._dropped = 0

    def renewed(
        self, hop_seconds: float, gate: GateSettings, decision: DecisionSettings
    ) -> "Engine":
        """Return an engine of other settings, to go on where this one has finished."""
        engine = Engine(self._model, hop_seconds=hop_seconds, gate=gate, decision=decision)
        engine._position = self._position
        engine._dropped = self._dropped
        return engine

    @property
    def speech(self) -> float:
        """How sure the gate is of speech in the last hop, 0 to 1."""
        return self._gate.speech

    @property
    def level(self) -> float:
        """Loudness of the last hop (dBFS)."""
        return self._gate.level

    @property
    def seconds(self) -> float:
        """Stream time of the end of the last hop."""
        return self._position / self.sample_rate

    @property
    def missing(self) -> int:
        """Samples that complete the next hop."""
        return self.hop - len(self._pending)

    def push(self, samples: Signal) -> list[Record]:
        """Hear the next samples.

        Parameters
        ----------
        samples : np.ndarray [shape=(n,), dtype=float32]
            Mono sound at ``sample_rate``, full scale at +-1; any number.

        Returns
        -------
        list of Record
            Of the hops that these samples complete.

        Raises
        ------
        ValueError
            If the samples are not one-dimensional or not finite; none is kept then.
        """
        sound = np.concatenate((self._pending, check_signal(samples)))
        records: list[Record] = []
        whole = len(sound) // self.hop * self.hop
        for start in range(0, whole, self.hop):
            records += self._hear(sound[start : start + self.hop])
        self._pending = sound[whole:]
        return records

    def gap(self, samples: int) -> list[Record]:
        """Note that samples were lost here: speech ends, the window empties, time goes on."""
        records = self.finish()
        self._position += samples
        self._dropped += samples
        self._empty_window()
        self._gate.reset()
        return records

    def finish(self) -> list[Record]:
        """End the stream here: hear the rest of a hop, and end an utterance that is under way."""
        records: list[Record] = []
        rest = len(self._pending)
        if self._seconds(self._position + rest) > self._seconds(self._position):
            records = self._hear(np.pad(self._pending, (0, self.hop - rest)), rest)
        else:  # shorter than a millisecond: in a record it would have no length
            self._position += rest
        self._pending = np.empty(0, np.float32)
        return records + self._fall_silent(self._position)

    def _hear(self, hop: Signal, heard: int | None = None) -> list[Record]:
        """Process one hop, of which the last ``hop - heard`` samples are padding."""
        start = self._position
        self._position += self.hop if heard is None else heard
        is_open = self._gate.push(hop)
        if not is_open and self._frames is not None:
            # Whoever spoke until here is no part of what is spoken next.
            self._empty_window()
        self._sound.append(hop)
        if not is_open:
            return self._fall_silent(start)
        if self._utterance_start is None:
            self._utterance_start = start
        self._frames = self._window(hop)
        self._heard = min(self._heard + 1, self._window_hops)
        if self._skip > 0:
            self._skip -= 1
            return []
        self._skip = self.stride - 1
        probabilities = self._model.probabilities(self._frames)
        # A window that has heard little speech yet says little.
        share = self._heard / self._window_hops
        decided, raw_label = self._decision.hear(probabilities, share, self._since_prediction())
        records: list[Record] = [self._prediction(start, decided, raw_label)]
        if self._decision.too_long:
            records += self._utterance()
        return records

    def _since_prediction(self) -> int:
        """Return the hops since the last prediction of this speech; 1 where there was none."""
        if self._said is None:
            return 1
        return max(1, round((self._position - self._said) / self.hop))

    def _empty_window(self) -> None:
        self._sound.extend([np.zeros(self.hop, np.float32)] * self._window_hops)
        self._frames = None

    def _window(self, hop: Signal) -> Frames:
        """Return the window's frames, computing a hop's, or all when the gate has just opened."""
        if self._frames is None:
            self._mfcc.reset()
            frames = [self._mfcc.push(each) for each in self._sound]
        else:
            frames = [self._frames, self._mfcc.push(hop)]
        return np.concatenate(frames)[-self._contract.window_frames :]

    def _fall_silent(self, start: int) -> list[Record]:
        """Say that speech is over, and what it was; nothing where there was none."""
        if not self._heard:
            return []
        silence = self._prediction(start, SILENCE, None)
        utterance = self._utterance()
        self._decision.reset()
        self._heard = self._skip = 0
        self._said = None
        return [silence, *utterance]

    def _utterance(self) -> list[Record]:
        """End the utterance that is under way, if there is one and somebody spoke in it."""
        start, self._utterance_start = self._utterance_start, None
        decided = self._decision.end_utterance()
        if start is None or decided is None:
            return []
        utterance = Utterance(
            model=self._contract.short_hash,
            start=self._seconds(start),
            end=self._seconds(self._position),
            **decided._asdict(),
        )
        return [utterance]

    def _prediction(self, start: int, decided: Decided, raw_label: str | None) -> Prediction:
        dropped, self._dropped = self._dropped, 0
        start = start if self._said is None else self._said
        self._said = self._position
        return Prediction(
            model=self._contract.short_hash,
            start=self._seconds(start),
            end=self._seconds(self._position),
            raw_label=raw_label,
            speech=round(self._gate.speech, 3),
            level=round(self._gate.level, 1),
            dropped=dropped,
            **decided._asdict(),
        )

    def _seconds(self, position: int) -> float:
        return round(position / self.sample_rate, 3)
