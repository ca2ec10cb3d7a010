"""The engine: samples in, records out. No clock, no thread, no file, no device.

Time is counted in samples. Sound is cut into hops of one fixed length on one fixed grid, whatever
the blocks in which it arrives. So the same samples give the same records to the last byte, live or
replayed.
"""

import math
from collections import deque
from typing import Final

import numpy as np

from emotiond.audio.signal import Signal, check_signal, decibels
from emotiond.features.mfcc import Frames, StreamingMfcc
from emotiond.model.interface import Model
from emotiond.model.output import Output
from emotiond.recognition.decision import NO_SPEECH_DECIDED, Decided, Decision
from emotiond.recognition.gate import Gate
from emotiond.recognition.output_mean import OutputMean
from emotiond.recognition.settings import DecisionSettings, GateSettings
from emotiond.record import Meter, Prediction, Record, Utterance

SHORTEST: Final = 1600
"""Least samples of an utterance whose speech ended before the gate had opened."""


class Engine:
    """Gate, features, window, classifier and decision over one stream of sound.

    Parameters
    ----------
    model : Model
        The classifier; its contract has all parameters of the features.
    hop_seconds : float
        Wanted time between two predictions (s); rounded to whole hops of the features, at least 1.
    gate : GateSettings or None
        When the gate opens and closes; None: the default settings.
    decision : DecisionSettings or None
        How labels are smoothed and withheld; None: the default settings.

    Attributes
    ----------
    hop : int
        Samples between two predictions.
    sample_rate : int
        Sample rate of the stream (Hz).
    stride : int
        Hops between two runs of the classifier; more than 1 on a machine that is too slow. May be
        set.
    outputs : list of Output
        What the network gave for each utterance among the records that :meth:`push`, :meth:`gap` or
        :meth:`finish` returned last, in their order: the mean over its windows, with the weights of
        the decision. No record has it.
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
        self._window_hops = math.ceil(contract.window_samples / self.hop)
        self._recent: deque[Signal] = deque(maxlen=self._window_hops)
        """The last hops, as many as a window spans: its sound when the gate opens."""
        self._window: Frames | None = None
        """The window's frames while the gate is open."""
        self._empty_window()
        self._pending = np.empty(0, np.float32)
        self._settings = decision or DecisionSettings()
        self._decision = Decision(contract, self._settings, self.hop / self.sample_rate)
        self._output = OutputMean()
        self.outputs: list[Output] = []
        self._utterance_start: int | None = None
        """Sample at which the utterance under way began."""
        self._speech_end = 0
        """Sample at which its last speech ended; what comes after it is silence and hang-over."""
        self._ended = 0
        """Sample at which the last utterance ended."""
        self._silent = True
        """Whether the last prediction, if there was one, said that nobody speaks."""
        self._speech_hops = 0
        """Hops since the gate opened, at most a window's."""
        self.stride = 1
        self._skip = 0
        """Hops without a prediction before the next one."""
        self._last_end: int | None = None
        """Sample at which the last prediction since the gate opened ended."""
        self._position = 0
        """Samples of the stream that have been processed or lost."""
        self._dropped = 0
        """Samples lost since the last prediction."""

    def renewed(
        self,
        hop_seconds: float,
        gate: GateSettings,
        decision: DecisionSettings,
        model: Model | None = None,
    ) -> "Engine":
        """Return an engine with other settings, whose stream goes on where this one's ended.

        Call :meth:`finish` of this one first. The parameters are those of the class; without a
        model it keeps this one's.
        """
        engine = Engine(model or self._model, hop_seconds=hop_seconds, gate=gate, decision=decision)
        engine._position = self._position
        engine._dropped = self._dropped
        engine._silent = self._silent
        engine._ended = self._ended
        return engine

    def use(self, model: Model) -> list[Record]:
        """Go on with another head of the same network from the next hop.

        Parameters
        ----------
        model : Model
            The network with another head.

        Returns
        -------
        list of Record
            The utterance under way, which ends here if the labels are others; else none.
        """
        self.outputs = []
        records: list[Record] = []
        if model.contract.labels == self._contract.labels:
            self._decision.use_threshold(model.contract)
        else:
            records = self._end_utterance(self._speech_end)
            self._decision = Decision(model.contract, self._settings, self.hop / self.sample_rate)
            self._output = OutputMean()
        self._model, self._contract = model, model.contract
        return records

    @property
    def model(self) -> Model:
        """The classifier."""
        return self._model

    @property
    def model_hash(self) -> str:
        """Short hash of the model file, as records have it."""
        return self._contract.short_hash

    @property
    def speech(self) -> float:
        """Probability of speech in the last hop, by the gate, 0 to 1."""
        return self._gate.speech

    @property
    def speaking(self) -> bool:
        """Whether the gate was open in the last hop."""
        return self._window is not None

    @property
    def level(self) -> float:
        """Level of the last hop (dBFS)."""
        return self._gate.level

    @property
    def meter(self) -> Meter:
        """Level and speech of the last hop."""
        gate = self._gate
        return Meter(
            seconds=self.seconds,
            level=gate.level,
            speech=gate.speech,
            peak=float(decibels(np.max(np.square(self._recent[-1], dtype=np.float64)))),
            loud=gate.loud,
            floor=gate.floor,
            threshold=gate.threshold,
        )

    @property
    def seconds(self) -> float:
        """Stream time at the end of the last hop (s)."""
        return self._position / self.sample_rate

    @property
    def needed(self) -> int:
        """Samples that complete the next hop."""
        return self.hop - len(self._pending)

    def push(self, samples: Signal) -> list[Record]:
        """Process the next samples of the stream.

        Parameters
        ----------
        samples : np.ndarray [shape=(n,), dtype=float32]
            Mono sound at ``sample_rate``, full scale at +-1; any number.

        Returns
        -------
        list of Record
            Records of the hops that these samples complete.

        Raises
        ------
        ValueError
            If the samples are not one-dimensional or not finite; then none is kept.
        """
        sound = np.concatenate((self._pending, check_signal(samples)))
        records: list[Record] = []
        self.outputs = []
        whole = len(sound) // self.hop * self.hop
        for start in range(0, whole, self.hop):
            records += self._process(sound[start : start + self.hop])
        self._pending = sound[whole:]
        return records

    def gap(self, samples: int) -> list[Record]:
        """Note that samples were lost here: speech ends, and the window is emptied.

        Parameters
        ----------
        samples : int
            Number of lost samples; stream time goes on by it, and the next prediction reports it.

        Returns
        -------
        list of Record
            Records of the speech that ends.
        """
        records = self.finish()
        self._position += samples
        self._dropped += samples
        self._empty_window()
        self._gate.reset()
        return records

    def finish(self) -> list[Record]:
        """End the stream here: process a last part of a hop, and end the utterance under way.

        Returns
        -------
        list of Record
            Records of that part, and of the speech that ends.
        """
        records: list[Record] = []
        self.outputs = []
        rest = len(self._pending)
        if self._seconds(self._position + rest) > self._seconds(self._position):
            records = self._process(np.pad(self._pending, (0, self.hop - rest)), rest)
        else:  # shorter than a millisecond: its record would have no length
            self._position += rest
        self._pending = np.empty(0, np.float32)
        return records + self._end_speech()

    def _process(self, hop: Signal, length: int | None = None) -> list[Record]:
        """Process one hop; if a length is given, the samples behind it are padding."""
        start = self._position
        self._position += self.hop if length is None else length
        is_open = self._gate.push(hop)
        if not is_open and self._window is not None:
            # Keep the last utterance out of the next one's window.
            self._empty_window()
        self._recent.append(hop)
        if not is_open:
            return self._close(start)
        self._speech_end = start + self.hop - round(self._gate.silence * self.sample_rate)
        if self._utterance_start is None:
            self._utterance_start = start
            if not self._speech_hops:
                # The gate looks back: it may open in the hop after the last speech.
                self._utterance_start = min(start, max(self._ended, self._speech_end - SHORTEST))
        self._window = self._next_window(hop)
        self._speech_hops = min(self._speech_hops + 1, self._window_hops)
        if self._skip > 0:
            self._skip -= 1
            return []
        self._skip = self.stride - 1
        output = self._model.run(self._window)
        probabilities = output.probabilities(self._contract.temperature)
        # A window with little speech in it counts for little.
        weight = self._speech_hops / self._window_hops
        self._output.push(output, weight)
        decided, raw_label = self._decision.push(probabilities, weight, self._since_prediction())
        records: list[Record] = [self._prediction(start, decided, raw_label)]
        if self._decision.too_long:
            speaking = self._speech_end > start
            records += self._end_utterance(self._position if speaking else self._speech_end)
        return records

    def _since_prediction(self) -> int:
        """Return the hops since the last prediction of this speech; 1 if there was none."""
        if self._last_end is None:
            return 1
        return max(1, round((self._position - self._last_end) / self.hop))

    def _empty_window(self) -> None:
        """Replace the sound before now by silence."""
        self._recent.extend([np.zeros(self.hop, np.float32)] * self._window_hops)
        self._window = None

    def _next_window(self, hop: Signal) -> Frames:
        """Return the window that ends with a hop.

        It computes the frames of this hop; those of all recent hops if the gate has just opened.
        """
        if self._window is None:
            self._mfcc.reset()
            frames = [self._mfcc.push(each) for each in self._recent]
        else:
            frames = [self._window, self._mfcc.push(hop)]
        return np.concatenate(frames)[-self._contract.window_frames :]

    def _close(self, start: int) -> list[Record]:
        """Return the records of a hop without speech: none but for the first after speech."""
        utterance = self._end_speech()
        records: list[Record] = []
        if not self._silent:
            records = [self._prediction(start, NO_SPEECH_DECIDED, None)]
        self._last_end = None
        return records + utterance

    def _end_speech(self) -> list[Record]:
        """Return the utterance of the speech that ends; none if there was no speech."""
        if not self._speech_hops:
            return []
        utterance = self._end_utterance(self._speech_end)
        self._decision.reset()
        self._speech_hops = self._skip = 0
        return utterance

    def _end_utterance(self, end: int) -> list[Record]:
        """Return the record of the utterance under way; none if it has no speech."""
        start, self._utterance_start = self._utterance_start, None
        end = min(end, self._position)
        decided, output = self._decision.end_utterance(), self._output.end_utterance()
        # After a cut there may be nothing but silence.
        if start is None or decided is None or self._seconds(end) <= self._seconds(start):
            return []
        self._ended = end
        if output is not None:  # a decision needs a window, too
            self.outputs.append(output)
        utterance = Utterance(
            model=self._contract.short_hash,
            profile=self._model.profile,
            start=self._seconds(start),
            end=self._seconds(end),
            **decided._asdict(),
        )
        return [utterance]

    def _prediction(self, start: int, decided: Decided, raw_label: str | None) -> Prediction:
        dropped, self._dropped = self._dropped, 0
        start = start if self._last_end is None else self._last_end
        self._last_end = self._position
        self._silent = decided.state == "no_speech"
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
