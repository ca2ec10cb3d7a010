"""The annotation of a recording: its utterances, and its hops if wanted, in the file's own time."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from emotiond.audio.files import FAST_BLOCK_SECONDS, file_blocks
from emotiond.model.interface import Model
from emotiond.recognition.recording import file_engine, records_of
from emotiond.record import SCHEMA, Prediction, State, Utterance
from emotiond.text import one_line, printable, spoken


class Part(msgspec.Struct, frozen=True):
    """An utterance or a hop of a recording."""

    start: float
    """Start (s of the recording)."""
    end: float
    """End (s of the recording)."""
    state: State
    """``emotion`` or ``uncertain``."""
    label: str | None
    """Label; None unless the state is ``emotion``."""
    confidence: float
    """Probability of the label, or of the most probable one if it is None; 0 to 1."""
    probabilities: dict[str, float]

    @property
    def name(self) -> str:
        """The label, or ``uncertain``; on one line."""
        return one_line(self.label) if self.label is not None else spoken(self.state)

    @property
    def words(self) -> str:
        """The name and the confidence: ``sad 62%``, or ``uncertain (sad 31%)``."""
        if self.label is not None or not self.probabilities:
            return f"{self.name} {self.confidence:.0%}"
        likely = max(self.probabilities, key=self.probabilities.__getitem__)
        return f"{self.name} ({one_line(likely)} {self.confidence:.0%})"


class Annotation(msgspec.Struct, frozen=True, omit_defaults=True):
    """The annotation of a recording; its times are those of the file."""

    file: str
    schema: int
    """Version of this format: that of the records."""
    model: str
    """Short hash of the model file."""
    seconds: float
    """Length of the recording (s)."""
    labels: tuple[str, ...]
    """Labels that a part may have, in the order of the model."""
    utterances: tuple[Part, ...]
    """Stretches of speech, one after another."""
    hops: tuple[Part, ...] | msgspec.UnsetType = msgspec.UNSET
    """Hops of speech, one after another; unset if they are not wanted."""
    warning: str | None = None
    """What of the file could not be read, or not as its header says; None if all was well."""

    @property
    def tiers(self) -> dict[str, tuple[Part, ...]]:
        """Name of a tier -> its parts: utterances, and hops if they are wanted."""
        tiers = {"utterance": self.utterances}
        return tiers if self.hops is msgspec.UNSET else {**tiers, "hop": self.hops}


def annotate(path: Path, model: Model, *, hops: bool = False) -> Annotation:
    """Return the annotation of a recording, by the engine that classifies recordings.

    Parameters
    ----------
    path : Path
        A sound file.
    model : Model
        The classifier.
    hops : bool
        Whether the hops are wanted, too: about one a second.

    Raises
    ------
    SoundError
        If the file can't be read.
    """
    engine = file_engine(model)
    said: list[str] = []
    blocks = file_blocks(path, engine.sample_rate, FAST_BLOCK_SECONDS, warn=said.append)
    found = [record for records in records_of(engine, blocks) for record in records]
    spoken_hops = (
        each for each in found if isinstance(each, Prediction) and each.state != "no_speech"
    )
    return Annotation(
        file=printable(str(path)),
        schema=SCHEMA,
        model=model.contract.short_hash,
        seconds=round(engine.seconds, 3),
        labels=model.contract.reported,
        utterances=_parts(each for each in found if isinstance(each, Utterance)),
        hops=_parts(spoken_hops) if hops else msgspec.UNSET,
        warning="; ".join(said) or None,
    )


def _parts(records: Iterable[Utterance | Prediction]) -> tuple[Part, ...]:
    return tuple(
        Part(
            each.start, each.end, each.state, each.label, each.confidence, dict(each.probabilities)
        )
        for each in records
    )
