"""Ears of this program itself: its own microphone, and the voice profile on the disk."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

import msgspec

from emotiond.audio.source import Source
from emotiond.model.interface import Model
from emotiond.model.taught import example_count
from emotiond.recognition.engine import Engine
from emotiond.recognition.recording import NeverSilent
from emotiond.record import Hello, Meter, Record, Utterance, Voices, utc_now
from emotiond.service import build
from emotiond.service.control import Control
from emotiond.service.control_client import checked
from emotiond.service.learner import Learner
from emotiond.service.loop import records
from emotiond.service.requests import Answer, Request
from emotiond.settings import Settings
from emotiond.teaching.tape import Tape, write_recording

ANY_SOUND: Final = "sound"


class OwnEars:
    """Ears of this program itself.

    Parameters
    ----------
    model : Model
        Model that judges, taught or not.
    profile : Path
        File of the voice profile that taught it, which may be missing.
    settings : Settings
        Settings of the engine.
    source : Source
        The microphone.
    stop : threading.Event
        Ends the messages when set.
    any_sound : bool
        Whether sounds are to be heard in which nobody speaks.
    recordings : Path, optional
        Folder for recordings of all that is taught; None: no sound is written.

    Attributes
    ----------
    hello, through
        As :class:`~emotiond.teaching.ears.Ears` has them.
    """

    def __init__(
        self,
        model: Model,
        profile: Path,
        settings: Settings,
        source: Source,
        stop: Event,
        *,
        any_sound: bool = False,
        recordings: Path | None = None,
    ) -> None:
        contract = model.contract
        self._name = settings.name
        self._stop = stop
        self._engine = _engine_of(settings, model, any_sound)
        self._tape = None if recordings is None else Tape(source, contract.sample_rate)
        self._source = self._tape or source
        self._recordings = recordings
        self._control = Control(Learner(model, profile), source=settings.name)
        self.through = False
        self.hello = Hello(
            model=contract.short_hash,
            labels=contract.reported,
            source=settings.name,
            title="emotiond teach",
            microphone=source.name,
            examples=example_count(model),
        )

    def messages(self) -> Iterator[Meter | Record]:
        """Yield the records of the microphone."""
        try:
            said = records(
                self._source, self._engine, self._stop, control=self._control, name=self._name
            )
            yield from (each for each in said if not isinstance(each, Voices))
        finally:
            self._control.close()

    def ask(self, request: Request) -> Answer:
        """Carry out a request; raises EmotiondError if it is refused."""
        return checked(self._control.ask(request))

    def keep(self, utterance: Utterance, label: str, /) -> Path | None:
        """Write the sound of an utterance, if recordings are wanted; raises OSError if it fails."""
        if self._tape is None or self._recordings is None:
            return None
        sound = self._tape.cut(utterance.start, utterance.end)
        if not len(sound):
            return None
        name = f"{utc_now():%Y%m%d-%H%M%S}-{utterance.id}.wav"
        path = self._recordings / label / name
        write_recording(path, sound, self._engine.sample_rate)
        return path


def _engine_of(settings: Settings, model: Model, any_sound: bool) -> Engine:
    """Return an engine, which never says ``no_speech`` if any sound is to be heard."""
    if not any_sound:
        return build.engine_of(settings, model)
    gate = msgspec.structs.replace(settings.gate, opens_for=ANY_SOUND)
    return _AnySound(
        NeverSilent(model), hop_seconds=settings.hop_seconds, gate=gate, decision=settings.decision
    )


class _AnySound(Engine):
    """An engine that hears sounds in which nobody speaks, whatever it is taught."""

    def use(self, model: Model) -> list[Record]:
        """Go on with another head; see :meth:`Engine.use`."""
        return super().use(NeverSilent(model))
