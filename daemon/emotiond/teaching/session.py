"""The course of a guided teaching: keys and events in, actions out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from emotiond.record import Meter, Utterance

ORDINARY: Final = 0
"""Round of the ordinary voice, before the rounds over the labels."""
ORDINARY_SECONDS: Final = 30.0
"""Speech that is wanted of the ordinary voice (s)."""
QUIET_SECONDS: Final = 10.0
"""Time without speech after which the user is told that nothing is heard (s)."""
SPEAKS: Final = 0.5
"""Probability of speech from which somebody is taken to speak, 0 to 1."""
LOOK_BACK: Final = 0.5
"""Longest time before a prompt at which an utterance may begin that belongs to it (s): a hop."""

PAUSE_SECONDS: Final = 1.5
"""Longest pause in a sentence (s)."""

Key = Literal["keep", "again", "skip", "quit"]
"""Meaning of a key."""
Stage = Literal["listening", "deciding", "keeping", "resting", "over"]
"""What is waited for: speech, a key, the answer of the daemon, the next round, nothing more."""


class Prompt(NamedTuple):
    """A thing to say."""

    round: int
    """Number of the round, from 1; :data:`ORDINARY` for the ordinary voice."""
    place: int
    """Place in its round, from 1."""
    label: str


class Ask(NamedTuple):
    """Show a prompt."""

    prompt: Prompt


class Judge(NamedTuple):
    """Show what was heard, and ask whether to keep it."""

    prompt: Prompt
    take: tuple[Utterance, ...]


class Keep(NamedTuple):
    """Teach utterances; tell :meth:`Session.learnt` how it went."""

    prompt: Prompt
    take: tuple[Utterance, ...]


class Rest(NamedTuple):
    """A round is over: show the estimate."""

    round: int
    last: bool
    """Whether no round is left."""


class Quiet(NamedTuple):
    """Say that nothing is heard."""

    level: float
    """Level of the last hop (dBFS)."""


Action = Ask | Judge | Keep | Rest | Quiet
Step = tuple["Session", tuple[Action, ...]]
"""The session after an event, and the actions to carry out."""


def prompts_of(
    labels: Sequence[str], rounds: int, ordinary: str | None = None
) -> tuple[Prompt, ...]:
    """Return all prompts of a session.

    Parameters
    ----------
    labels : sequence of str
        Labels of each round, in their order.
    rounds : int
        Number of rounds.
    ordinary : str or None
        Label that the ordinary voice may be taken as; None: leave it out.
    """
    first = () if ordinary is None else (Prompt(ORDINARY, 1, ordinary),)
    return first + tuple(
        Prompt(number, place, label)
        for number in range(1, rounds + 1)
        for place, label in enumerate(labels, 1)
    )


def begin(prompts: tuple[Prompt, ...]) -> Step:
    """Return a session before the first of its prompts, of which there is at least one."""
    return Session(prompts), (Ask(prompts[0]),)


@dataclass(frozen=True)
class Session:
    """A guided teaching under way. Each method returns the session after an event."""

    prompts: tuple[Prompt, ...]
    at: int = 0
    """Number of the present prompt, or of the next one while the session rests."""
    stage: Stage = "listening"
    take: tuple[Utterance, ...] = ()
    """Utterances of the present prompt."""
    now: float = 0.0
    """Stream time (s)."""
    since: float = 0.0
    """Stream time from which speech belongs to the present prompt (s)."""
    heard_at: float = 0.0
    """Stream time at which somebody spoke, or the user was told that nobody does (s)."""
    kept: int = 0
    """Number of utterances that were taught."""

    @property
    def prompt(self) -> Prompt:
        """The present prompt."""
        return self.prompts[self.at]

    @property
    def spoken(self) -> float:
        """Speech of the present prompt (s)."""
        return sum(each.end - each.start for each in self.take)

    def pressed(self, key: Key) -> Step:
        """Take a key; one that has no meaning now changes nothing."""
        match self.stage, key:
            case "over", _:
                return self, ()
            case _, "quit":
                return replace(self, stage="over"), ()
            case "listening" | "deciding", "skip":
                return self._next()
            case "listening" | "deciding", "again":
                return self._ask()
            case "listening", "keep" if self.take:  # enough of the ordinary voice
                return self._judge(self.take)
            case "deciding", "keep":
                return replace(self, stage="keeping"), (Keep(self.prompt, self.take),)
            case "resting", "keep":
                return self._ask()
        return self, ()

    def heard(self, utterance: Utterance) -> Step:
        """Take an utterance, if it began after the present prompt was shown.

        The first one is the take of a label, or a longer one that follows soon: a sentence may have
        a pause in it. All together are the ordinary voice.
        """
        late = utterance.start >= self.since - LOOK_BACK
        if self.stage not in ("listening", "deciding") or not late:
            return self, ()
        if self.prompt.round == ORDINARY:
            if self.stage == "deciding":
                return self, ()
            session = replace(self, take=(*self.take, utterance))
            return (
                session._judge(session.take)
                if session.spoken >= ORDINARY_SECONDS
                else (session, ())
            )
        longer = utterance.end - utterance.start > self.spoken
        soon = not self.take or utterance.start - self.take[-1].end < PAUSE_SECONDS
        return self._judge((utterance,)) if longer and soon else (self, ())

    def metered(self, reading: Meter) -> Step:
        """Take a reading of the meter, which tells the time."""
        session = replace(self, now=reading.seconds)
        if self.stage != "listening" or reading.speech >= SPEAKS:
            return replace(session, heard_at=reading.seconds), ()
        if reading.seconds - self.heard_at < QUIET_SECONDS:
            return session, ()
        return replace(session, heard_at=reading.seconds), (Quiet(reading.level),)

    def learnt(self, count: int) -> Step:
        """Take the number of utterances that were taught; ask again if there is none."""
        if self.stage != "keeping":
            return replace(self, kept=self.kept + count), ()
        session = replace(self, kept=self.kept + count)
        return session._next() if count else session._ask()

    def restarted(self) -> Step:
        """Begin the present prompt again: its stream has ended, and a new one begins at 0 s."""
        session = replace(self, now=0.0, since=0.0, heard_at=0.0)
        return session._ask() if self.stage in ("listening", "deciding") else (session, ())

    def _judge(self, take: tuple[Utterance, ...]) -> Step:
        return replace(self, stage="deciding", take=take), (Judge(self.prompt, take),)

    def _ask(self) -> Step:
        session = replace(self, stage="listening", take=(), since=self.now, heard_at=self.now)
        return session, (Ask(self.prompt),)

    def _next(self) -> Step:
        """Go on to the next prompt; rest before another round, and end behind the last."""
        at, over = self.at + 1, self.at + 1 == len(self.prompts)
        if over:
            return replace(self, stage="over", take=()), (Rest(self.prompt.round, last=True),)
        session = replace(self, at=at)
        if self.prompts[at].round == self.prompt.round:
            return session._ask()
        return replace(session, stage="resting", take=()), (Rest(self.prompt.round, last=False),)
