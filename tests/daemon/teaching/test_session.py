"""The course of a guided teaching, whatever keys and events come in whatever order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from emotiond.record import Meter, Utterance
from emotiond.teaching.session import (
    ORDINARY,
    ORDINARY_SECONDS,
    QUIET_SECONDS,
    Action,
    Ask,
    Judge,
    Keep,
    Prompt,
    Quiet,
    Rest,
    Session,
    Step,
    begin,
    prompts_of,
)
from tests.daemon.terminal.screens import utterance

LABELS = ("calm", "cross", "merry")

keys = st.sampled_from(["keep", "again", "skip", "quit"])
speech = st.tuples(st.just("speech"), st.floats(0.3, 40.0), st.floats(0.0, 3.0))
silence = st.tuples(st.just("silence"), st.floats(0.1, 15.0))
restart = st.just(("restart",))
events = st.lists(st.one_of(keys, keys, speech, silence, restart), max_size=80)
plans = st.builds(
    prompts_of,
    st.permutations(LABELS),
    st.integers(1, 3),
    st.sampled_from([None, "calm"]),
)


@dataclass
class Person:
    """Somebody at the keys and the microphone, and a daemon that teaches."""

    prompts: tuple[Prompt, ...]
    learns: Callable[[Keep], int] = lambda keep: len(keep.take)
    actions: list[Action] = field(default_factory=list)
    now: float = 0.0
    said: int = 0

    def __post_init__(self) -> None:
        self.session: Session
        self.take(begin(self.prompts))

    def take(self, step: Step) -> None:
        self.session, actions = step
        for action in actions:
            self.actions.append(action)
            if isinstance(action, Keep):
                self.take(self.session.learnt(self.learns(action)))

    def does(self, event: object) -> None:
        match event:
            case str():
                self.take(self.session.pressed(event))
            case ("speech", seconds, pause):
                self.speaks(seconds, pause)
            case ("silence", seconds):
                self.passes(seconds)
            case ("restart",):
                self.now = 0.0
                self.take(self.session.restarted())

    def speaks(self, seconds: float = 2.0, pause: float = 0.5) -> Utterance:
        self.said += 1
        said = utterance("calm", self.now, end=self.now + seconds, id=f"{self.said}")
        self.passes(seconds + pause, speech=1.0)
        self.take(self.session.heard(said))
        return said

    def passes(self, seconds: float, speech: float = 0.0) -> None:
        self.now += seconds
        self.take(self.session.metered(Meter(seconds=self.now, level=-62.0, speech=speech)))

    def of(self, kind: type) -> list:
        return [each for each in self.actions if isinstance(each, kind)]


def asked_in_order(actions: Sequence[Action]) -> list[Prompt]:
    """Return the prompts that were shown, each once."""
    shown = [each.prompt for each in actions if isinstance(each, Ask)]
    return [each for i, each in enumerate(shown) if i == 0 or shown[i - 1] != each]


@given(plans, events, st.data())
def test_no_utterance_is_kept_twice_and_all_that_are_kept_are_counted(plan, events, data) -> None:
    kept = []

    def learns(keep: Keep) -> int:
        count = data.draw(st.integers(0, len(keep.take)))
        kept.append(count)
        return count

    person = Person(plan, learns)
    for event in events:
        person.does(event)
    ids = [each.id for keep in person.of(Keep) for each in keep.take]
    assert len(set(ids)) == len(ids)
    assert person.session.kept == sum(kept)


@given(plans, events)
def test_prompts_come_in_their_order_and_each_is_kept_or_skipped_once(plan, events) -> None:
    person = Person(plan)
    for event in events:
        person.does(event)
    asked = asked_in_order(person.actions)
    assert asked == list(plan[: len(asked)])
    kept = [each.prompt for each in person.of(Keep)]
    assert len(set(kept)) == len(kept)
    assert [each for each in plan if each in kept] == kept


@given(plans, events, st.lists(st.one_of(keys, speech, silence, restart), max_size=10))
def test_after_the_key_that_quits_nothing_happens_and_nothing_kept_is_lost(
    plan, events, later
) -> None:
    person = Person(plan)
    for event in events:
        person.does(event)
    kept = person.session.kept
    person.does("quit")
    assert person.session.stage == "over"
    before = list(person.actions)
    for event in later:
        person.does(event)
    assert person.actions == before
    assert person.session.kept == kept


@given(plans, st.sets(st.integers(0, 9)))
def test_each_round_covers_all_labels_but_those_that_are_skipped(plan, skipped) -> None:
    person = Person(plan)
    for number, prompt in enumerate(plan):
        if person.session.stage == "resting":
            person.does("keep")
        if number in skipped:
            person.does("skip")
            continue
        person.speaks(ORDINARY_SECONDS if prompt.round == ORDINARY else 2.0)
        person.does("keep")
    assert person.session.stage == "over"
    kept = [each.prompt for each in person.of(Keep)]
    assert kept == [each for number, each in enumerate(plan) if number not in skipped]
    assert [each.round for each in person.of(Rest)] == sorted({each.round for each in plan})
    assert [each.last for each in person.of(Rest)][-1:] == [True]


def test_speech_from_before_a_prompt_is_not_its_take() -> None:
    person = Person(prompts_of(LABELS, 1))
    early = utterance("calm", 0.0, end=3.0, id="early")
    person.speaks(1.0)
    person.does("keep")
    person.take(person.session.heard(early))
    assert person.session.stage == "listening"


def test_a_longer_utterance_that_follows_soon_is_the_take_and_later_talk_is_not() -> None:
    person = Person(prompts_of(LABELS, 1))
    person.speaks(1.0, pause=1.0)
    whole = person.speaks(2.0, pause=5.0)
    person.speaks(9.0)
    person.does("keep")
    [keep] = person.of(Keep)
    assert keep.take == (whole,)
    assert len(person.of(Judge)) == 2


def test_again_listens_again() -> None:
    person = Person(prompts_of(LABELS, 1))
    person.speaks(5.0)
    person.does("again")
    better = person.speaks(2.0)
    person.does("keep")
    [keep] = person.of(Keep)
    assert keep.take == (better,)


def test_the_ordinary_voice_is_all_that_is_said_until_there_is_enough() -> None:
    person = Person(prompts_of(LABELS, 1, "calm"))
    said = [person.speaks(ORDINARY_SECONDS / 3) for _ in range(3)]
    [judge] = person.of(Judge)
    assert judge.take == tuple(said)
    person.does("keep")
    [keep] = person.of(Keep)
    assert (keep.prompt.label, keep.take) == ("calm", tuple(said))
    assert person.of(Rest) == [Rest(ORDINARY, last=False)]


def test_a_take_that_could_not_be_taught_is_asked_for_again() -> None:
    person = Person(prompts_of(LABELS, 1), learns=lambda _: 0)
    person.speaks()
    person.does("keep")
    assert person.session.prompt.label == "calm"
    assert person.session.stage == "listening"
    assert person.of(Ask) == 2 * [Ask(person.prompts[0])]


def test_a_user_who_is_not_heard_is_told_so_once_in_a_while() -> None:
    person = Person(prompts_of(LABELS, 1))
    for _ in range(round(2.5 * QUIET_SECONDS / 0.5)):
        person.passes(0.5)
    assert person.of(Quiet) == 2 * [Quiet(-62.0)]
    person.speaks()
    person.passes(2 * QUIET_SECONDS)
    assert len(person.of(Quiet)) == 2
