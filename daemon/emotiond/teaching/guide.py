"""A guided teaching at work: from ears and keys through the session to the screen."""

from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Final

from emotiond.errors import EmotiondError, complaint
from emotiond.model.estimate import Estimate
from emotiond.record import ENDS, SOUND_LOST, Meter, Record, Status, Utterance, utc_now
from emotiond.service.requests import AskStatus, Changed, State, Teach
from emotiond.teaching import words
from emotiond.teaching.ears import Ears
from emotiond.teaching.screen import Screen
from emotiond.teaching.session import (
    ORDINARY,
    ORDINARY_SECONDS,
    Ask,
    Judge,
    Keep,
    Prompt,
    Quiet,
    Rest,
    Step,
    begin,
)
from emotiond.terminal.estimate import in_words
from emotiond.terminal.view import View
from emotiond.text import spoken

LOOK_SECONDS: Final = 0.1
"""Longest time between two looks at keys and records (s)."""
END_SECONDS: Final = 3.0
"""Longest time that the end waits for the microphone to be let go of (s)."""


class Guide:
    """Leads a user through a session.

    Parameters
    ----------
    ears : Ears
        Where it hears and teaches.
    screen : Screen
        Where it shows.
    course : Course
        Labels, rounds, language.
    prompts : tuple of Prompt
        All prompts, at least one.
    stop : threading.Event
        Ends the session when set.
    speaker : str, optional
        Name of the speaker.
    """

    def __init__(
        self,
        ears: Ears,
        screen: Screen,
        course: words.Course,
        prompts: tuple[Prompt, ...],
        stop: Event,
        speaker: str | None = None,
    ) -> None:
        self._ears = ears
        self._screen = screen
        self._course = course
        self._speaker = speaker
        self._stop = stop
        self._incoming: SimpleQueue[Meter | Record | Exception] = SimpleQueue()
        """What the ears yield; at last their failure."""
        self._view = View.of(ears.hello, utc_now())
        self._session, self._first = begin(prompts)
        self._unsaved: str | None = None
        """Why the last example could not be saved; None if it was."""
        self._unstored: str | None = None
        """Why a recording could not be stored."""

    def lead(self) -> bool:
        """Lead through all prompts, or until the user quits; return whether all was saved.

        What was kept before the end, or before an error, is taught.

        Raises
        ------
        EmotiondError
            If nothing can be taught here.
        Exception
            Whatever the ears raise.
        """
        state = self._state()
        if state.obstacle is not None:
            raise EmotiondError(state.obstacle)
        listener = Thread(target=self._listen, daemon=True, name="ears")
        listener.start()
        self._screen.open()
        self._screen.show(words.opening(self._course, self._ears.hello, state.examples))
        try:
            self._take((self._session, self._first))
            self._go_on()
        finally:
            self._stop.set()
            self._screen.show(words.closing(self._course, self._session.kept))
            self._screen.close()
            listener.join(END_SECONDS)
        return self._unsaved is None and self._unstored is None

    def _listen(self) -> None:
        """Put all that the ears yield into the queue, in a thread."""
        try:
            for message in self._ears.messages():
                self._incoming.put(message)
        except Exception as error:
            self._incoming.put(error)
        else:
            if not self._stop.is_set():
                self._incoming.put(EmotiondError("the sound has ended"))

    def _go_on(self) -> None:
        """Act on records and keys until the end; raises the exception that the ears end with."""
        while self._session.stage != "over" and not self._stop.is_set():
            self._screen.wait(LOOK_SECONDS)
            for message in self._new():
                if isinstance(message, Exception):
                    raise message
                self._hear(message)
            for key in self._screen.pressed():
                self._take(self._session.pressed(key))
            self._screen.draw(self._view, self._note())

    def _new(self) -> Iterator[Meter | Record | Exception]:
        while True:
            try:
                yield self._incoming.get_nowait()
            except Empty:
                return

    def _hear(self, message: Meter | Record) -> None:
        now = utc_now()
        if isinstance(message, Meter):
            self._view = self._view.metered(message, now)
            self._take(self._session.metered(message))
            return
        self._view = self._view.after(message, now)
        if isinstance(message, Utterance):
            self._take(self._session.heard(message))
        elif isinstance(message, Status):
            self._notice(message)

    def _notice(self, status: Status) -> None:
        """Show troubles that end a prompt, and their ends; other news are for the console."""
        lost = status.event in SOUND_LOST
        if lost or ENDS.get(status.event) in SOUND_LOST:
            text = f"{spoken(status.event)}: {status.message}"
            self._screen.show((words.Paragraph(text, "alarm"),))
        if status.event == "service_back":
            self._take(self._session.restarted())

    def _take(self, step: Step) -> None:
        """Go on with a session, and carry out its actions."""
        self._session, actions = step
        for action in actions:
            match action:
                case Ask(prompt):
                    self._screen.show(words.asking(self._course, prompt))
                case Judge(prompt, take):
                    self._screen.show(words.judged(prompt, take))
                case Keep(prompt, take):
                    self._take(self._session.learnt(self._keep(prompt, take)))
                case Rest():
                    self._screen.show(words.resting(self._course, action, self._estimate()))
                case Quiet():
                    if self._view.sound_lost is None:
                        self._screen.show(words.hearing_nothing(action))

    def _keep(self, prompt: Prompt, take: tuple[Utterance, ...]) -> int:
        """Teach utterances; return how many were taught, and say what went wrong."""
        answers: list[Changed] = []
        files: list[Path] = []
        problem = None
        for each in take:
            request = Teach(label=prompt.label, utterance=each.id, speaker=self._speaker)
            try:
                answer = self._ears.ask(request)
            except EmotiondError as error:
                problem = str(error)
                continue
            if isinstance(answer, Changed):
                answers.append(answer)
                self._unsaved = problem = answer.problem
            try:
                if (path := self._ears.keep(each, prompt.label)) is not None:
                    files.append(path)
            except OSError as error:
                self._unstored = problem = f"the recording is not stored: {complaint(error)}"
        if answers:
            self._screen.show(words.kept(prompt, answers[-1], files))
        if problem is not None:
            self._screen.show((words.Paragraph(problem, "alarm"),))
        return len(answers)

    def _estimate(self) -> str:
        try:
            return in_words(_estimate_of(self._state()))
        except EmotiondError as error:  # the daemon is away: the session waits for it
            return str(error)

    def _state(self) -> State:
        answer = self._ears.ask(AskStatus())
        if not isinstance(answer, State):
            raise EmotiondError("the daemon gave an answer of another kind; upgrade both programs")
        return answer

    def _note(self) -> str:
        """Return what stands behind the level."""
        session = self._session
        if session.stage == "listening" and session.prompt.round == ORDINARY:
            return f"  {session.spoken:.0f} of {ORDINARY_SECONDS:.0f} s"
        return ""


def _estimate_of(state: State) -> Estimate:
    return Estimate(state.judged, state.right, state.untaught, state.chance, state.too_few)
