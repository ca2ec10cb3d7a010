"""Control of a running daemon: carries out requests, and hands their effects to the loop.

A request is carried out in the thread that asks: a disk that hangs, or a head that takes its time,
never holds up the loop. The loop takes the effects between two hops.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock, Timer
from typing import Final

from emotiond.errors import EmotiondError, InputError, ProfileError
from emotiond.model.estimate import Estimate
from emotiond.model.interface import Model
from emotiond.model.profile import Example, Origin, Profile, checked_name, example_of
from emotiond.model.taught import TaughtModel
from emotiond.record import SOUND_LOST, By, Correction, Event, Status, utc_now
from emotiond.service.corrections import Corrected, Corrections
from emotiond.service.effects import Effects
from emotiond.service.learner import Change, Learner
from emotiond.service.memory import Heard, Memory
from emotiond.service.requests import (
    Answer,
    AskExamples,
    AskReload,
    AskStatus,
    Changed,
    Correct,
    Examples,
    Forget,
    Forgotten,
    Listed,
    Refused,
    Reloading,
    Request,
    State,
    Teach,
    Undo,
)
from emotiond.text import did_you_mean

NOTHING_JUDGED: Final = Estimate(0, None, None, 0.0, ())
"""Estimate without examples."""
WAIT_SECONDS: Final = 5.0
"""Longest time that a request waits for the one before it (s)."""
RETRY_SECONDS: Final = 30.0
"""Pause between two attempts to write a profile that could not be written (s)."""
SAVED: Final = "the voice profile is saved again"

Later = Callable[[float, Callable[[], None]], None]
"""Calls a function after some seconds, in a thread."""


def by_timer(seconds: float, call: Callable[[], None]) -> None:
    """Call a function after some seconds, in a thread that ends with the program."""
    timer = Timer(seconds, call)
    timer.daemon = True
    timer.start()


class Control:
    """Carries out requests, from any thread.

    Parameters
    ----------
    learner : Learner
        The voice profile.
    source : str
        Name of the microphone.
    reload : callable
        Has the loop read the settings again.
    now : callable
        Wall clock, in UTC.
    clock : callable
        Clock in monotonic seconds.
    later : callable
        Has a profile that could not be written be tried again.

    Attributes
    ----------
    effects : Effects
        What the loop has to do.
    """

    def __init__(
        self,
        learner: Learner,
        *,
        source: str = "",
        reload: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        later: Later = by_timer,
    ) -> None:
        self.effects = Effects()
        self._learner = learner
        self._source = source
        self._reload = reload
        self._now = now
        self._clock = clock
        self._later = later
        self._started = clock()
        self._listening = True
        self._memory = Memory()
        self._corrections = Corrections()
        self._begun: tuple[Model, Path | None] | None = None
        self._unsaved = False
        """Whether the profile could not be written the last time."""
        self._asking = Lock()
        """Held by the thread whose request is carried out."""

    def remember(self, heard: Heard) -> None:
        """Remember an utterance that the loop has published."""
        self._memory.add(heard)

    def notice(self, event: Event) -> None:
        """Notice an event of the microphone."""
        self._listening = event not in SOUND_LOST

    def begin(self, model: Model, path: Path | None) -> None:
        """Go on with another model or profile, which the loop uses already after a reload."""
        self._begun = model, path

    def close(self) -> None:
        """Try once more to save examples that could not be saved."""
        if self._asking.acquire(blocking=False):  # a request under way saves them itself
            with suppress(ProfileError):
                self._learner.save()
            self._asking.release()

    def tell(self, event: Event, subject: str, message: str) -> None:
        """Have the loop publish a status record; without a loop it is dropped."""
        model = self._learner.model.contract.short_hash
        with suppress(EmotiondError):
            self.effects.put(Status(model=model, event=event, subject=subject, message=message))

    def ask(self, request: Request) -> Answer:
        """Carry out a request and return the answer; what can't be done is refused."""
        if not self._asking.acquire(timeout=WAIT_SECONDS):
            return Refused(message="the daemon is busy with another request", exit_code=1)
        try:
            self.effects.refuse_if_full()
            if self._begun is not None:  # here, since it reads the profile from the disk
                (model, path), self._begun = self._begun, None
                if self._learner.begin(model, path):
                    self._saved("another voice profile is used now")
            return self._answer(request)
        except EmotiondError as error:
            return Refused(message=str(error), exit_code=error.exit_code)
        finally:
            self._asking.release()

    def _answer(self, request: Request) -> Answer:
        match request:
            case AskStatus():
                return self._state()
            case Correct():
                return self._correct(request)
            case Undo():
                return self._undo(request)
            case Teach():
                return self._teach(request)
            case AskExamples():
                return self._examples()
            case Forget():
                return self._forget(request)
            case AskReload():
                self._reload()
                return Reloading()

    def _state(self) -> State:
        model, profile = self._learner.model, self._learner.profile
        estimate = model.voices.head.estimate if isinstance(model, TaughtModel) else None
        judged = estimate or NOTHING_JUDGED
        return State(
            model=model.contract.short_hash,
            labels=model.contract.reported,
            source=self._source,
            listening=self._listening,
            uptime=round(self._clock() - self._started, 1),
            utterances=len(self._memory),
            profile=model.profile,
            examples=len(profile.examples),
            judged=judged.examples,
            right=judged.right,
            untaught=judged.untaught,
            chance=judged.chance,
            too_few=judged.too_few,
            obstacle=self._learner.obstacle,
        )

    def _correct(self, request: Correct) -> Changed:
        heard, label = self._memory.find(request.utterance), request.label
        labels = self._learner.model.contract.reported
        if label not in labels:
            hint = did_you_mean(label, labels) or f"; the labels are {', '.join(labels)}"
            raise InputError(f"unknown label {label}{hint}")
        was = self._corrections.label_of(heard.utterance)
        self._publish(heard, label, request.by)
        example = None
        obstacle, problem = self._learner.obstacle, None
        if obstacle is not None:
            problem = f"nothing was learnt: {obstacle}"
        else:
            example = self._example(heard, label)
            problem = self._add(example)
        self._corrections.add(Corrected(heard, label, example))
        return self._changed(heard, was, label, problem)

    def _undo(self, request: Undo) -> Changed:
        heard, was, example = self._corrections.last()
        of_it = self._corrections.of(heard.utterance)
        before = of_it[-2] if len(of_it) > 1 else None
        label = before.label if before is not None else None
        self._publish(heard, label, request.by)
        self._corrections.take_back()
        problem = None
        if before is not None and (earlier := before.example) is not None:
            # It has the same utterance, so the same id: it takes the place of the later one.
            problem = self._learn(lambda profile: profile.with_examples([earlier]))
        elif example is not None:
            gone = example.id
            problem = self._learn(lambda profile: profile.without([gone]))
        return self._changed(heard, was, label, problem)

    def _teach(self, request: Teach) -> Changed:
        heard = self._memory.find(request.utterance)
        label = checked_name(request.label, "label")
        speaker = None if request.speaker is None else checked_name(request.speaker, "speaker")
        self._refuse_obstacle()
        example = self._example(heard, label, "teach", speaker)
        was = self._corrections.label_of(heard.utterance)
        problem = self._add(example)
        return self._changed(heard, was, label, problem)

    def _examples(self) -> Examples:
        return Examples(
            examples=tuple(
                Listed(
                    id=each.id,
                    label=each.label,
                    speaker=each.speaker,
                    time=each.time,
                    origin=each.origin,
                )
                for each in self._learner.profile.examples
            )
        )

    def _forget(self, request: Forget) -> Forgotten:
        conditions = (request.examples, request.label, request.speaker)
        if request.all == any(each is not None for each in conditions):
            raise InputError("forget needs either conditions or all")
        self._refuse_obstacle()
        before = len(self._learner.profile.examples)
        problem = self._learn(lambda profile: profile.without(_wanted(profile, request)))
        now = len(self._learner.profile.examples)
        return Forgotten(forgotten=before - now, examples=now, problem=problem)

    def _example(
        self, heard: Heard, label: str, origin: Origin = "correction", speaker: str | None = None
    ) -> Example:
        recording = heard.utterance.id
        return example_of(
            heard.output,
            label,
            origin=origin,
            recording=recording,
            time=self._now(),
            speaker=speaker,
        )

    def _publish(self, heard: Heard, label: str | None, by: By) -> None:
        utterance = heard.utterance
        self.effects.put(
            Correction(model=utterance.model, utterance=utterance.id, label=label, by=by)
        )

    def _add(self, example: Example) -> str | None:
        return self._learn(lambda profile: profile.with_examples([example]))

    def _learn(self, change: Change) -> str | None:
        """Change the profile, and go on with the new head; return why it was not saved."""
        failure = None
        try:
            self._learner.learn(change)
        except ProfileError as error:
            failure = str(error)
        if self._begun is None:  # else a reload has another profile
            with suppress(EmotiondError):
                self.effects.put(self._learner.model)
        if failure is None:
            self._saved(SAVED)
            return None
        if not self._unsaved:
            self._unsaved = True
            message = f"{failure}; until it works again, examples are kept in memory only"
            self.tell("sink_failed", "profile", message)
            self._later(RETRY_SECONDS, self._save)
        return f"this is not saved: {failure}"

    def _save(self) -> None:
        """Try once more to save what could not be saved; again later if it fails."""
        with self._asking:
            if not self._unsaved:
                return
            try:
                self._learner.save()
            except ProfileError:
                self._later(RETRY_SECONDS, self._save)
            else:
                self._saved(SAVED)

    def _saved(self, message: str) -> None:
        """Say once that a profile which could not be saved is saved again, or no longer used."""
        if self._unsaved:
            self._unsaved = False
            self.tell("sink_back", "profile", message)

    def _changed(self, heard: Heard, was: str, label: str | None, problem: str | None) -> Changed:
        examples = len(self._learner.profile.examples)
        return Changed(
            utterance=heard.utterance, was=was, label=label, examples=examples, problem=problem
        )

    def _refuse_obstacle(self) -> None:
        if (obstacle := self._learner.obstacle) is not None:
            raise EmotiondError(obstacle)


def _wanted(profile: Profile, request: Forget) -> list[str]:
    """Return the ids of the examples that a request is about."""
    return [
        each.id
        for each in profile.examples
        if (request.examples is None or each.id in request.examples)
        and request.label in (None, each.label)
        and request.speaker in (None, each.speaker)
    ]
