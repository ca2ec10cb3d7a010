"""The public :class:`Listener`: emotiond inside another program."""

import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from threading import Event, Lock
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from numpy.typing import NDArray

from emotiond.audio.signal import conditioned
from emotiond.audio.source import Replay, Source
from emotiond.errors import DeviceError, EmotiondError, InputError
from emotiond.model.choice import model_file
from emotiond.model.interface import Model
from emotiond.model.runtime import Classifier
from emotiond.model.taught import taught
from emotiond.model.voices import NONE, chosen_profile
from emotiond.record import Meter, Record, Voices
from emotiond.service import build
from emotiond.service.loop import records
from emotiond.settings import Settings

_microphone: Final = Lock()
"""Held by the listener of this process that has a microphone.

PortAudio finds a microphone that was plugged in again only when it is restarted, and a restart
closes all others of the process.
"""


class Listener:
    """Listen to a microphone or any other sound, and iterate over the records.

    The same engine as the daemon's, with the same recovery when the microphone goes away. Nothing
    is logged, no signal is handled and no stream of the process is touched, so it may run in a
    thread. Iterate in one thread; :meth:`stop` may be called from any. A process may have many
    listeners, but only one of them at a time may have a microphone.

    Parameters
    ----------
    device : str, optional
        Microphone, by its name, a part of it, or its id (default: the system's).
    source : str, Path, iterable or Source, optional
        What to listen to in place of the microphone: a sound file; a named pipe, or ``"-"`` for
        standard input, with a WAV or 16-bit mono PCM; an iterable of blocks of samples
        [shape=(n,) or (n, channels)], floats with full scale at +-1 or integers; or an object with
        ``name`` and ``blocks``, as :class:`emotiond.testing.FakeMicrophone`.
    model : str, Path or Model, optional
        Model file or word, as for :func:`emotiond.load_model`, or a loaded one (default: the one of
        the settings).
    settings : Settings, optional
        Settings of gate, decision and hop, and those of the microphone and the model where
        ``device`` and ``model`` don't name them.
    profile : str or Path, optional
        A voice profile that ``emotiond teach`` made (default: the one that the settings name, if
        they do).
    rate : int, optional
        Sample rate of an iterable's blocks (default: the model's; Hz).
    wait : bool
        Whether a microphone that can't be opened is waited for.
    realtime : bool
        Whether a file is played at the pace of real time (default: as fast as it is taken).
    meters : bool
        Whether a :class:`~emotiond.record.Meter` with the level comes after each hop.

    Attributes
    ----------
    model : Model
        The classifier.
    sample_rate : int
        Sample rate that the model wants (Hz).

    Raises
    ------
    ModelError
        If the model file is refused.
    ProfileError
        If the voice profile is refused.
    InputError, SoundError
        On entering, if the source can't be read.
    DeviceError
        On entering, if the microphone can't be opened, or another listener of this process has one.

    Examples
    --------
    >>> import emotiond
    >>> from emotiond.paths import SAMPLE_RECORDING
    >>> with emotiond.Listener(source=SAMPLE_RECORDING) as listener:
    ...     utterances = [each for each in listener if isinstance(each, emotiond.Utterance)]
    >>> len(utterances)
    5
    """

    def __init__(
        self,
        device: str | None = None,
        source: str | os.PathLike[str] | Iterable[NDArray[Any]] | Source | None = None,
        model: str | os.PathLike[str] | Model | None = None,
        settings: Settings | None = None,
        *,
        rate: int | None = None,
        wait: bool = False,
        realtime: bool = False,
        meters: bool = False,
        profile: str | os.PathLike[str] | None = None,
    ) -> None:
        self._settings = settings or Settings()
        if device is not None:
            self._settings = msgspec.structs.replace(self._settings, device=device)
        if isinstance(model, str | os.PathLike):
            model = Classifier(model_file(model))
        untaught: Model = model or Classifier(self._settings.model_path)
        # Another program is taught only where it says so: not by the profile of this user.
        named = profile or self._settings.profile or NONE
        self.model = taught(untaught, chosen_profile(untaught.contract, named, warnings.warn))
        self._engine = build.engine_of(self._settings, self.model)
        self._given = source
        self._rate = rate
        self._wait = wait
        self._realtime = realtime
        self._meters = meters
        self._stop = Event()
        self._opened = ExitStack()
        self._stream: Iterator[Record | Meter | Voices] | None = None

    @property
    def sample_rate(self) -> int:
        """Sample rate that the model wants (Hz)."""
        return self._engine.sample_rate

    def __enter__(self) -> Self:
        """Open the source."""
        if self._stream is not None or self._stop.is_set():
            raise EmotiondError("a Listener can be used once; make a new one")
        with ExitStack() as undo:
            source = self._source(undo)
            self._opened = undo.pop_all()
        self._stream = records(source, self._engine, self._stop, name=self._settings.name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the source."""
        self.close()

    def __iter__(self) -> Iterator[Record | Meter]:
        """Yield records as they come, until the sound ends or :meth:`stop` is called.

        Iterating again goes on where it was left.

        Raises
        ------
        EmotiondError
            If the listener is not open.
        """
        if self._stream is None:
            raise EmotiondError("the Listener is not open; use it in a with statement")
        for said in self._stream:
            # Nothing changes the voice profile of a listener.
            if not isinstance(said, Voices) and (self._meters or not isinstance(said, Meter)):
                yield said

    def stop(self) -> None:
        """End the stream soon: what is being said ends here, and its records still come."""
        self._stop.set()

    def close(self) -> None:
        """Stop, and let go of the source; a second time is harmless."""
        self.stop()
        stream, self._stream = self._stream, None
        close = getattr(stream, "close", None)
        if close is not None:
            with suppress(ValueError):  # another thread is at it, and sees that it is to stop
                close()
        self._opened.close()

    def _source(self, undo: ExitStack) -> Source:
        given, rate = self._given, self.sample_rate
        if given is None:
            return self._microphone(undo)
        if isinstance(given, str | os.PathLike):
            name = os.fspath(given)
            return build.replay_of(
                name, rate, self._stop, fast=not self._realtime, channel=self._settings.channel
            )
        if isinstance(given, Source):
            return given
        if not isinstance(given, Iterable):
            raise InputError(f"a {type(given).__name__} is no source of sound for a Listener")
        blocks = conditioned(given, self._rate or rate, rate, self._settings.channel)
        return Replay("the given blocks", blocks, rate, self._stop, fast=True)

    def _microphone(self, undo: ExitStack) -> Source:
        if not _microphone.acquire(blocking=False):
            raise DeviceError(
                "another Listener of this process has a microphone open",
                "close it first, or give each microphone a process of its own",
            )
        undo.callback(_microphone.release)
        microphone = build.microphone_of(
            self._settings, self.sample_rate, self._stop, wait=self._wait
        )
        undo.callback(microphone.close)
        return microphone
