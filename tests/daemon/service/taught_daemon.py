"""A daemon that is taught while it listens."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import numpy as np

from emotiond.audio.source import Block
from emotiond.model.profile import Profile
from emotiond.model.profile_file import read_profile
from emotiond.recognition.engine import Engine
from emotiond.record import Meter, Record, Voices
from emotiond.service.control import Control
from emotiond.service.learner import Learner
from emotiond.service.loop import records
from emotiond.service.reload import Reload
from emotiond.service.requests import (
    Request,
)
from emotiond.testing import FakeModel
from tests.daemon.service.test_loop import block
from tests.daemon.service.test_reload import Actions
from tests.daemon.sounds import cut, silence, speech
from tests.daemon.voices import EMBEDDING

NOW = datetime(2026, 2, 28, 12, 0, 0, tzinfo=UTC)
UTTERANCE = [block(each) for each in cut(np.concatenate((speech(2.0), silence(1.5))), [1600])]


class Daemon:
    """A daemon without sinks, whose control is asked while it listens."""

    def __init__(self, profile: Path | None, **of_the_model: object) -> None:
        self.model = FakeModel(**{**EMBEDDING, **of_the_model})
        self.path = profile
        self.engine = Engine(self.model)
        self.reloads = 0
        self.later: list[Callable[[], None]] = []
        self.control = Control(
            Learner(self.model, profile),
            source="kitchen",
            reload=self._reload,
            now=lambda: NOW,
            clock=lambda: 7.0,
            later=lambda _, call: self.later.append(call),
        )
        self.reload: Reload | None = None
        self.said: list[Record] = []
        self.voices: list[Voices] = []
        self.answers: list[object] = []

    def _reload(self) -> None:
        self.reloads += 1

    def asking(self, request: Request) -> Callable[[], None]:
        return lambda: self.answers.append(self.control.ask(request))

    def hear(self, *items: Block | Request | Callable[[], object]) -> list[object]:
        """Listen, ask requests between the blocks, and return the new answers."""
        before = len(self.answers)
        script = (self.asking(each) if isinstance(each, Request) else each for each in items)
        said = records(
            Actions(*script),
            self.engine,
            Event(),
            reload=self.reload,
            control=self.control,
            name="kitchen",
            now=lambda: NOW,
        )
        for each in said:
            if isinstance(each, Voices):
                self.voices.append(each)
            elif not isinstance(each, Meter):
                self.said.append(each)
        return self.answers[before:]

    @property
    def profile(self) -> Profile:
        return read_profile(self.path, self.model.contract)

    def of(self, kind: type) -> list[Record]:
        return [each for each in self.said if isinstance(each, kind)]
